#include "runner/checks.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <sstream>
#include <thread>

#include "queue/commands.h"
#include "queue/queue.h"
#include "runner/cases.h"
#include "shapes.h"

namespace attune::runner {

namespace {

using Lines = std::vector<std::string>;

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.precision(9);
  (out << ... << parts);
  return out.str();
}

/** Error in units of the last place of a float at the reference; exact agreement of NaN and infinities is 0. */
double ulps(float got, double reference) {
  if (std::isnan(reference)) return std::isnan(got) ? 0 : 1e9;
  const auto rounded = float(reference);
  if (std::isinf(rounded) || std::isinf(got)) return got == rounded ? 0 : std::abs(reference) > 3.4e38 && std::abs(got) > 3.4e38f ? 1 : 1e9;
  int exponent;
  std::frexp(reference, &exponent);
  return std::abs(double(got) - reference) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

struct Function {
  const char* name;
  double (*reference)(double);
  double bound;     // ulp
  double absolute;  // errors below this count as none: what a cancelling formula may lose
};

double gelu_reference(double x) { return x == -std::numeric_limits<double>::infinity() ? std::nan("") : 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }

const Function kFunctions[] = {
    {"exp", [](double x) { return std::exp(x); }, 2, 0},
    {"log", [](double x) { return std::log(x); }, 2, 0},
    {"tanh", [](double x) { return std::tanh(x); }, 2, 0},
    {"erf", [](double x) { return std::erf(x); }, 2, 0},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, 4, 1e-38},
    {"gelu", gelu_reference, 4, 2e-7},
    {"silu", [](double x) { return x / (1 + std::exp(-x)); }, 4, 1e-36},
    {"softplus", [](double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, 4, 0},
};

float bits_to_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

/** Reproducible values in [-1, 1). */
Buffer noise(int64_t count, uint32_t seed) {
  Buffer buffer = make_buffer("f32", {count});
  auto* x = reinterpret_cast<float*>(buffer.data.get());
  uint32_t state = seed * 2654435761u + 12345;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    x[i] = float(int32_t(state >> 8)) / 8388608.0f - 1.0f;
  }
  return buffer;
}

float* floats(const Buffer& buffer) { return reinterpret_cast<float*>(buffer.data.get()); }
double at(const Buffer& buffer) { return double(uintptr_t(buffer.data.get())); }
double n(int64_t value) { return double(value); }

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
  machine.run("pack", {at(w), at(forward), n(columns), n(k), 0});
  machine.run("pack", {at(w), at(backward), n(columns), n(k), 1});
  Buffer &y = make(t * columns), &pre = make(t * columns), &dx = make(t * k), &dw = make(columns * k), &db = make(columns);
  machine.run("linear", {at(x), at(y), at(pre), 0, n(t), n(k), n(columns), 0, 1, 1, at(forward), at(bias), n(columns)});
  machine.run("linearInputGrad", {at(dy), at(dx), at(x), at(x), n(t), n(k), n(columns), 1, 1, at(backward), n(columns)});
  const Buffer work = make_buffer("f32", {gradient_slices(t, columns, k) * columns * (k + 1)});
  machine.run("linearWeightGrad", {at(dy), at(x), at(work), n(t), n(k), n(columns), 1, 1, at(dw), at(db), 0, n(columns), 0, 0});
  Buffer& product = make(300 * 290);
  machine.run("matmul", {at(x), at(dy), at(product), 1, 300, 290, 400, 0, 0, 1, 1, 0.5});
  Buffer &norm = make(t * k), &stats = make(t * 2), &d_norm = make(t * k), &d_weight = make(k), &d_bias = make(k);
  const Buffer norm_work = make_buffer("f32", {norm_blocks(t) * 2 * k});
  machine.run("layerNorm", {at(x), at(w), at(bias), at(norm), at(stats), n(t), n(k), 1e-5});
  machine.run("layerNormGrad", {at(x), at(w), at(stats), at(dx), at(d_norm), at(d_weight), at(d_bias), at(norm_work), n(t), n(k)});
  Buffer &soft = make(t * columns), &logs = make(t);
  machine.run("softmax", {at(dy), at(soft), n(t), n(columns)});
  machine.run("logsumexp", {at(dy), at(logs), n(t), n(columns)});
  constexpr int64_t heads = 3, d = 9, tokens = 700, texts = 4;
  const Buffer qkv = noise(tokens * 3 * heads * d, 5), d_context = noise(tokens * heads * d, 6);
  const int32_t offsets[texts + 1] = {0, 40, 40, 640, tokens};
  Buffer &context = make(tokens * heads * d), &lse = make(tokens * heads), &dqkv = make(tokens * 3 * heads * d);
  const std::vector<double> sizes{n(texts), n(heads), n(heads), n(d), -1, 100, 600, 0.3, 0.2, 7, 1, 2, 3};
  machine.run("attention", join({{at(qkv), double(uintptr_t(offsets)), 0, at(context), at(lse)}, sizes}));
  machine.run("attentionGrad", join({{at(qkv), double(uintptr_t(offsets)), 0, at(context), at(lse), at(d_context), at(dqkv), 0}, sizes}));
  Buffer& squares = make(1);
  machine.run("sumOfSquares", {at(squares), 2, at(x), n(t * k), at(dy), n(t * columns)});
  return results;
}

