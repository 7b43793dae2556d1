#include "isa/processor.h"

#include <cstdint>
#include <initializer_list>

#if defined(__x86_64__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <sys/auxv.h>
#endif

namespace attune {

namespace {

[[maybe_unused]] constexpr const char* kLacking = "the processor lacks it";

#if defined(__x86_64__)
struct Leaf {
  uint32_t a = 0, b = 0, c = 0, d = 0;
};

Leaf leaf(uint32_t number, uint32_t part) {
  Leaf out;
  if (!__get_cpuid_count(number, part, &out.a, &out.b, &out.c, &out.d)) return {};
  return out;
}

bool has(uint32_t word, std::initializer_list<int> bits) {
  for (const int bit : bits)
    if (!(word >> bit & 1)) return false;
  return true;
}

/** Registers that the system saves for a thread (XCR0); 0 where it does not say. */
uint64_t saved_registers() {
  if (!has(leaf(1, 0).c, {27})) return 0;
  uint32_t low, high;
  asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return uint64_t(high) << 32 | low;
}

/** Linux hands out tile registers on request only: arch_prctl(ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA). */
bool tiles_granted() {
#if defined(__linux__)
  return syscall(SYS_arch_prctl, 0x1023, 18) == 0;
#else
  return false;
#endif
}

Processor ask() {
  const Leaf one = leaf(1, 0), seven = leaf(7, 0), seven_one = leaf(7, 1);
  const uint64_t saved = saved_registers();
  const char* unsaved = "the system does not save its registers";
  Processor p;
  p.neonbf16 = "it is for aarch64";
  if (!has(seven.b, {5}) || !has(one.c, {12})) p.avx2 = kLacking;
  else if ((saved & 0x6) != 0x6) p.avx2 = unsaved;
  // F, DQ, BW, VL
  if (!has(seven.b, {16, 17, 30, 31})) p.avx512 = kLacking;
  else if ((saved & 0xe6) != 0xe6) p.avx512 = unsaved;
  p.avx512bf16 = p.avx512.empty() && !has(seven_one.a, {5}) ? kLacking : p.avx512;
  // BF16, TILE
  if (!has(seven.d, {22, 24})) p.amx = kLacking;
  else if (!p.avx512bf16.empty()) p.amx = "it needs AVX-512 BF16 beside it";
  else if ((saved & 0x60000) != 0x60000) p.amx = unsaved;
  else if (!tiles_granted()) p.amx = "the system refused the use of tile registers";
  return p;
}
#else
Processor ask() {
  const char* x86 = "it is for x86-64";
  Processor p{x86, x86, x86, x86, "the system does not tell"};
#if defined(__aarch64__) && defined(__linux__)
  constexpr unsigned long kBf16 = 1ul << 14;  // HWCAP2_BF16
  p.neonbf16 = getauxval(AT_HWCAP2) & kBf16 ? "" : kLacking;
#endif
  return p;
}
#endif

}  // namespace

const Processor& processor() {
  static const auto* answer = new Processor(ask());
  return *answer;
}

}  // namespace attune
