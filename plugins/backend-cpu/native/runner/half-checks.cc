// What products in bf16 promise: the bits of a plain loop of multiply-adds, and the same bits everywhere but on AMX and on NEON with BF16,
// each of which has a loop of its own. Products of bf16 are exact in floats, so all of them stay near the exact sum.

#include <cmath>
#include <cstring>

#include "element.h"
#include "pool/probes.h"
#include "runner/cases.h"
#include "runner/checks.h"
#include "runner/samples.h"
#include "shapes.h"

namespace attune::runner {

namespace {

/** One pair at a time, the odd element first: what most instruction sets do. The depth is even, padded with zeros. */
float paired_sum(const Bf16* x, const Bf16* w, int64_t depth) {
  float sum = 0;
  for (int64_t k = 0; k < depth; k += 2) {
    sum = std::fma(widen(x[k + 1]), widen(w[k + 1]), sum);
    sum = std::fma(widen(x[k]), widen(w[k]), sum);
  }
  return sum;
}

/** Groups of 32: even and odd elements apart, then together. The depth is a multiple of 32, padded with zeros. */
float tiled_sum(const Bf16* x, const Bf16* w, int64_t depth) {
  float sum = 0;
  for (int64_t k = 0; k < depth; k += 32) {
    float even = 0, odd = 0;
    for (int64_t i = k; i < k + 32; i += 2) even = std::fma(widen(x[i]), widen(w[i]), even), odd = std::fma(widen(x[i + 1]), widen(w[i + 1]), odd);
    sum += even + odd;
  }
  return sum;
}

/** a + b rounded to odd: cut off, and the last bit set if something was. Their sum as doubles has an error that is a double. */
float add_to_odd(float a, float b) {
  const double sum = double(a) + double(b), shown = sum - double(a), error = (double(a) - (sum - shown)) + (double(b) - shown);
  float cut = float(sum);
  if (double(cut) == sum && error == 0) return cut;
  const bool beyond = double(cut) == sum ? (error < 0) == (sum > 0) : std::abs(double(cut)) > std::abs(sum);
  if (beyond) cut = std::nextafter(cut, 0.0f);
  uint32_t bits;
  std::memcpy(&bits, &cut, sizeof bits);
  bits |= 1;
  std::memcpy(&cut, &bits, sizeof cut);
  return cut;
}

/** One pair at a time, its products added first, every addition rounded to odd: what the manual says of `bfdot` and `bfmmla`. */
float odd_sum(const Bf16* x, const Bf16* w, int64_t depth) {
  float sum = 0;
  for (int64_t k = 0; k < depth; k += 2) sum = add_to_odd(sum, add_to_odd(widen(x[k]) * widen(w[k]), widen(x[k + 1]) * widen(w[k + 1])));
  return sum;
}

/** The sum that a set promises to the bit. */
float promised_sum(const InstructionSet& set, const Bf16* x, const Bf16* w, int64_t depth) {
  if (set.halfDepthUnit == 32) return tiled_sum(x, w, depth);
  return set.halfDepthUnit == 4 ? odd_sum(x, w, depth) : paired_sum(x, w, depth);
}

/** Whether a sum is as near to the exact one as any order of additions is, each of which errs by a unit in the last place at most. */
bool near_exact(const Bf16* x, const Bf16* w, int64_t depth, int64_t terms, float found) {
  double sum = 0, size = 0;
  for (int64_t k = 0; k < depth; ++k) {
    const double product = double(widen(x[k])) * double(widen(w[k]));
    sum += product, size += std::abs(product);
  }
  return std::abs(double(found) - sum) <= double(terms) * 0x1p-23 * size;
}

/** `rows` rows of `depth` values as a function of row and position, rounded and padded with zeros. */
template <class Value>
std::vector<Bf16> padded_rows(int64_t rows, int64_t depth, const Value& value) {
  const int64_t step = (depth + 31) / 32 * 32;
  std::vector<Bf16> out(size_t(rows * step), Bf16{0});
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t k = 0; k < depth; ++k) out[size_t(r * step + k)] = to_bf16(value(r, k));
  return out;
}

/** Compares got [rows columns] with sums over rows of a and b; "" or the first difference. */
std::string compare_sums(const InstructionSet& set, const std::vector<Bf16>& a, const std::vector<Bf16>& b, int64_t rows, int64_t columns, int64_t depth, const float* got) {
  const int64_t step = (depth + 31) / 32 * 32;
  const bool fused = std::string(set.name) != "baseline";
  for (int64_t r = 0; r < rows; ++r)
    for (int64_t c = 0; c < columns; ++c) {
      const Bf16 *x = a.data() + r * step, *w = b.data() + c * step;
      const float wanted = promised_sum(set, x, w, step), found = got[r * columns + c];
      if ((!fused || std::memcmp(&wanted, &found, 4) == 0) && near_exact(x, w, step, depth, found)) continue;
      return text("[", r, " ", c, "] of depth ", depth, ": expected ", wanted, ", got ", found);
    }
  return "";
}

void check_forward(Machine& machine, int64_t t, int64_t k, int64_t columns, bool normal, std::vector<std::string>& wrong) {
  const InstructionSet& set = machine.set();
  const Buffer x = half_noise(t * k, uint32_t(t + k)), w = noise(columns * k, uint32_t(k)), gamma = noise(k, 21), beta = noise(k, 22);
  const Buffer y = make_buffer("f32", {t * columns}), alone = make_buffer("f32", {columns}), rounded = make_buffer("bf16", {t * columns});
  const Buffer packed = make_buffer("u8", {packed_bytes(set, columns, k, DType::bf16)});
  const double g = normal ? at(gamma) : 0, b = normal ? at(beta) : 0;
  machine.run("pack", {at(w), at(packed), n(columns), n(k), 0, kBf16});
  machine.run("linear", {at(x), g, b, at(y), 0, 0, n(t), n(k), n(columns), kBf16, kF32, 0, 0, 1, at(packed), 0, n(columns)});
  machine.run("linear", {at(x) + 2.0 * n((t - 1) * k), g, b, at(alone), 0, 0, 1, n(k), n(columns), kBf16, kF32, 0, 0, 1, at(packed), 0, n(columns)});
  machine.run("linear", {at(x), g, b, at(rounded), 0, 0, n(t), n(k), n(columns), kBf16, kBf16, 0, 0, 1, at(packed), 0, n(columns)});
  const auto operand = [&](int64_t r, int64_t i) {
    const float value = widen(halves(x)[r * k + i]);
    return normal ? std::fma(floats(gamma)[i], value, floats(beta)[i]) : value;
  };
  const std::vector<Bf16> a = padded_rows(t, k, operand), c = padded_rows(columns, k, [&](int64_t r, int64_t i) { return floats(w)[r * k + i]; });
  if (const std::string found = compare_sums(set, a, c, t, columns, k, floats(y)); !found.empty() && !(normal && std::string(set.name) == "baseline"))
    wrong.push_back(text("linear", normal ? " of a norm " : " ", found));
  if (std::memcmp(floats(y) + (t - 1) * columns, floats(alone), size_t(columns) * 4) != 0) wrong.push_back(text("a row alone differs from the row in a batch at [", t, " ", k, " ", columns, "]"));
  for (int64_t i = 0; i < t * columns; ++i)
    if (halves(rounded)[i].bits != to_bf16(floats(y)[i]).bits) {
      wrong.push_back(text("a result stored in bf16 is not the rounded sum at [", t, " ", k, " ", columns, "]"));
      break;
    }
}

void check_gradients(Machine& machine, int64_t t, int64_t k, int64_t columns, bool wide, std::vector<std::string>& wrong) {
  const InstructionSet& set = machine.set();
  const double type = wide ? kF32 : kBf16;
  const Buffer x = half_noise(t * k, 31), w = noise(columns * k, 32), dy = wide ? noise(t * columns, 33) : half_noise(t * columns, 33);
  const auto dy_at = [&](int64_t r, int64_t i) { return wide ? floats(dy)[r * columns + i] : widen(halves(dy)[r * columns + i]); };
  const Buffer packed = make_buffer("u8", {packed_bytes(set, k, columns, DType::bf16)}), dx = make_buffer("f32", {t * k}), dw = make_buffer("f32", {columns * k}), db = make_buffer("f32", {columns});
  machine.run("pack", {at(w), at(packed), n(columns), n(k), 1, kBf16});
  machine.run("linearInputGrad", {at(dy), at(dx), 0, 0, n(t), n(k), n(columns), kBf16, type, kF32, 0, 1, at(packed), n(columns)});
  machine.run("linearWeightGrad", {at(dy), at(x), 0, 0, 0, n(t), n(k), n(columns), kBf16, type, 0, 1, at(dw), at(db), 0, n(columns), 0, 0});
  const std::vector<Bf16> rows = padded_rows(t, columns, dy_at), weights = padded_rows(k, columns, [&](int64_t r, int64_t i) { return floats(w)[i * k + r]; });
  if (const std::string found = compare_sums(set, rows, weights, t, k, columns, floats(dx)); !found.empty()) wrong.push_back("dx " + found);
  const std::vector<Bf16> left = padded_rows(columns, t, [&](int64_t r, int64_t i) { return dy_at(i, r); }), right = padded_rows(k, t, [&](int64_t r, int64_t i) { return widen(halves(x)[i * k + r]); });
  if (const std::string found = compare_sums(set, left, right, columns, k, t, floats(dw)); !found.empty()) wrong.push_back("dW " + found);
  for (int64_t c = 0; c < columns; ++c) {
    float sum = 0;
    for (int64_t r = 0; r < t; ++r) sum += dy_at(r, c);
    if (sum != floats(db)[c]) {
      wrong.push_back(text("db [", c, "]: expected ", sum, ", got ", floats(db)[c]));
      break;
    }
  }
}

}  // namespace