bool same_bits(const Buffer& a, const Buffer& b) { return std::memcmp(a.data.get(), b.data.get(), size_t(a.size()) * 4) == 0; }

}  // namespace

Lines check_math(const InstructionSet& set, int64_t stride) {
  Lines wrong;
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += uint64_t(stride)) x.push_back(bits_to_float(uint32_t(bits)));
  for (const float special : {0.0f, -0.0f, std::numeric_limits<float>::infinity(), -std::numeric_limits<float>::infinity(), std::nanf(""), 88.7228f, 88.7229f, 88.72284f, -87.3366f, -103.97f, -103.98f, 3.0e38f, 1e-45f, 1e-39f, 0.625f, 0.9375f, 4.0f})
    x.push_back(special);
  std::vector<float> y(x.size());
  for (const Function& f : kFunctions) {
    for (int i = 0; i < set.mathCount; ++i)
      if (std::string(set.math[i].name) == f.name) set.math[i].run(x.data(), y.data(), int64_t(x.size()));
    double worst = 0;
    size_t place = 0;
    for (size_t i = 0; i < x.size(); ++i) {
      const double reference = f.reference(double(x[i]));
      double error = ulps(y[i], reference);
      if (std::abs(double(y[i]) - reference) <= f.absolute) error = 0;
      if (error > worst) worst = error, place = i;
    }
    if (worst > f.bound) wrong.push_back(text(f.name, "(", x[place], ") = ", y[place], ", expected ", f.reference(double(x[place])), ": ", worst, " ulp, at most ", f.bound));
  }
  return wrong;
}

Lines check_equality(const std::vector<const InstructionSet*>& sets) {
  Lines wrong;
  const InstructionSet* first_fused = nullptr;
  std::vector<Buffer> expected;
  for (const InstructionSet* set : sets) {
    const std::vector<Buffer> one = sample_results(*set, 1);
    for (const int threads : {2, 3}) {
      const std::vector<Buffer> more = sample_results(*set, threads);
      for (size_t i = 0; i < one.size(); ++i)
        if (!same_bits(one[i], more[i])) wrong.push_back(text(set->name, ": result ", i, " differs between 1 and ", threads, " threads"));
    }
    if (std::string(set->name) == "baseline") continue;  // rounds twice where the others fuse
    if (!first_fused) {
      first_fused = set;
      expected = sample_results(*set, 1);
      continue;
    }
    for (size_t i = 0; i < one.size(); ++i)
      if (!same_bits(one[i], expected[i])) wrong.push_back(text("result ", i, " differs between ", first_fused->name, " and ", set->name));
  }
  return wrong;
}

