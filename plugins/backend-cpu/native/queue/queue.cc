#include "queue/queue.h"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#if defined(__linux__)
#include <sys/mman.h>
#endif

#include "pool/memory.h"
#include "queue/commands.h"

namespace attune {

namespace {

constexpr size_t kTraced = size_t(1) << 18;
constexpr auto kSpin = std::chrono::microseconds(50);

/** The kernels of a set in the order of the command list; a name without a kernel is a broken build. */
std::vector<Kernel> kernels_of(const InstructionSet& set) {
  std::vector<Kernel> kernels;
  for (const std::string& name : command_names()) {
    const Kernel found = set.kernel(name.c_str());
    if (!found && name != "write" && name != "trim" && name != "clearError") throw std::runtime_error("no kernel for command " + name);
    kernels.push_back(found);
  }
  return kernels;
}

template <class T = void>
T* address(double word) { return reinterpret_cast<T*>(uintptr_t(word)); }

}  // namespace

Queue::Queue(const InstructionSet& set, std::shared_ptr<Pool> pool, Listener listener, void* context)
    : pool_(std::move(pool)), listener_(listener), context_(context), kernels_(kernels_of(set)), spent_(kernels_.size()) {
  write_ = command_number("write"), trim_ = command_number("trim"), clear_ = command_number("clearError"), pack_ = command_number("pack");
  thread_ = std::thread([this] { work(); });
}

Queue::~Queue() { stop(); }

void Queue::submit(const double* words, size_t count) {
  auto chunk = std::make_unique<Chunk>();
  chunk->words = std::make_unique_for_overwrite<double[]>(count);
  std::memcpy(chunk->words.get(), words, count * sizeof(double));
  chunk->count = count;
  append(std::move(chunk));
}

void Queue::fence(uint64_t id, const void* source, size_t bytes) {
  auto chunk = std::make_unique<Chunk>();
  chunk->fence = id, chunk->source = source, chunk->bytes = bytes;
  append(std::move(chunk));
}

void Queue::append(std::unique_ptr<Chunk> chunk) {
  const std::lock_guard lock(mutex_);
  Chunk* last = chunk.get();
  (tail_ ? tail_->next : head_) = std::move(chunk);
  tail_ = last;
  if (!pending_.exchange(true)) show_idle(false);
  if (waiting_) wake_.notify_one();
}

void Queue::set_idle_flag(int32_t* flag) {
  const std::lock_guard lock(mutex_);
  idle_flag_ = flag;
  show_idle(!pending_);
}

void Queue::show_idle(bool idle) {
  if (int32_t* flag = idle_flag_.load()) std::atomic_ref(*flag).store(idle, std::memory_order_relaxed);
}

std::unique_ptr<Queue::Chunk> Queue::wait_for_chunks() {
  const auto start = std::chrono::steady_clock::now();
  for (int spins = 0; !pending_.load(std::memory_order_acquire) && !stopping_; ++spins) {
    relax();
    if (spins % 64 == 63 && std::chrono::steady_clock::now() - start > kSpin) break;
  }
  std::unique_lock lock(mutex_);
  waiting_ = true;
  wake_.wait(lock, [&] { return pending_ || stopping_; });
  waiting_ = false;
  tail_ = nullptr;
  pending_ = false;
  return std::move(head_);
}

void Queue::work() {
  flush_denormals();
  for (;;) {
    std::unique_ptr<Chunk> chunk = wait_for_chunks();
    pool_->busy(true);
    const auto start = std::chrono::steady_clock::now();
    for (; chunk; chunk = std::move(chunk->next)) {
      if (chunk->words) run(chunk->words.get(), chunk->count);
      else if (!stopping_) answer(*chunk);
    }
    busy_nanoseconds_ += std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now() - start).count();
    pool_->busy(false);
    if (stopping_) return;
    const std::lock_guard lock(mutex_);
    if (!pending_) show_idle(true);
  }
}

void Queue::run(const double* words, size_t count) {
  for (size_t at = 0; at + 3 <= count;) {
    const auto length = size_t(words[at + 1]);
    if (length < 3 || at + length > count) return failure_.report({FailureCode::native, int64_t(words[at + 2]), words[at]});
    const auto start = std::chrono::steady_clock::now();
    if (stopping_) {
      discard(words + at);
    } else {
      execute(words + at);
      note(words + at, start);
    }
    at += length;
  }
}

void Queue::note(const double* words, std::chrono::steady_clock::time_point start) {
  const auto op = size_t(words[0]);
  if (op >= spent_.size()) return;
  const auto count = [](std::chrono::steady_clock::duration time) { return int64_t(std::chrono::duration_cast<std::chrono::nanoseconds>(time).count()); };
  const int64_t nanoseconds = count(std::chrono::steady_clock::now() - start);
  spent_[op].calls.fetch_add(1, std::memory_order_relaxed);
  spent_[op].nanoseconds.fetch_add(nanoseconds, std::memory_order_relaxed);
  if (!tracing_.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(trace_mutex_);
  if (trace_.size() < kTraced) trace_.push_back({int64_t(words[2]), int64_t(op), count(start - made_), nanoseconds});
}

std::vector<Queue::Ran> Queue::take_trace() {
  const std::lock_guard lock(trace_mutex_);
  return std::exchange(trace_, {});
}

void Queue::discard(const double* words) {
  if (int(words[0]) == write_) free_passing(address(words[3]), size_t(words[5]));
}

void Queue::execute(const double* words) {
  const int op = int(words[0]);
  if (op == write_) {
    std::memcpy(address(words[4]), address(words[3]), size_t(words[5]));
    free_passing(address(words[3]), size_t(words[5]));
  } else if (op == clear_) {
    failure_.clear();
  } else if (op == trim_) {
#if defined(__linux__)
    madvise(address(words[3]), size_t(words[4]), MADV_DONTNEED);
#endif
  } else if (op == pack_ || failure_.get().code == FailureCode::none) {
    try {
      if (op < 0 || size_t(op) >= kernels_.size()) throw std::out_of_range("command");
      Call call(words, *pool_, scratch_, failure_);
      kernels_[size_t(op)](call);
    } catch (...) {
      failure_.report({FailureCode::native, int64_t(words[2]), double(op)});
    }
  }
}

void Queue::answer(const Chunk& chunk) {
  void* copy = nullptr;
  if (chunk.bytes > 0) {
    copy = std::malloc(chunk.bytes);
    if (copy) std::memcpy(copy, chunk.source, chunk.bytes);
    else failure_.report({FailureCode::native, 0, double(chunk.bytes)});
  }
  listener_(context_, {chunk.fence, failure_.get(), copy, copy ? chunk.bytes : 0});
}

void Queue::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  idle_flag_ = nullptr;
  // Unlinked one by one: a long chain must not be destroyed by recursion.
  for (std::unique_ptr<Chunk> chunk = std::move(head_); chunk; chunk = std::move(chunk->next))
    if (chunk->words) run(chunk->words.get(), chunk->count);
  tail_ = nullptr;
}

}  // namespace attune
