// What every machine of the architecture has: SSE2 on x86-64, NEON on aarch64.
#include "isa/prelude.h"

#if defined(__x86_64__) || defined(_M_X64)
namespace attune::sse {
#include "vec/sse.inc"
#include "vec/transpose-x86.inc"
#include "vec/bf16-pairs.inc"
#include "vec/bf16-rounding.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-sse.inc"
#include "gemm/tile.inc"
#include "gemm/tile-widened.inc"
#include "kernels/all.inc"
constexpr InstructionSet kSet = make_set("baseline", kEntries, kMath);
}  // namespace attune::sse
const attune::InstructionSet& attune::baseline_set() { return sse::kSet; }
#elif defined(__aarch64__)
namespace attune::neon {
#include "vec/neon.inc"
#include "vec/transpose-neon.inc"
#include "vec/bf16-pairs.inc"
#include "vec/bf16-rounding.inc"
#include "vec/bf16-memory.inc"
#include "gemm/tile-neon.inc"
#include "gemm/tile.inc"
#include "gemm/tile-widened.inc"
#include "kernels/all.inc"
constexpr InstructionSet kSet = make_set("neon", kEntries, kMath);
}  // namespace attune::neon
const attune::InstructionSet& attune::baseline_set() { return neon::kSet; }
#endif
