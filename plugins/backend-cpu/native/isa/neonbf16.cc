// NEON with BF16 (Neoverse V1 and later): products in bf16 by blocks, rounding by one instruction.
#include "isa/prelude.h"

#if defined(ATTUNE_NEON_BF16)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("arch=armv8.2-a+bf16"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("arch=armv8.2-a+bf16")
#endif
namespace attune::neonbf16 {
#include "vec/neon.inc"
#include "vec/transpose-neon.inc"
#include "vec/bf16-pairs.inc"
#include "vec/neonbf16.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-neon.inc"
#include "gemm/tile.inc"
#include "gemm/tile-dot.inc"
#include "gemm/tile-neonbf16.inc"
#include "kernels/products.inc"
}  // namespace attune::neonbf16
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
const attune::InstructionSet& attune::neonbf16_set() {
  static const InstructionSet set = with_products("neonbf16", neonbf16::kOwn, baseline_set());
  return set;
}
#endif
