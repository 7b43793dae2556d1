// GELU that is rounded to bf16: what the shorter formulas may lose, against double libm, and how little of it is left after rounding.

#include <cmath>
#include <cstring>
#include <limits>

#include "element.h"
#include "runner/checks.h"
#include "runner/samples.h"

namespace attune::runner {

namespace {

constexpr double kPi = 3.14159265358979323846;

struct Short {
  const char* name;
  double (*reference)(double);
  double absolute;          // largest error
  double relative;          // and of the value, as long as |x| < 6; 0: not bounded, near a zero
  int64_t other_roundings;  // of all inputs in bf16, how many may round to a neighbour of what the exact value rounds to
};

const Short kShort[] = {
    {"shortGelu", [](double x) { return 0.5 * x * std::erfc(-x * std::sqrt(0.5)); }, 9e-7, 2e-4, 0},
    {"shortGeluDerivative", [](double x) { return 0.5 * std::erfc(-x * std::sqrt(0.5)) + x * std::exp(-0.5 * x * x) / std::sqrt(2 * kPi); }, 3e-6, 0, 32},
};

std::vector<float> results_of(const InstructionSet& set, const char* name, const std::vector<float>& x) {
  std::vector<float> y(x.size(), -1);
  for (int i = 0; i < set.mathCount; ++i)
    if (std::strcmp(set.math[i].name, name) == 0) set.math[i].run(x.data(), y.data(), int64_t(x.size()));
  return y;
}

/** Floats in and out: both bounds. */
void check_error(const InstructionSet& set, const Short& f, std::vector<std::string>& wrong) {
  std::vector<float> x;
  for (int64_t i = -140000; i <= 140000; ++i) x.push_back(float(double(i) * 1.000137e-4));
  const std::vector<float> y = results_of(set, f.name, x);
  for (size_t i = 0; i < x.size(); ++i) {
    const double reference = f.reference(double(x[i])), error = std::abs(double(y[i]) - reference);
    const bool bounded = f.relative > 0 && std::abs(x[i]) < 6;
    if (error <= f.absolute && (!bounded || error <= f.relative * std::abs(reference))) continue;
    wrong.push_back(text(f.name, "(", x[i], ") = ", y[i], ", expected ", reference));
    return;
  }
}

/** All inputs in bf16 whose results matter: rounded, they are what the exact result rounds to, or in few places its neighbour. */
void check_rounded(const InstructionSet& set, const Short& f, std::vector<std::string>& wrong) {
  std::vector<float> x;
  for (uint32_t bits = 0; bits < 65536; ++bits)
    if (const float value = widen(Bf16{uint16_t(bits)}); std::isfinite(value)) x.push_back(value);
  const std::vector<float> y = results_of(set, f.name, x);
  int64_t others = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double reference = f.reference(double(x[i]));
    if (std::abs(reference) < 1e-9 && std::abs(y[i]) < 1e-9) continue;
    const int64_t apart = std::abs(int64_t(to_bf16(y[i]).bits) - int64_t(to_bf16(float(reference)).bits));
    others += apart;
    if (apart > 1) wrong.push_back(text(f.name, "(", x[i], ") = ", y[i], " is no neighbour of ", reference, " in bf16"));
  }
  if (others > f.other_roundings) wrong.push_back(text(f.name, ": ", others, " results in bf16 differ from the exact ones, at most ", f.other_roundings));
}

}  // namespace

std::vector<std::string> check_half_activations(const InstructionSet& set) {
  std::vector<std::string> wrong;
  for (const Short& f : kShort) {
    check_error(set, f, wrong);
    check_rounded(set, f, wrong);
  }
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> ends{infinity, -infinity, std::nanf("")};
  const std::vector<float> gelu = results_of(set, "shortGelu", ends), slope = results_of(set, "shortGeluDerivative", ends);
  if (gelu[0] != infinity || !std::isnan(gelu[1]) || !std::isnan(gelu[2])) wrong.push_back(text("shortGelu of infinities and NaN: ", gelu[0], " ", gelu[1], " ", gelu[2]));
  if (slope[0] != 1 || slope[1] != 0 || !std::isnan(slope[2])) wrong.push_back(text("shortGeluDerivative of infinities and NaN: ", slope[0], " ", slope[1], " ", slope[2]));
  return wrong;
}

}  // namespace attune::runner
