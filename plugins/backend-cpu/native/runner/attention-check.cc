// Attention and its gradient on texts too long for a case file, against the formula in double.

#include <cmath>
#include <limits>

#include "runner/cases.h"
#include "runner/checks.h"
#include "runner/samples.h"

namespace attune::runner {

namespace {

struct LongText {
  int64_t length, heads, kv_heads, d, left, right;
  bool biased = false;
  double scale = 0.5;
};

/** What attention and its gradient give, in double. */
struct Wanted {
  std::vector<double> y, dqkv, d_bias;
};

/** One text by the formula; `bias` [H L L] is empty where there is none. */
Wanted reference_attention(const LongText& p, const std::vector<float>& qkv, const std::vector<float>& bias, const std::vector<float>& dy) {
  const int64_t width = (p.heads + 2 * p.kv_heads) * p.d;
  Wanted wanted{std::vector<double>(size_t(p.length * p.heads * p.d)), std::vector<double>(size_t(p.length * width)), std::vector<double>(bias.size())};
  auto& [y, dqkv, d_bias] = wanted;
  std::vector<double> probability(size_t(p.length)), gradient(size_t(p.length));
  for (int64_t h = 0; h < p.heads; ++h)
    for (int64_t i = 0; i < p.length; ++i) {
      const int64_t kv = h * p.kv_heads / p.heads, key = (p.heads + kv) * p.d, value = key + p.kv_heads * p.d, out = (i * p.heads + h) * p.d;
      const int64_t first = p.left < 0 ? 0 : std::max<int64_t>(0, i - p.left), last = p.right < 0 ? p.length : std::min(p.length, i + p.right + 1);
      double sum = 0, mean = 0;
      for (int64_t j = first; j < last; ++j) {
        double score = 0;
        for (int64_t c = 0; c < p.d; ++c) score += double(qkv[i * width + h * p.d + c]) * double(qkv[j * width + key + c]);
        sum += probability[size_t(j)] = std::exp(score * p.scale + (p.biased ? double(bias[size_t((h * p.length + i) * p.length + j)]) : 0));
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
      for (int64_t j = first; j < last; ++j) {
        const double d_score = probability[size_t(j)] * (gradient[size_t(j)] - mean), ds = d_score * p.scale;
        if (p.biased) d_bias[size_t((h * p.length + i) * p.length + j)] += d_score;
        for (int64_t c = 0; c < p.d; ++c) {
          dqkv[size_t(i * width + h * p.d + c)] += ds * double(qkv[j * width + key + c]);
          dqkv[size_t(j * width + key + c)] += ds * double(qkv[i * width + h * p.d + c]);
        }
      }
    }
  return wanted;
}

/** What a tensor holds, widened. */
std::vector<float> values_of(const Buffer& buffer) {
  std::vector<float> values;
  for (int64_t i = 0; i < buffer.size(); ++i) values.push_back(float(buffer.get(i)));
  return values;
}

double largest_difference(const std::vector<double>& wanted, const std::vector<float>& got) {
  double worst = 0, largest = 0;
  for (size_t i = 0; i < wanted.size(); ++i) {
    const double difference = std::abs(wanted[i] - double(got[i]));
    worst = std::isnan(difference) ? std::numeric_limits<double>::infinity() : std::max(worst, difference);
    largest = std::max(largest, std::abs(wanted[i]));
  }
  return worst / largest;
}

/** One text in one type against the formula in double; errors are relative to the largest value. */
void check_text(Machine& machine, const LongText& p, bool half, std::vector<std::string>& wrong) {
  const int64_t width = (p.heads + 2 * p.kv_heads) * p.d;
  const std::string type = half ? "bf16" : "f32";
  const auto make = [&](int64_t count, uint32_t seed) { return half ? half_noise(count, seed) : noise(count, seed); };
  const Buffer qkv = make(p.length * width, 11), dy = make(p.length * p.heads * p.d, 12);
  const Buffer y = make_buffer(type, {p.length * p.heads * p.d}), lse = make_buffer("f32", {p.length * p.heads}), dqkv = make_buffer(type, {p.length * width});
  const Buffer bias = noise(p.biased ? p.heads * p.length * p.length : 0, 13), d_bias = make_buffer("f32", {bias.size()});
  const int32_t offsets[2] = {0, int32_t(p.length)};
  const std::vector<double> sizes{half ? kBf16 : kF32, n(p.length), 1, n(p.heads), n(p.kv_heads), n(p.d), n(p.left), n(p.right), n(p.length), p.scale, 0, 0, 0, 0, 0};
  const double with = p.biased ? at(bias) : 0, into = p.biased ? at(d_bias) : 0;
  machine.run("attention", join({{at(qkv), double(uintptr_t(offsets)), with, at(y), at(lse)}, sizes}));
  machine.run("attentionGrad", join({{at(qkv), double(uintptr_t(offsets)), with, at(y), at(lse), at(dy), at(dqkv), into}, sizes}));
  const Wanted wanted = reference_attention(p, values_of(qkv), values_of(bias), values_of(dy));
  const double forward = largest_difference(wanted.y, values_of(y)), backward = largest_difference(wanted.dqkv, values_of(dqkv));
  const double of_bias = p.biased ? largest_difference(wanted.d_bias, values_of(d_bias)) : 0, allowed = half ? 8e-3 : 2e-5;
  if (!(forward < (half ? 6e-3 : 5e-6) && backward < allowed && of_bias < allowed))
    wrong.push_back(text(type, " length ", p.length, " head ", p.d, ": forward off by ", forward, ", backward by ", backward, ", of the bias by ", of_bias));
}

}  // namespace

std::vector<std::string> check_attention(const InstructionSet& set) {
  std::vector<std::string> wrong;
  Machine machine(set, 2);
  // More than one block of keys, windows across blocks, grouped heads, wide heads (smaller blocks), packs that do not stay in scratch memory,
  // the widest heads that the TypeScript side lets pass, a bias.
  for (const LongText& p : {LongText{700, 2, 1, 8, -1, -1}, LongText{1100, 1, 1, 16, -1, 0}, LongText{601, 2, 2, 5, 40, 3}, LongText{300, 1, 1, 136, -1, -1}, LongText{1500, 1, 1, 260, 8, 8}, LongText{150, 1, 1, 1024, -1, -1, false, 0.1}, LongText{600, 2, 1, 16, -1, 0, true}})
    for (const bool half : {false, true}) check_text(machine, p, half, wrong);
  return wrong;
}

}  // namespace attune::runner