Lines check_products(const InstructionSet& set) {
  Lines wrong;
  Machine machine(set, 2);
  const bool fused = std::string(set.name) != "baseline";
  for (const int64_t t : {1, 5, 13, 57, 130})
    for (const int64_t k : {1, 33, 300, 1024})
      for (const int64_t columns : {1, 17, 40}) {
        const Buffer x = noise(t * k, uint32_t(t)), w = noise(columns * k, uint32_t(k)), y = make_buffer("f32", {t * columns}), z = make_buffer("f32", {t * columns}), alone = make_buffer("f32", {columns});
        const Buffer packed = make_buffer("f32", {(columns + set.panel - 1) / set.panel * set.panel * k});
        machine.run("pack", {at(w), at(packed), n(columns), n(k), 0});
        machine.run("linear", {at(x), at(y), 0, 0, n(t), n(k), n(columns), 0, 0, 1, at(packed), 0, n(columns)});
        machine.run("linear", {at(x) + 4.0 * n((t - 1) * k), at(alone), 0, 0, 1, n(k), n(columns), 0, 0, 1, at(packed), 0, n(columns)});
        machine.run("matmul", {at(x), at(w), at(z), 1, n(t), n(columns), n(k), 0, 0, 0, 1, 1});
        if (!same_bits(y, z)) wrong.push_back(text("linear and matmul differ at [", t, " ", k, "] x [", k, " ", columns, "]"));
        if (std::memcmp(floats(y) + (t - 1) * columns, floats(alone), size_t(columns) * 4) != 0) wrong.push_back(text("a row alone differs from the row in a batch at [", t, " ", k, " ", columns, "]"));
        for (int64_t i = 0; i < t * columns && fused; ++i) {
          float sum = 0;
          for (int64_t j = 0; j < k; ++j) sum = std::fma(floats(x)[i / columns * k + j], floats(w)[i % columns * k + j], sum);
          if (std::memcmp(&sum, floats(y) + i, 4) == 0) continue;
          wrong.push_back(text("[", t, " ", k, "] x [", k, " ", columns, "] element ", i, ": expected ", sum, ", got ", floats(y)[i]));
          break;
        }
      }
  return wrong;
}

namespace {

struct LongText {
  int64_t length, heads, kv_heads, d, left, right;
};

/** y and dqkv of one text in double, by the formula. */
void reference_attention(const LongText& p, const float* qkv, const float* dy, double scale, std::vector<double>& y, std::vector<double>& dqkv) {
  const int64_t width = (p.heads + 2 * p.kv_heads) * p.d;
  y.assign(size_t(p.length * p.heads * p.d), 0), dqkv.assign(size_t(p.length * width), 0);
  std::vector<double> probability(size_t(p.length)), gradient(size_t(p.length));
  for (int64_t h = 0; h < p.heads; ++h)
    for (int64_t i = 0; i < p.length; ++i) {
      const int64_t kv = h * p.kv_heads / p.heads, key = (p.heads + kv) * p.d, value = key + p.kv_heads * p.d, out = (i * p.heads + h) * p.d;
      const int64_t first = p.left < 0 ? 0 : std::max<int64_t>(0, i - p.left), last = p.right < 0 ? p.length : std::min(p.length, i + p.right + 1);
      double sum = 0, mean = 0;
      for (int64_t j = first; j < last; ++j) {
        double score = 0;
        for (int64_t c = 0; c < p.d; ++c) score += double(qkv[i * width + h * p.d + c]) * double(qkv[j * width + key + c]);
        sum += probability[size_t(j)] = std::exp(score * scale);
      }
      for (int64_t j = first; j < last; ++j) {
        probability[size_t(j)] /= sum;
        double dp = 0;
        for (int64_t c = 0; c < p.d; ++c) {
          y[size_t(out + c)] += probability[size_t(j)] * double(qkv[j * width + value + c]);
          dp += double(dy[out + c]) * double(qkv[j * width + value + c]);
          dqkv[size_t(j * width + value + c)] += probability[size_t(j)] * double(dy[out + c]);
        }
        gradient[size_t(j)] = dp, mean += probability[size_t(j)] * dp;
      }
      for (int64_t j = first; j < last; ++j)
        for (int64_t c = 0; c < p.d; ++c) {
          const double ds = probability[size_t(j)] * (gradient[size_t(j)] - mean) * scale;
          dqkv[size_t(i * width + h * p.d + c)] += ds * double(qkv[j * width + key + c]);
          dqkv[size_t(j * width + key + c)] += ds * double(qkv[i * width + h * p.d + c]);
        }
    }
}

double largest_difference(const std::vector<double>& wanted, const float* got) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double difference = std::abs(wanted[i] - double(got[i]));
    worst = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(worst, difference);
    largest = std::max(largest, std::abs(wanted[i]));
  }
  return worst / largest;
}

}  // namespace

