// One in-order queue of commands and the thread that runs them. Submitting copies and never blocks; the queue grows in linked chunks.
// After a failure that only the data shows, commands are skipped until `clearError`, but for those whose results outlive it: writes, and packs of
// weights, which hold what their memory holds. Every fence reports the failure.
// Knows nothing of JavaScript: fences are answered through a function pointer, from the queue's thread.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "call.h"
#include "isa/isa.h"

namespace attune {

/** What a fence found. `bytes` is a copy of the memory it was asked for; the receiver frees it with std::free. */
struct Completion {
  uint64_t fence;
  Failure failure;
  void* bytes;
  size_t size;
};

class Queue {
 public:
  using Listener = void (*)(void* context, Completion completion);

  /** std::exception where the system grants no thread or no scratch memory. */
  Queue(const InstructionSet& set, std::shared_ptr<Pool> pool, Listener listener, void* context);
  ~Queue();

  /** Copies whole commands. */
  void submit(const double* words, size_t count);
  /** Answered after all that was submitted before; with `source`, with a copy of its bytes. */
  void fence(uint64_t id, const void* source = nullptr, size_t bytes = 0);
  /** Ends after the command in flight and joins; the rest of the queue is dropped. Idempotent. */
  void stop();

  Failure failure() { return failure_.get(); }
  /** 1 while the queue is empty, else 0, in memory that outlives the queue. */
  void set_idle_flag(int32_t* flag);
  /** Calls and nanoseconds of a command so far, by its number. */
  struct Spent {
    std::atomic<int64_t> calls{0};
    std::atomic<int64_t> nanoseconds{0};
  };
  const std::vector<Spent>& spent() const { return spent_; }
  /** One command as it ran; nanoseconds count from the making of the queue. */
  struct Ran {
    int64_t seq, op, start, nanoseconds;
  };
  /** Whether commands from now on are kept for `take_trace`, the first 2^18 of them. */
  void trace(bool on) { tracing_ = on; }
  /** What was kept since the last call. */
  std::vector<Ran> take_trace();
  int64_t busy_nanoseconds() const { return busy_nanoseconds_.load(std::memory_order_relaxed); }

 private:
  struct Chunk {
    std::unique_ptr<double[]> words;
    size_t count = 0;
    uint64_t fence = 0;
    const void* source = nullptr;
    size_t bytes = 0;
    std::unique_ptr<Chunk> next;
  };

  void append(std::unique_ptr<Chunk> chunk);
  std::unique_ptr<Chunk> wait_for_chunks();
  void work();
  void run(const double* words, size_t count);
  void execute(const double* words);
  /** Drops a command once the queue is stopping: the staged bytes of a write go with it. */
  void discard(const double* words);
  /** Counts a command that has run, and keeps it while tracing. */
  void note(const double* words, std::chrono::steady_clock::time_point start);
  void answer(const Chunk& chunk);
  void show_idle(bool idle);

  std::shared_ptr<Pool> pool_;
  Listener listener_;
  void* context_;
  std::vector<Kernel> kernels_;
  std::vector<Spent> spent_;
  const std::chrono::steady_clock::time_point made_ = std::chrono::steady_clock::now();
  std::atomic<bool> tracing_{false};
  std::mutex trace_mutex_;
  std::vector<Ran> trace_;
  int write_, trim_, clear_, pack_;
  StickyFailure failure_;
  std::atomic<int32_t*> idle_flag_{nullptr};
  std::atomic<int64_t> busy_nanoseconds_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> waiting_{false};
  std::mutex mutex_;
  std::condition_variable wake_;
  std::unique_ptr<Chunk> head_;
  Chunk* tail_ = nullptr;
  std::atomic<bool> pending_{false};
  Scratch scratch_;  // of the thread
  std::thread thread_;
};

}  // namespace attune
