// One instruction set: its kernels by name and the few facts that the outside must know. Every file of isa/ fills one of these.
#pragma once

#include <cstring>

#include "call.h"

namespace attune {

struct Entry {
  const char* name;
  Kernel run;
};

/** Vector functions by name, for the sweep against libm. */
struct MathEntry {
  const char* name;
  void (*run)(const float* x, float* y, int64_t count);
};

struct InstructionSet {
  const char* name;
  /** Columns of a packed panel: packed weights are ceil(columns / panel) panels of [depth][panel] elements. */
  int panel;
  /** In bf16 the depth of a panel is padded to a multiple of this. */
  int halfDepthUnit;
  /** Products in bf16 have instructions of their own: faster than in f32. */
  bool nativeBf16;
  const Entry* entries;
  int entryCount;
  const MathEntry* math;
  int mathCount;
  /** Multiply-adds on registers alone; returns the floating point operations done. */
  double (*multiplyAdds)(int64_t rounds);
  /** Where the kernels are that this set has not of its own; null: nowhere. */
  const InstructionSet* base;

  /** A kernel by name; null where there is none. */
  Kernel kernel(const char* command) const {
    for (int i = 0; i < entryCount; ++i)
      if (std::strcmp(command, entries[i].name) == 0) return entries[i].run;
    return base ? base->kernel(command) : nullptr;
  }
};

/** What a set has of its own that takes all but its products from another one: constants, because the code beside them runs on its machines only. */
struct Products {
  int panel;
  int halfDepthUnit;
  bool nativeBf16;
  const Entry* entries;
  int entryCount;
};

/** `base` with other products. Called on every machine, so it belongs to no target region. */
inline InstructionSet with_products(const char* name, const Products& own, const InstructionSet& base) {
  return {name, own.panel, own.halfDepthUnit, own.nativeBf16, own.entries, own.entryCount, base.math, base.mathCount, base.multiplyAdds, &base};
}

const InstructionSet& baseline_set();
#if defined(__x86_64__) || defined(_M_X64)
const InstructionSet& avx2_set();
const InstructionSet& avx512_set();
const InstructionSet& avx512bf16_set();
const InstructionSet& amx_set();
#endif
// Only Linux is asked whether the processor has it.
#if defined(__aarch64__) && defined(__linux__)
#define ATTUNE_NEON_BF16
const InstructionSet& neonbf16_set();
#endif

}  // namespace attune
