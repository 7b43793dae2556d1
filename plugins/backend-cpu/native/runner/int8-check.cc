// The int8 product of the tile interface against integer arithmetic: exact, over sizes that fill no tile. Int8 kernels are to stand on it;
// until there are some, this is its only user, and its packing is that of a test.

#include <algorithm>
#include <cmath>
#include <cstring>

#include "element.h"
#include "isa/processor.h"
#include "runner/checks.h"
#include "runner/samples.h"

namespace attune::runner {

namespace {

namespace emulated {
#include "gemm/amx-tiles-emulated.inc"
}
#if defined(__x86_64__)
namespace real {
#include "gemm/amx-tiles.inc"
}
#endif

/** Both signs and both ends: -128 · -128 is the product that a signed 16-bit sum of two cannot hold. */
std::vector<int8_t> bytes(int64_t count, uint32_t seed) {
  std::vector<int8_t> out(static_cast<size_t>(count));
  uint32_t state = seed * 2654435761u + 12345;
  for (int8_t& value : out) {
    state = state * 1664525u + 1013904223u;
    const uint32_t kind = state >> 28;
    value = kind == 0 ? int8_t(-128) : kind == 1 ? int8_t(127) : int8_t(state >> 16);
  }
  return out;
}

/** c [16 16] += a · b of one tile each; a [rows depth] by rows, b [columns depth] by rows, at a place from which on that many exist. */
template <class Tiles>
void add_tile(Tiles& tiles, const int8_t* a, int64_t rows, const int8_t* b, int64_t columns, int64_t depth, int64_t step) {
  alignas(64) int8_t left[16][64] = {}, right[16][16][4] = {};  // right: [groups of four of the depth][columns][4]
  for (int64_t k = 0; k < std::min<int64_t>(depth, 64); ++k) {
    for (int64_t m = 0; m < std::min<int64_t>(rows, 16); ++m) left[m][k] = a[m * step + k];
    for (int64_t n = 0; n < std::min<int64_t>(columns, 16); ++n) right[k / 4][n][k % 4] = b[n * step + k];
  }
  tiles.template load<4>(left, 64), tiles.template load<6>(right, 64);
  tiles.template dot_int8<0, 4, 6>();
}

template <class Tiles>
std::vector<int32_t> multiply(const std::vector<int8_t>& a, const std::vector<int8_t>& b, int64_t rows, int64_t columns, int64_t depth) {
  std::vector<int32_t> c(size_t(rows * columns));
  Tiles tiles;
  for (int64_t m = 0; m < rows; m += 16)
    for (int64_t n = 0; n < columns; n += 16) {
      tiles.template zero<0>();
      for (int64_t k = 0; k < depth; k += 64) add_tile(tiles, a.data() + m * depth + k, rows - m, b.data() + n * depth + k, columns - n, depth - k, depth);
      alignas(64) int32_t sums[16][16];
      tiles.template store<0>(sums, 64);
      for (int64_t i = 0; i < std::min<int64_t>(rows - m, 16); ++i) std::memcpy(c.data() + (m + i) * columns + n, sums[i], size_t(std::min<int64_t>(columns - n, 16)) * 4);
    }
  return c;
}

template <class Tiles>
void check(const char* name, std::vector<std::string>& wrong) {
  for (const int64_t rows : {1, 15, 16, 37})
    for (const int64_t columns : {1, 16, 33})
      for (const int64_t depth : {1, 3, 64, 65, 131, 640}) {
        const std::vector<int8_t> a = bytes(rows * depth, uint32_t(rows + depth)), b = bytes(columns * depth, uint32_t(columns + 2 * depth));
        const std::vector<int32_t> c = multiply<Tiles>(a, b, rows, columns, depth);
        for (int64_t i = 0; i < rows * columns; ++i) {
          int32_t sum = 0;
          for (int64_t k = 0; k < depth; ++k) sum += int32_t(a[size_t(i / columns * depth + k)]) * int32_t(b[size_t(i % columns * depth + k)]);
          if (sum == c[size_t(i)]) continue;
          wrong.push_back(text(name, " [", rows, " ", depth, "] x [", depth, " ", columns, "] element ", i, ": expected ", sum, ", got ", c[size_t(i)]));
          break;
        }
      }
}

}  // namespace

std::vector<std::string> check_int8_tiles() {
  std::vector<std::string> wrong;
  check<emulated::Tiles>("emulated tiles", wrong);
#if defined(__x86_64__)
  if (processor().amx.empty()) check<real::Tiles>("tiles", wrong);
#endif
  return wrong;
}

}  // namespace attune::runner
