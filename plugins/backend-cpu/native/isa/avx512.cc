// AVX-512 F, BW, DQ and VL (Skylake-X, Zen 4 and later).
#include "isa/prelude.h"

#if defined(__x86_64__) || defined(_M_X64)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,bmi,bmi2,prefer-vector-width=512")
#endif
namespace attune::avx512 {
#include "vec/avx512.inc"
#include "vec/transpose-x86.inc"
#include "vec/bf16-pairs.inc"
#include "vec/bf16-rounding.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-avx512.inc"
#include "gemm/tile.inc"
#include "gemm/tile-widened.inc"
#include "kernels/all.inc"
constexpr InstructionSet kSet = make_set("avx512", kEntries, kMath);
}  // namespace attune::avx512
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
const attune::InstructionSet& attune::avx512_set() { return avx512::kSet; }
#endif
