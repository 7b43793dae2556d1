#include "pool/probes.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <vector>

#include "pool/memory.h"
#include "shapes.h"

namespace attune {

namespace {

double seconds_since(std::chrono::steady_clock::time_point start) { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

struct PeakJob {
  const InstructionSet* set;
  std::vector<double> operations;
};

struct StreamJob {
  const char* from;
  char* to;
  size_t each;
};

}  // namespace

double peak_flops(const InstructionSet& set, Pool& pool, int repeats) {
  Scratch scratch;
  PeakJob job{&set, std::vector<double>(size_t(pool.size()))};
  const auto run = [](void* context, int64_t task, Scratch&) {
    auto* job = static_cast<PeakJob*>(context);
    job->operations[size_t(task)] = job->set->multiplyAdds(1 << 20);
  };
  double best = 0;
  for (int i = 0; i < repeats; ++i) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(run, &job, pool.size(), scratch);
    const double seconds = seconds_since(start);
    double operations = 0;
    for (const double done : job.operations) operations += done;
    best = std::max(best, operations / seconds);
  }
  return best;
}

double stream_bytes(Pool& pool, int repeats) {
  constexpr size_t kBytes = size_t(128) << 20;
  Scratch scratch;
  auto* from = static_cast<char*>(map_chunk(kBytes));
  auto* to = static_cast<char*>(map_chunk(kBytes));
  double best = 0;
  if (from && to) {
    StreamJob job{from, to, kBytes / size_t(pool.size())};
    const auto run = [](void* context, int64_t task, Scratch&) {
      const auto* job = static_cast<StreamJob*>(context);
      std::memcpy(job->to + size_t(task) * job->each, job->from + size_t(task) * job->each, job->each);
    };
    for (int i = 0; i < repeats; ++i) {
      const auto start = std::chrono::steady_clock::now();
      pool.run(run, &job, pool.size(), scratch);
      best = std::max(best, 2.0 * double(job.each) * double(pool.size()) / seconds_since(start));
    }
  }
  if (from) unmap_chunk(from, kBytes);
  if (to) unmap_chunk(to, kBytes);
  return best;
}

int64_t packed_bytes(const InstructionSet& set, int64_t columns, int64_t depth, DType type) {
  const int64_t unit = type == DType::bf16 ? set.halfDepthUnit : 1, element = type == DType::bf16 ? 2 : 4;
  return (columns + set.panel - 1) / set.panel * set.panel * ((depth + unit - 1) / unit * unit) * element;
}

int64_t gradient_workspace(int64_t t, int64_t n, int64_t k) {
  const int64_t slices = gradient_slices(t, n, k);
  return slices > 1 ? slices * n * (k + 1) : 0;
}

int64_t norm_workspace(int64_t rows, int64_t width) { return norm_blocks(rows) * 2 * width; }

}  // namespace attune
