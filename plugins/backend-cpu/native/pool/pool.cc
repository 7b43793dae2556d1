#include "pool/pool.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <utility>

#include "pool/control-group.h"

#if defined(__linux__)
#include <sched.h>
#include <sys/mman.h>
#endif
#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace attune {

namespace {

constexpr auto kSpin = std::chrono::microseconds(50);
constexpr uint64_t kTaskMask = 0xffffffff;

/** Cores granted by the control groups (v2 and v1) and those above them; 0 where there is no quota. */
int quota() {
  const int unified = granted_cores("/sys/fs/cgroup", control_group("")), legacy = granted_cores("/sys/fs/cgroup/cpu", control_group("cpu"));
  return unified > 0 && legacy > 0 ? std::min(unified, legacy) : std::max(unified, legacy);
}

}  // namespace

void relax() {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

void flush_denormals(bool yes) {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_setcsr(yes ? _mm_getcsr() | 0x8040 : _mm_getcsr() & ~0x8040u);
#elif defined(__aarch64__)
  uint64_t control;
  asm volatile("mrs %0, fpcr" : "=r"(control));
  asm volatile("msr fpcr, %0" ::"r"(yes ? control | (uint64_t(1) << 24) : control & ~(uint64_t(1) << 24)));
#endif
}

int thread_count() {
  int count = int(std::thread::hardware_concurrency());
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
  if (const int granted = quota(); granted > 0 && granted < count) count = granted;
  if (const char* wanted = std::getenv("ATTUNE_THREADS")) {
    const int number = std::atoi(wanted);
    if (number > 0) count = number;
  }
  return count < 1 ? 1 : count;
}

Scratch::Scratch() {
  base_ = static_cast<std::byte*>(std::aligned_alloc(size_t(2) << 20, kBytes));
  if (!base_) throw std::bad_alloc();
#if defined(__linux__)
  madvise(base_, kBytes, MADV_HUGEPAGE);
#endif
}

Scratch::~Scratch() { std::free(base_); }

void* Scratch::bytes(size_t count) {
  const size_t bytes = (count + 63) & ~size_t(63);
  if (used_ + bytes > kBytes) {
    std::fputs("attune: a kernel asked for more scratch memory than it declared\n", stderr);
    std::abort();
  }
  void* start = base_ + used_;
  used_ += bytes;
  return start;
}

std::shared_ptr<Pool> Pool::acquire() {
  // Never destroyed: process.exit() ends threads where they stand, and a destructor would wait for them.
  static auto* mutex = new std::mutex;
  static auto* shared = new std::weak_ptr<Pool>;
  const std::lock_guard lock(*mutex);
  std::shared_ptr<Pool> pool = shared->lock();
  if (!pool) {
    pool = std::make_shared<Pool>(thread_count());
    *shared = pool;
  }
  return pool;
}

Pool::Pool(int threads) {
  // Half of what there was, where the system grants no more: the queue and JavaScript need threads and memory, too. Results are the same with any number.
  for (int workers = threads - 1; !start(workers);) {
    workers = int(workers_.size()) / 2;
    stop();
  }
}

Pool::~Pool() { stop(); }

bool Pool::start(int workers) {
  stopping_ = false;
  try {
    while (int(workers_.size()) < workers) {
      auto scratch = std::make_unique<Scratch>();
      workers_.emplace_back([this, scratch = std::move(scratch)] { work(*scratch); });
    }
  } catch (const std::exception&) {
    return false;
  }
  return true;
}

void Pool::stop() {
  {
    const std::lock_guard lock(sleep_mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  for (std::thread& worker : workers_) worker.join();
  workers_.clear();
}

void Pool::run(Function function, void* context, int64_t tasks, Scratch& mine) {
  if (tasks <= 1 || workers_.empty()) {
    for (int64_t task = 0; task < tasks; ++task) {
      mine.reset();
      function(context, task, mine);
    }
    return;
  }
  const std::lock_guard turn(turn_);
  const uint64_t generation = (state_.load(std::memory_order_relaxed) >> 32) + 1;
  // Between jobs no task is left, so no claim can succeed while the fields change: close the old job first.
  state_.store(generation << 32 | kTaskMask, std::memory_order_seq_cst);
  function_.store(function, std::memory_order_release);
  context_.store(context, std::memory_order_release);
  tasks_.store(tasks, std::memory_order_release);
  done_.store(0, std::memory_order_relaxed);
  state_.store((generation + 1) << 32, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) > 0) {
    { const std::lock_guard lock(sleep_mutex_); }
    wake_.notify_all();
  }
  uint64_t state = state_.load(std::memory_order_acquire);
  int64_t task;
  while (take(state, task, function, context)) {
    mine.reset();
    function(context, task, mine);
    done_.fetch_add(1, std::memory_order_acq_rel);
  }
  // A worker that holds a task may have lost its core: after a while the wait gives this one up.
  for (int spins = 0; done_.load(std::memory_order_acquire) < tasks; ++spins) spins < 4096 ? relax() : std::this_thread::yield();
}

bool Pool::take(uint64_t& state, int64_t& task, Function& function, void*& context) {
  for (;;) {
    state = state_.load(std::memory_order_acquire);
    function = function_.load(std::memory_order_acquire);
    context = context_.load(std::memory_order_acquire);
    task = int64_t(state & kTaskMask);
    if (task == int64_t(kTaskMask) || task >= tasks_.load(std::memory_order_acquire)) return false;
    if (state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) return true;
  }
}

void Pool::wait_for_change(uint64_t state) {
  const auto idle_since = std::chrono::steady_clock::now();
  for (int spins = 0; state_.load(std::memory_order_acquire) == state; ++spins) {
    if (stopping_.load(std::memory_order_relaxed)) return;
    relax();
    if (spins % 64 != 63) continue;
    if (std::chrono::steady_clock::now() - idle_since < kSpin) continue;
    if (busy_.load(std::memory_order_relaxed) > 0) {
      std::this_thread::yield();
    } else {
      std::unique_lock lock(sleep_mutex_);
      sleepers_.fetch_add(1, std::memory_order_seq_cst);
      wake_.wait(lock, [&] { return stopping_.load() || state_.load(std::memory_order_seq_cst) != state; });
      sleepers_.fetch_sub(1, std::memory_order_seq_cst);
    }
  }
}

void Pool::work(Scratch& scratch) {
  flush_denormals();
  while (!stopping_.load(std::memory_order_relaxed)) {
    uint64_t state;
    int64_t task;
    Function function;
    void* context;
    if (take(state, task, function, context)) {
      scratch.reset();
      function(context, task, scratch);
      done_.fetch_add(1, std::memory_order_acq_rel);
    } else {
      wait_for_change(state);
    }
  }
}

}  // namespace attune
