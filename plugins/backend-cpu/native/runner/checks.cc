#include "runner/checks.h"

#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>
#include <thread>

#include "pool/probes.h"
#include "queue/commands.h"
#include "queue/queue.h"
#include "runner/cases.h"
#include "runner/samples.h"

namespace attune::runner {

namespace {

using Lines = std::vector<std::string>;

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

double gelu_derivative_reference(double x) {
  const double density = std::isinf(x) ? 0 : x * std::exp(-0.5 * x * x) / std::sqrt(2 * 3.14159265358979323846);
  return 0.5 * std::erfc(-x * std::sqrt(0.5)) + density;
}

const Function kFunctions[] = {
    {"exp", [](double x) { return std::exp(x); }, 2, 0},
    {"log", [](double x) { return std::log(x); }, 2, 0},
    {"tanh", [](double x) { return std::tanh(x); }, 2, 0},
    {"erf", [](double x) { return std::erf(x); }, 2, 0},
    {"sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, 4, 1e-38},
    {"gelu", gelu_reference, 4, 2e-7},
    {"geluDerivative", gelu_derivative_reference, 4, 2e-7},
    {"silu", [](double x) { return x / (1 + std::exp(-x)); }, 4, 1e-36},
    {"softplus", [](double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }, 4, 0},
};

float bits_to_float(uint32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

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

Lines check_products(const InstructionSet& set) {
  Lines wrong;
  Machine machine(set, 2);
  const bool fused = std::string(set.name) != "baseline";
  for (const int64_t t : {1, 5, 13, 57, 130})
    for (const int64_t k : {1, 33, 300, 1024})
      for (const int64_t columns : {1, 17, 40}) {
        const Buffer x = noise(t * k, uint32_t(t)), w = noise(columns * k, uint32_t(k)), y = make_buffer("f32", {t * columns}), z = make_buffer("f32", {t * columns}), alone = make_buffer("f32", {columns});
        const Buffer packed = make_buffer("f32", {(columns + set.panel - 1) / set.panel * set.panel * k});
        machine.run("pack", {at(w), at(packed), n(columns), n(k), 0, 0});
        machine.run("linear", {at(x), 0, 0, at(y), 0, 0, n(t), n(k), n(columns), 0, 0, 0, 0, 1, at(packed), 0, n(columns)});
        machine.run("linear", {at(x) + 4.0 * n((t - 1) * k), 0, 0, at(alone), 0, 0, 1, n(k), n(columns), 0, 0, 0, 0, 1, at(packed), 0, n(columns)});
        machine.run("matmul", {at(x), at(w), at(z), 1, n(t), n(columns), n(k), 0, 0, 0, 1, 1});
        if (std::memcmp(floats(y), floats(z), size_t(t * columns) * 4) != 0) wrong.push_back(text("linear and matmul differ at [", t, " ", k, "] x [", k, " ", columns, "]"));
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
  const Buffer weight = noise(4, 1), panels = make_buffer("f32", {packed_bytes(set, 2, 2, DType::f32) / 4});
  command("pack", {at(weight), at(panels), 2, 2, 0, 0});
  queue.fence(++fence);
  wait_for(fence);
  if (seen.failures != 1 || floats(x)[9] == 5) wrong.emplace_back("a failure did not stop the commands behind it");
  if (floats(panels)[0] != floats(weight)[0]) wrong.emplace_back("a weight behind a failure was not packed");
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
