#include "pool/memory.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <mutex>
#include <string>

#include "pool/control-group.h"

#if defined(__unix__) || defined(__APPLE__)
#include <sys/mman.h>
#define ATTUNE_MMAP 1
#endif
#if defined(__APPLE__)
#include <sys/sysctl.h>
#endif
#if defined(__GLIBC__) || !defined(ATTUNE_MMAP)
#include <malloc.h>
#endif

namespace attune {

namespace {

constexpr size_t kHuge = size_t(2) << 20;

size_t rounded(size_t bytes) { return (bytes + kHuge - 1) / kHuge * kHuge; }

/** Bytes of cached files that a group is charged for: the system drops them before it refuses memory. */
double cached_files(const std::string& path) {
  double cached = 0;
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    char name[64];
    double value;
    while (std::fscanf(file, "%63s %lf", name, &value) == 2)
      for (const char* counted : {"active_file", "inactive_file"})
        if (std::strcmp(name, counted) == 0) cached += value;
    std::fclose(file);
  }
  return cached;
}

/** The lowest limit from a group up to its root, and what that group uses besides cached files. */
void lowest_limit(const std::string& root, const std::string& group, const char* limit_file, const char* used_file, MemoryLimits& limits) {
  for_groups(root, group, [&](const std::string& folder) {
    const double limit = number_in(folder + limit_file);
    if (!(limit > 0 && limit < 1e15 && (limits.limit == 0 || limit < limits.limit))) return;
    limits.limit = limit;
    limits.used = number_in(folder + used_file) - cached_files(folder + "/memory.stat");
  });
}

/** What the system has for new work; 0 where it does not say. macOS tells what the machine has: it makes room by compressing and swapping. */
double system_memory() {
  double bytes = 0;
#if defined(__APPLE__)
  uint64_t installed = 0;
  size_t size = sizeof installed;
  if (sysctlbyname("hw.memsize", &installed, &size, nullptr, 0) == 0) bytes = double(installed);
#else
  if (FILE* file = std::fopen("/proc/meminfo", "r")) {
    char line[256];
    double kilobytes = 0;
    while (std::fgets(line, sizeof line, file))
      if (std::sscanf(line, "MemAvailable: %lf", &kilobytes) == 1) bytes = std::max(1.0, kilobytes * 1024);
    std::fclose(file);
  }
#endif
  return bytes;
}

}  // namespace

void* map_chunk(size_t bytes) {
  const size_t size = rounded(bytes);
#if defined(ATTUNE_MMAP)
  void* whole = mmap(nullptr, size + kHuge, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (whole == MAP_FAILED) return nullptr;
  auto* base = static_cast<char*>(whole);
  char* start = base + (kHuge - uintptr_t(base) % kHuge) % kHuge;
  if (start > base) munmap(base, size_t(start - base));
  if (const size_t tail = size_t(base + size + kHuge - (start + size))) munmap(start + size, tail);
#if defined(__linux__)
  madvise(start, size, MADV_HUGEPAGE);
#endif
  return start;
#else
  return _aligned_malloc(size, kHuge);
#endif
}

void unmap_chunk(void* start, size_t bytes) {
#if defined(ATTUNE_MMAP)
  munmap(start, rounded(bytes));
#else
  (void)bytes;
  _aligned_free(start);
#endif
}

#if defined(ATTUNE_MMAP)
namespace {

constexpr size_t kLargePassing = 128 * 1024;

/** Pieces of one size that were given back: weights pass in 1 MB pieces, and new memory costs more than copying does. At most 4 MB are kept. */
constexpr size_t kPiece = size_t(1) << 20;
std::mutex kept_lock;
void* kept[4];
size_t kept_count = 0;

void* take_kept() {
  std::lock_guard<std::mutex> hold(kept_lock);
  return kept_count > 0 ? kept[--kept_count] : nullptr;
}

bool keep(void* piece) {
  std::lock_guard<std::mutex> hold(kept_lock);
  if (kept_count == std::size(kept)) return false;
  kept[kept_count++] = piece;
  return true;
}

}  // namespace
#endif

void* take_passing(size_t bytes) {
#if defined(ATTUNE_MMAP)
  if (bytes == kPiece)
    if (void* piece = take_kept()) return piece;
  if (bytes >= kLargePassing) {
    void* start = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return start == MAP_FAILED ? nullptr : start;
  }
#endif
  return std::malloc(std::max<size_t>(1, bytes));
}

void free_passing(void* start, size_t bytes) {
#if defined(ATTUNE_MMAP)
  if (bytes == kPiece && keep(start)) return;
  if (bytes >= kLargePassing) {
    munmap(start, bytes);
    return;
  }
#endif
  (void)bytes;
  std::free(start);
}

void trim_allocator() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

MemoryLimits memory_limits() {
  MemoryLimits limits{};
  lowest_limit("/sys/fs/cgroup", control_group(""), "/memory.max", "/memory.current", limits);
  lowest_limit("/sys/fs/cgroup/memory", control_group("memory"), "/memory.limit_in_bytes", "/memory.usage_in_bytes", limits);
  limits.available = system_memory();
  if (limits.limit > 0) {
    const double left = std::max(1.0, limits.limit - limits.used);
    limits.available = limits.available > 0 ? std::min(limits.available, left) : left;
  }
  return limits;
}

}  // namespace attune
