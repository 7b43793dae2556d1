// AVX2 with FMA (Haswell, Zen and later).
#include "isa/prelude.h"

#if defined(__x86_64__) || defined(_M_X64)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2")
#endif
namespace attune::avx2 {
#include "vec/avx2.inc"
#include "vec/transpose-x86.inc"
#include "vec/bf16-pairs.inc"
#include "vec/bf16-rounding.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-avx2.inc"
#include "gemm/tile.inc"
#include "gemm/tile-widened.inc"
#include "kernels/all.inc"
constexpr InstructionSet kSet = make_set("avx2", kEntries, kMath);
}  // namespace attune::avx2
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
const attune::InstructionSet& attune::avx2_set() { return avx2::kSet; }
#endif
