// The AMX kernels on tile registers in memory. For the runner only.
#include "isa/prelude.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma,bmi,bmi2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx2,fma,bmi,bmi2")
#endif
namespace attune::amx_emulated {
namespace half {
#include "vec/avx2.inc"
}  // namespace half
#include "vec/avx512-emulated.inc"
#include "vec/transpose-x86.inc"
#include "vec/bf16-pairs.inc"
#include "vec/bf16-rounding.inc"
#include "vec/avx512bf16-emulated.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-avx512.inc"
#include "gemm/tile.inc"
#include "gemm/tile-dot.inc"
#include "gemm/amx-tiles-emulated.inc"
#include "gemm/tile-amx.inc"
#include "kernels/products.inc"
}  // namespace attune::amx_emulated
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
namespace attune {
const InstructionSet& avx512_emulated_set();
const InstructionSet& amx_emulated_set() {
  static const InstructionSet set = with_products("amx-emulated", amx_emulated::kOwn, avx512_emulated_set());
  return set;
}
}  // namespace attune
#endif
