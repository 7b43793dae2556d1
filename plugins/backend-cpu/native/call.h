// What a kernel is given: its arguments, the pool, and a way to report what only the data knows.
// Kernels check nothing else, allocate nothing and never throw: shapes and memory were settled when the command was enqueued.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>

#include "pool/pool.h"

namespace attune {

/** What only the data knows; `code` names the error, `detail` is the offending value. */
enum class FailureCode : int { none = 0, tokenId = 1, target = 2, index = 3, native = 4 };

struct Failure {
  FailureCode code = FailureCode::none;
  int64_t seq = 0;
  double detail = 0;
};

/** The first failure of a queue; later ones are dropped until it is cleared. Any thread may report. */
class StickyFailure {
 public:
  void report(Failure failure) {
    const std::lock_guard lock(mutex_);
    if (failure_.code == FailureCode::none) failure_ = failure;
  }
  Failure get() {
    const std::lock_guard lock(mutex_);
    return failure_;
  }
  void clear() {
    const std::lock_guard lock(mutex_);
    failure_ = {};
  }

 private:
  std::mutex mutex_;
  Failure failure_;
};

/** One command while it runs: reads its words in the order of commands.inc. */
class Call {
 public:
  Call(const double* words, Pool& pool, Scratch& scratch, StickyFailure& failure)
      : pool(pool), scratch(scratch), failure_(failure), seq_(int64_t(words[2])), cursor_(words + 3) {}

  template <class T = float>
  T* pointer() { return reinterpret_cast<T*>(uintptr_t(*cursor_++)); }
  int64_t integer() { return int64_t(*cursor_++); }
  bool flag() { return *cursor_++ != 0; }
  float real() { return float(*cursor_++); }
  double number() { return *cursor_++; }
  /** A counted list, left in place. */
  const double* list(int64_t& count) {
    count = integer();
    const double* start = cursor_;
    cursor_ += count;
    return start;
  }
  /** The integer that many words ahead, for types that stand behind the addresses. */
  int64_t ahead(int64_t words) const { return int64_t(cursor_[words]); }
  /** The words not read yet: a list of groups. */
  const double* rest() const { return cursor_; }
  void fail(FailureCode code, double detail) { failure_.report({code, seq_, detail}); }

  Pool& pool;
  Scratch& scratch;

 private:
  StickyFailure& failure_;
  int64_t seq_;
  const double* cursor_;
};

using Kernel = void (*)(Call&);

}  // namespace attune