Lines check_attention(const InstructionSet& set) {
  Lines wrong;
  Machine machine(set, 2);
  // More than one block of keys, windows across blocks, grouped heads, wide heads (smaller blocks), packs that do not stay in scratch memory.
  for (const LongText& p : {LongText{700, 2, 1, 8, -1, -1}, LongText{1100, 1, 1, 16, -1, 0}, LongText{600, 2, 2, 5, 40, 3}, LongText{300, 1, 1, 136, -1, -1}, LongText{1500, 1, 1, 260, 8, 8}}) {
    const int64_t width = (p.heads + 2 * p.kv_heads) * p.d;
    const Buffer qkv = noise(p.length * width, 11), dy = noise(p.length * p.heads * p.d, 12);
    const Buffer y = make_buffer("f32", {p.length * p.heads * p.d}), lse = make_buffer("f32", {p.length * p.heads}), dqkv = make_buffer("f32", {p.length * width});
    const int32_t offsets[2] = {0, int32_t(p.length)};
    const double scale = 0.5;
    const std::vector<double> sizes{1, n(p.heads), n(p.kv_heads), n(p.d), n(p.left), n(p.right), n(p.length), scale, 0, 0, 0, 0, 0};
    machine.run("attention", join({{at(qkv), double(uintptr_t(offsets)), 0, at(y), at(lse)}, sizes}));
    machine.run("attentionGrad", join({{at(qkv), double(uintptr_t(offsets)), 0, at(y), at(lse), at(dy), at(dqkv), 0}, sizes}));
    std::vector<double> wanted_y, wanted_dqkv;
    reference_attention(p, floats(qkv), floats(dy), scale, wanted_y, wanted_dqkv);
    const double forward = largest_difference(wanted_y, floats(y)), backward = largest_difference(wanted_dqkv, floats(dqkv));
    if (!(forward < 5e-6 && backward < 2e-5)) wrong.push_back(text("length ", p.length, " head ", p.d, ": forward off by ", forward, ", backward by ", backward));
  }
  return wrong;
}

Lines check_queue(const InstructionSet& set) {
  Lines wrong;
  struct Seen {
    std::atomic<uint64_t> last{0};
    std::atomic<int> failures{0};
    std::atomic<bool> ordered{true};
  } seen;
  const auto listen = [](void* context, Completion done) {
    auto* seen = static_cast<Seen*>(context);
    if (done.fence != seen->last + 1) seen->ordered = false;
    if (done.failure.code != FailureCode::none) ++seen->failures;
    std::free(done.bytes);
    seen->last = done.fence;
  };
  const auto wait_for = [&](uint64_t fence) {
    while (seen.last < fence) std::this_thread::yield();
  };
  Queue queue(set, std::make_shared<Pool>(3), listen, &seen);
  const Buffer x = make_buffer("f32", {100000});
  const auto command = [&](const char* name, std::vector<double> arguments) {
    std::vector<double> words{double(command_number(name)), double(arguments.size() + 3), 1};
    words.insert(words.end(), arguments.begin(), arguments.end());
    queue.submit(words.data(), words.size());
  };
  command("fill", {at(x), 100000, 0, 0});
  uint64_t fence = 0;
  for (int i = 0; i < 200; ++i) {
    command("affine", {at(x), at(x), 100000, 1, 1});
    queue.fence(++fence, x.data.get(), 4000);
  }
  wait_for(fence);
  if (!seen.ordered) wrong.emplace_back("fences were answered out of order");
  for (int64_t i = 0; i < 100000; ++i)
    if (floats(x)[i] != 200) {
      wrong.emplace_back("commands were lost or ran out of order");
      break;
    }
  const int32_t ids[1] = {7};
  command("sumEmbeddings", {at(x), 1, 4, 1, at(x) + 64, double(uintptr_t(ids)), 3});
  command("fill", {at(x), 10, 0, 5});
  queue.fence(++fence);
  wait_for(fence);
  if (seen.failures != 1 || floats(x)[9] == 5) wrong.emplace_back("a failure did not stop the commands behind it");
  command("clearError", {});
  command("fill", {at(x), 10, 0, 6});
  queue.fence(++fence);
  wait_for(fence);
  if (seen.failures != 1 || floats(x)[9] != 6) wrong.emplace_back("the queue did not go on after clearError");
  for (int i = 0; i < 50; ++i) command("unary", {at(x), at(x), 100000, 7});
  queue.stop();
  return wrong;
}

}  // namespace attune::runner
