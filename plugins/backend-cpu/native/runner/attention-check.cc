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
};

/** y and dqkv of one text in double, by the formula. */
void reference_attention(const LongText& p, const std::vector<float>& qkv, const std::vector<float>& dy, double scale, std::vector<double>& y, std::vector<double>& dqkv) {
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
  const int32_t offsets[2] = {0, int32_t(p.length)};
  const double scale = 0.5;
  const std::vector<double> sizes{half ? kBf16 : kF32, 1, n(p.heads), n(p.kv_heads), n(p.d), n(p.left), n(p.right), n(p.length), scale, 0, 0, 0, 0, 0};
  machine.run("attention", join({{at(qkv), double(uintptr_t(offsets)), 0, at(y), at(lse)}, sizes}));
  machine.run("attentionGrad", join({{at(qkv), double(uintptr_t(offsets)), 0, at(y), at(lse), at(dy), at(dqkv), 0}, sizes}));
  std::vector<double> wanted_y, wanted_dqkv;
  reference_attention(p, values_of(qkv), values_of(dy), scale, wanted_y, wanted_dqkv);
  const double forward = largest_difference(wanted_y, values_of(y)), backward = largest_difference(wanted_dqkv, values_of(dqkv));
  if (!(forward < (half ? 6e-3 : 5e-6) && backward < (half ? 8e-3 : 2e-5))) wrong.push_back(text(type, " length ", p.length, " head ", p.d, ": forward off by ", forward, ", backward by ", backward));
}

}  // namespace

std::vector<std::string> check_attention(const InstructionSet& set) {
  std::vector<std::string> wrong;
  Machine machine(set, 2);
  // More than one block of keys, windows across blocks, grouped heads, wide heads (smaller blocks), packs that do not stay in scratch memory.
  for (const LongText& p : {LongText{700, 2, 1, 8, -1, -1}, LongText{1100, 1, 1, 16, -1, 0}, LongText{601, 2, 2, 5, 40, 3}, LongText{300, 1, 1, 136, -1, -1}, LongText{1500, 1, 1, 260, 8, 8}})
    for (const bool half : {false, true}) check_text(machine, p, half, wrong);
  return wrong;
}

}  // namespace attune::runner
