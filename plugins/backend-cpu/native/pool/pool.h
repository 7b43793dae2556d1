// The process-wide thread pool: fork-join over numbered tasks, the caller takes part. Tasks are handed out dynamically, so a kernel must give
// a task the same content whatever thread runs it. Refuses: nesting, and waiting for a thread that has not started.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace attune {

/** One thread's scratch memory: 4 MB, handed out from the start in every task. Kernels block so that they fit. */
class Scratch {
 public:
  static constexpr size_t kBytes = size_t(4) << 20;
  /** std::bad_alloc without room. */
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  void reset() { used_ = 0; }
  /** Uninitialised, 64-byte aligned. */
  float* floats(int64_t count) { return of<float>(count); }
  template <class T>
  T* of(int64_t count) { return static_cast<T*>(bytes(size_t(count) * sizeof(T))); }

 private:
  void* bytes(size_t count);

  std::byte* base_;
  size_t used_ = 0;
};

class Pool {
 public:
  using Function = void (*)(void* context, int64_t task, Scratch& scratch);

  /** The shared pool, made on first use; each acquire needs one release, the last of which joins the threads. */
  static std::shared_ptr<Pool> acquire();
  /** As many threads as the system grants, `threads` at most, the caller included. */
  explicit Pool(int threads);
  ~Pool();

  /** Threads that work on one command, the caller included. */
  int size() const { return int(workers_.size()) + 1; }
  /** Runs task 0..tasks-1 and returns when all are done. `mine` is the caller's scratch. */
  void run(Function function, void* context, int64_t tasks, Scratch& mine);
  /** While some queue has commands the workers spin instead of sleeping. */
  void busy(bool yes) { busy_.fetch_add(yes ? 1 : -1, std::memory_order_relaxed); }

 private:
  /** False where the system grants fewer workers: those that started go on. */
  bool start(int workers);
  void stop();
  void work(Scratch& scratch);
  bool take(uint64_t& state, int64_t& task, Function& function, void*& context);
  void wait_for_change(uint64_t state);

  // The generation of the job in the upper half, the next task in the lower: a claim fails if the job has changed meanwhile.
  std::atomic<uint64_t> state_{0};
  std::atomic<Function> function_{nullptr};
  std::atomic<void*> context_{nullptr};
  std::atomic<int64_t> tasks_{0};
  std::atomic<int64_t> done_{0};
  std::atomic<int> busy_{0};
  std::atomic<int> sleepers_{0};
  std::atomic<bool> stopping_{false};
  std::mutex turn_;
  std::mutex sleep_mutex_;
  std::condition_variable wake_;
  std::vector<std::thread> workers_;
};

/** min(affinity, control group quota, ATTUNE_THREADS), at least 1. */
int thread_count();

/** Flush denormals to zero in this thread, or no longer (never in the JavaScript thread). */
void flush_denormals(bool yes = true);

/** One spin-wait hint. */
void relax();

}  // namespace attune
