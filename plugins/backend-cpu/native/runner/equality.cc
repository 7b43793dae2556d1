// Bit equality: between 1, 2 and 3 threads everywhere, and between instruction sets that sum alike.

#include <cstring>
#include <map>

#include "pool/probes.h"
#include "runner/cases.h"
#include "runner/checks.h"
#include "runner/samples.h"
#include "shapes.h"

namespace attune::runner {

namespace {

/** The same in bf16: a norm, products that read it, attention; with odd sizes, gradients of either type, and one text of several key blocks. */
void half_results(Machine& machine, std::vector<Buffer>& results) {
  constexpr int64_t t = 1101, k = 70, columns = 85;
  const auto make = [&](const char* type, int64_t count) -> Buffer& { return results.emplace_back(make_buffer(type, {count})); };
  const Buffer x = half_noise(t * k, 41), residual = noise(t * k, 42), gamma = noise(k, 43), beta = noise(k, 44), w = noise(columns * k, 45), bias = noise(columns, 46);
  Buffer &y = make("f32", t * k), &normal = make("bf16", t * k), &rstd = make("f32", t), &d_sum = make("f32", t * k), &d_x = make("bf16", t * k), &d_gamma = make("f32", k), &d_beta = make("f32", k);
  const Buffer work = make_buffer("f32", {norm_blocks(t) * 2 * k});
  const std::vector<double> mask{0.2, 7, 1, 2, 3};
  machine.run("addLayerNorm", join({{at(x), at(residual), at(gamma), at(beta), at(y), at(normal), at(rstd), n(t), n(k), kBf16, kBf16, 1e-5}, mask}));
  machine.run("addLayerNormGrad", join({{at(normal), at(gamma), at(rstd), at(y), at(d_x), at(d_sum), at(d_gamma), at(d_beta), at(work), n(t), n(k), kBf16, kBf16}, mask}));
  const Buffer forward = make_buffer("u8", {packed_bytes(machine.set(), columns, k, DType::bf16)}), backward = make_buffer("u8", {packed_bytes(machine.set(), k, columns, DType::bf16)});
  machine.run("pack", {at(w), at(forward), n(columns), n(k), 0, kBf16});
  machine.run("pack", {at(w), at(backward), n(columns), n(k), 1, kBf16});
  Buffer &h = make("bf16", t * columns), &pre = make("bf16", t * columns), &dx = make("f32", t * k), &dx_half = make("bf16", t * k), &dw = make("f32", columns * k), &db = make("f32", columns);
  machine.run("linear", {at(normal), at(gamma), at(beta), at(h), at(pre), 0, n(t), n(k), n(columns), kBf16, kBf16, 0, 1, 1, at(forward), at(bias), n(columns)});
  machine.run("linearInputGrad", {at(h), at(dx), 0, at(y), n(t), n(k), n(columns), kBf16, kBf16, kF32, 0, 1, at(backward), n(columns)});
  machine.run("linearInputGrad", {at(pre), at(dx_half), at(x), at(d_x), n(t), n(k), n(columns), kBf16, kBf16, kBf16, 1, 1, at(backward), n(columns)});
  machine.run("linearWeightGrad", {at(h), at(normal), at(gamma), at(beta), 0, n(t), n(k), n(columns), kBf16, kBf16, 0, 1, at(dw), at(db), 0, n(columns), 0, 0});
  constexpr int64_t heads = 3, d = 9, tokens = 700, texts = 4;
  const Buffer qkv = half_noise(tokens * 3 * heads * d, 47), d_context = half_noise(tokens * heads * d, 48);
  const int32_t offsets[texts + 1] = {0, 41, 41, 641, tokens};
  Buffer &context = make("bf16", tokens * heads * d), &lse = make("f32", tokens * heads), &dqkv = make("bf16", tokens * 3 * heads * d);
  const std::vector<double> sizes{kBf16, n(tokens), n(texts), n(heads), n(heads), n(d), -1, 100, 600, 0.3, 0.2, 7, 1, 2, 3};
  machine.run("attention", join({{at(qkv), double(uintptr_t(offsets)), 0, at(context), at(lse)}, sizes}));
  machine.run("attentionGrad", join({{at(qkv), double(uintptr_t(offsets)), 0, at(context), at(lse), at(d_context), at(dqkv), 0}, sizes}));
}

/** A fixed set of problems, large enough for several threads: every result, one after another. */
std::vector<Buffer> sample_results(const InstructionSet& set, int threads) {
  Machine machine(set, threads);
  std::vector<Buffer> results;
  const auto make = [&](int64_t count) -> Buffer& { return results.emplace_back(make_buffer("f32", {count})); };
  results.reserve(64);
  constexpr int64_t t = 2100, k = 70, columns = 85;
  const Buffer x = noise(t * k, 1), w = noise(columns * k, 2), bias = noise(columns, 3), dy = noise(t * columns, 4);
  const auto packed_size = [&](int64_t c, int64_t depth) { return (c + set.panel - 1) / set.panel * set.panel * depth; };
  const Buffer forward = make_buffer("f32", {packed_size(columns, k)}), backward = make_buffer("f32", {packed_size(k, columns)});
  machine.run("pack", {at(w), at(forward), n(columns), n(k), 0, 0});
  machine.run("pack", {at(w), at(backward), n(columns), n(k), 1, 0});
  Buffer &y = make(t * columns), &pre = make(t * columns), &dx = make(t * k), &dw = make(columns * k), &db = make(columns);
  machine.run("linear", {at(x), 0, 0, at(y), at(pre), 0, n(t), n(k), n(columns), 0, 0, 0, 1, 1, at(forward), at(bias), n(columns)});
  machine.run("linearInputGrad", {at(dy), at(dx), at(x), at(x), n(t), n(k), n(columns), 0, 0, 0, 1, 1, at(backward), n(columns)});
  const Buffer work = make_buffer("f32", {gradient_slices(t, columns, k) * columns * (k + 1)});
  machine.run("linearWeightGrad", {at(dy), at(x), 0, 0, at(work), n(t), n(k), n(columns), 0, 0, 1, 1, at(dw), at(db), 0, n(columns), 0, 0});
  Buffer& product = make(300 * 290);
  machine.run("matmul", {at(x), at(dy), at(product), 1, 300, 290, 400, 0, 0, 1, 1, 0.5});
  Buffer &norm = make(t * k), &normal = make(t * k), &rstd = make(t), &d_norm = make(t * k), &d_weight = make(k), &d_bias = make(k);
  const Buffer norm_work = make_buffer("f32", {norm_blocks(t) * 2 * k});
  machine.run("layerNorm", {at(x), at(w), at(bias), at(norm), at(normal), at(rstd), n(t), n(k), 0, 0, 1e-5});
  machine.run("layerNormGrad", {at(normal), at(w), at(rstd), at(dx), at(d_norm), at(d_weight), at(d_bias), at(norm_work), n(t), n(k), 0, 0});
  Buffer &soft = make(t * columns), &logs = make(t);
  machine.run("softmax", {at(dy), at(soft), n(t), n(columns)});
  machine.run("logsumexp", {at(dy), at(logs), n(t), n(columns)});
  constexpr int64_t heads = 3, d = 9, tokens = 700, texts = 4;
  const Buffer qkv = noise(tokens * 3 * heads * d, 5), d_context = noise(tokens * heads * d, 6);
  const int32_t offsets[texts + 1] = {0, 40, 40, 640, tokens};
  Buffer &context = make(tokens * heads * d), &lse = make(tokens * heads), &dqkv = make(tokens * 3 * heads * d);
  const std::vector<double> sizes{0, n(tokens), n(texts), n(heads), n(heads), n(d), -1, 100, 600, 0.3, 0.2, 7, 1, 2, 3};
  machine.run("attention", join({{at(qkv), double(uintptr_t(offsets)), 0, at(context), at(lse)}, sizes}));
  machine.run("attentionGrad", join({{at(qkv), double(uintptr_t(offsets)), 0, at(context), at(lse), at(d_context), at(dqkv), 0}, sizes}));
  Buffer& squares = make(1);
  machine.run("sumOfSquares", {at(squares), 2, at(x), n(t * k), at(dy), n(t * columns)});
  half_results(machine, results);
  return results;
}

bool same_bits(const Buffer& a, const Buffer& b) { return std::memcmp(a.data.get(), b.data.get(), size_t(a.size()) * (a.dtype == "bf16" ? 2 : 4)) == 0; }

/** Sets of one kind give the same bits: the baseline rounds twice where others fuse; AMX and NEON with BF16 sum bf16 in ways of their own. */
std::string kind_of(const InstructionSet& set) {
  if (std::string(set.name) == "baseline") return set.name;
  return set.halfDepthUnit == 32 ? "amx" : set.halfDepthUnit == 4 ? "neonbf16" : "fused";
}

}  // namespace

std::vector<std::string> check_equality(const std::vector<const InstructionSet*>& sets) {
  std::vector<std::string> wrong;
  std::map<std::string, std::pair<std::string, std::vector<Buffer>>> first;
  for (const InstructionSet* set : sets) {
    std::vector<Buffer> one = sample_results(*set, 1);
    for (const int threads : {2, 3}) {
      const std::vector<Buffer> more = sample_results(*set, threads);
      for (size_t i = 0; i < one.size(); ++i)
        if (!same_bits(one[i], more[i])) wrong.push_back(text(set->name, ": result ", i, " differs between 1 and ", threads, " threads"));
    }
    const auto [known, added] = first.try_emplace(kind_of(*set));
    if (added) {
      known->second = {set->name, std::move(one)};
      continue;
    }
    for (size_t i = 0; i < one.size(); ++i)
      if (!same_bits(one[i], known->second.second[i])) wrong.push_back(text("result ", i, " differs between ", known->second.first, " and ", set->name));
  }
  return wrong;
}

}  // namespace attune::runner
