// What processor and system offer beyond the baseline: instructions, the registers that the system saves, and the permission to use tiles.
#pragma once

#include <string>

namespace attune {

/** "" where a set can run, or why not: a clause for a person. */
struct Processor {
  std::string avx2, avx512, avx512bf16, amx, neonbf16;
};

/** Asks once; where AMX is there, this asks the system for its use, before any thread is started. */
const Processor& processor();

}  // namespace attune
