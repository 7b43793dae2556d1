// What the checks share: sentences, reproducible values, and addresses as command words.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include "element.h"
#include "runner/cases.h"

namespace attune::runner {

template <class... Parts>
std::string text(const Parts&... parts) {
  std::ostringstream out;
  out.precision(9);
  (out << ... << parts);
  return out.str();
}

inline float* floats(const Buffer& buffer) { return reinterpret_cast<float*>(buffer.data.get()); }
inline Bf16* halves(const Buffer& buffer) { return reinterpret_cast<Bf16*>(buffer.data.get()); }
inline double at(const Buffer& buffer) { return double(uintptr_t(buffer.data.get())); }
inline double n(int64_t value) { return double(value); }

/** The numbers of f32 and bf16 in the command list. */
constexpr double kF32 = 0, kBf16 = 3;

/** Reproducible values in [-1, 1). */
inline Buffer noise(int64_t count, uint32_t seed) {
  Buffer buffer = make_buffer("f32", {count});
  uint32_t state = seed * 2654435761u + 12345;
  for (int64_t i = 0; i < count; ++i) {
    state = state * 1664525u + 1013904223u;
    floats(buffer)[i] = float(int32_t(state >> 8)) / 8388608.0f - 1.0f;
  }
  return buffer;
}

/** The same, rounded. */
inline Buffer half_noise(int64_t count, uint32_t seed) {
  const Buffer wide = noise(count, seed);
  Buffer buffer = make_buffer("bf16", {count});
  for (int64_t i = 0; i < count; ++i) halves(buffer)[i] = to_bf16(floats(wide)[i]);
  return buffer;
}

}  // namespace attune::runner