std::vector<std::string> check_half_products(const InstructionSet& set) {
  std::vector<std::string> wrong;
  Machine machine(set, 2);
  for (const int64_t t : {1, 5, 33, 130})
    for (const int64_t k : {1, 2, 31, 64, 301})
      for (const int64_t columns : {1, 17, 40}) {
        check_forward(machine, t, k, columns, false, wrong);
        check_forward(machine, t, k, columns, true, wrong);
        check_gradients(machine, t, k, columns, false, wrong);
        check_gradients(machine, t, k, columns, true, wrong);
      }
  check_forward(machine, 60, 2048, 33, false, wrong);  // rows whose step makes them share cache sets are copied
  check_gradients(machine, 600, 40, 33, false, wrong);  // more tokens than a block of the depth
  return wrong;
}

std::vector<std::string> check_half_cast(const InstructionSet& set, int64_t stride) {
  std::vector<float> x;
  for (uint64_t bits = 0; bits < (uint64_t(1) << 32); bits += uint64_t(stride)) {
    const auto pattern = uint32_t(bits);
    float value;
    std::memcpy(&value, &pattern, sizeof value);
    x.push_back(value);
  }
  std::vector<Bf16> y(x.size());
  std::vector<float> back(x.size());
  Machine machine(set, 2);
  machine.run("cast", {double(uintptr_t(x.data())), double(uintptr_t(y.data())), n(int64_t(x.size())), kF32, kBf16});
  machine.run("cast", {double(uintptr_t(y.data())), double(uintptr_t(back.data())), n(int64_t(x.size())), kBf16, kF32});
  for (size_t i = 0; i < x.size(); ++i) {
    const float widened = widen(y[i]);
    if (y[i].bits != to_bf16(x[i]).bits) return {text("cast of ", x[i], " to bf16: ", y[i].bits, ", expected ", to_bf16(x[i]).bits)};
    if (std::memcmp(&widened, &back[i], 4) != 0) return {text("cast of bf16 ", y[i].bits, " to f32: ", back[i])};
  }
  return {};
}

}  // namespace attune::runner
