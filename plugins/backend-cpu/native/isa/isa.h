// One instruction set: its kernels by name and the few facts that the outside must know. Every file of isa/ fills one of these.
#pragma once

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
  /** Columns of a packed panel: packed weights are ceil(columns / panel) panels of [depth][panel] floats. */
  int panel;
  const Entry* entries;
  int entryCount;
  const MathEntry* math;
  int mathCount;
  /** Multiply-adds on registers alone; returns the floating point operations done. */
  double (*multiplyAdds)(int64_t rounds);
};

const InstructionSet& baseline_set();
#if defined(__x86_64__) || defined(_M_X64)
const InstructionSet& avx2_set();
const InstructionSet& avx512_set();
#endif

}  // namespace attune
