// AVX-512 with BF16 and AMX (Sapphire Rapids and later): products in bf16 on tile registers.
#include "isa/prelude.h"

#if defined(__x86_64__)
#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,bmi,bmi2"))), apply_to = function)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC target("avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,avx2,fma,bmi,bmi2,prefer-vector-width=512")
#endif
namespace attune::amx {
#include "vec/avx512.inc"
#include "vec/transpose-x86.inc"
#include "vec/bf16-pairs.inc"
#include "vec/avx512bf16.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-avx512.inc"
#include "gemm/tile.inc"
#include "gemm/tile-dot.inc"
#include "gemm/amx-tiles.inc"
#include "gemm/tile-amx.inc"
#include "kernels/products.inc"
}  // namespace attune::amx
#if defined(__clang__)
#pragma clang attribute pop
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif
const attune::InstructionSet& attune::amx_set() {
  static const InstructionSet set = with_products("amx", amx::kOwn, avx512_set());
  return set;
}
#endif
