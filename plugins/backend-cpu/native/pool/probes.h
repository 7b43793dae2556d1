// What this machine can do at best, measured in the process that asks: the denominators of every fraction that a benchmark reports.
#pragma once

#include "element.h"
#include "isa/isa.h"

namespace attune {

/** Floating point operations a second of register-only multiply-adds on all threads; the best of `repeats`. */
double peak_flops(const InstructionSet& set, Pool& pool, int repeats);
/** Bytes a second, read and written, of a copy far larger than the caches on all threads; the best of `repeats`. */
double stream_bytes(Pool& pool, int repeats);

/** Sizes that the TypeScript side needs to allocate: bytes of a packed weight, floats of a weight gradient's and of a norm gradient's workspace. */
int64_t packed_bytes(const InstructionSet& set, int64_t columns, int64_t depth, DType type);
int64_t gradient_workspace(int64_t t, int64_t n, int64_t k);
int64_t norm_workspace(int64_t rows, int64_t width);

}  // namespace attune
