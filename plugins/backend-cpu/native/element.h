// The element types of tensors. bf16 is the upper half of a float: a type to store and to multiply, never one to add in.
#pragma once

#include <cstdint>
#include <cstring>

namespace attune {

/** As the command list numbers them. */
enum class DType : int { f32, i32, u8, bf16 };

struct Bf16 {
  uint16_t bits;
};

inline float widen(float x) { return x; }
inline float widen(Bf16 x) {
  const uint32_t bits = uint32_t(x.bits) << 16;
  float out;
  std::memcpy(&out, &bits, sizeof out);
  return out;
}

/** To nearest even; NaN stays NaN, denormals become zero (as `vcvtneps2bf16` does). */
inline Bf16 to_bf16(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  if ((bits & 0x7fffffff) > 0x7f800000) return {uint16_t(bits >> 16 | 0x40)};
  if ((bits & 0x7f800000) == 0) return {uint16_t(bits >> 16 & 0x8000)};
  return {uint16_t((bits + 0x7fff + (bits >> 16 & 1)) >> 16)};
}

}  // namespace attune
