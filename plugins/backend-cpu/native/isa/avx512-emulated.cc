// The AVX-512 kernels on pairs of AVX2 registers: their logic and their tile shape, tested on machines without AVX-512. For the runner only.
#include "isa/prelude.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2")
#endif
namespace attune::avx512_emulated {
namespace half {
#include "vec/avx2.inc"
}  // namespace half
#include "vec/avx512-emulated.inc"
#include "vec/transpose-x86.inc"
#include "vec/bf16-pairs.inc"
#include "vec/bf16-rounding.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-avx512.inc"
#include "gemm/tile.inc"
#include "gemm/tile-widened.inc"
#include "kernels/all.inc"
constexpr InstructionSet kSet = make_set("avx512-emulated", kEntries, kMath);
}  // namespace attune::avx512_emulated
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
namespace attune {
const InstructionSet& avx512_emulated_set() { return avx512_emulated::kSet; }
}  // namespace attune
#endif
