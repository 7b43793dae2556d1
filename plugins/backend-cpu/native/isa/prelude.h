// The standard headers that kernels use, included before any target region begins, so that inline library functions stay baseline code.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <type_traits>
#include <utility>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

#include "element.h"
#include "isa/isa.h"
#include "shapes.h"
