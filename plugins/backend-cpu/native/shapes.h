// How sums are cut, from shapes alone: shared by the kernels and by those who allocate their workspaces.
#pragma once

#include <algorithm>
#include <cstdint>

namespace attune {

/** Slices of the tokens in a weight gradient: each has its own partial sums, added in slice order; 64 MB of them at most. */
inline int64_t gradient_slices(int64_t t, int64_t n, int64_t k) {
  const int64_t by_length = std::clamp<int64_t>(t / 1024, 1, 8);
  const int64_t by_size = std::max<int64_t>(1, (int64_t(64) << 20) / 4 / std::max<int64_t>(1, n * (k + 1)));
  return std::min(by_length, by_size);
}

/** Blocks of rows whose weight gradients a norm sums apart, at most 64. */
inline int64_t norm_blocks(int64_t rows) { return std::clamp<int64_t>((rows + 63) / 64, 1, 64); }

}  // namespace attune
