// An op case in memory, and the commands that it becomes: the runner's counterpart of the TypeScript encoder.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "isa/isa.h"
#include "runner/json.h"

namespace attune::runner {

/** A tensor of exactly its size on the heap, so that a sanitizer sees every step beyond it. */
struct Buffer {
  std::string dtype;
  std::vector<int64_t> shape;
  std::unique_ptr<std::byte[]> data;

  int64_t size() const;
  int64_t axis(int64_t i) const { return shape[size_t(i < 0 ? i + int64_t(shape.size()) : i)]; }
  /** Product of the axes before, and behind, an axis. */
  int64_t before(int64_t axis) const;
  int64_t behind(int64_t axis) const;
  double get(int64_t i) const;
};

Buffer make_buffer(const std::string& dtype, std::vector<int64_t> shape);
Buffer read_buffer(const Json& json);

/** Runs kernels of one instruction set by name, flushing denormals as a queue's thread does. */
class Machine {
 public:
  Machine(const InstructionSet& set, int threads) : set_(set), pool_(threads) {}
  void run(const std::string& command, const std::vector<double>& arguments);
  const InstructionSet& set() const { return set_; }
  Failure failure() { return failure_.get(); }
  void clear_failure() { failure_.clear(); }

 private:
  const InstructionSet& set_;
  Pool pool_;
  Scratch scratch_;
  StickyFailure failure_;
};

/** One case while it runs on a machine. */
class Case {
 public:
  Case(Machine& machine, const Json& json);
  /** "" or what is wrong. */
  std::string check(const std::string& op);

  bool has(const std::string& input) const { return inputs_.count(input) > 0; }
  Buffer& in(const std::string& name) { return inputs_.at(name).front(); }
  std::vector<Buffer>& list(const std::string& name) { return inputs_[name]; }
  Buffer& out(const std::string& name);
  /** Addresses; 0 where an optional one is absent. */
  double x(const std::string& input);
  double y(const std::string& output);
  double address(const Buffer& buffer) const { return double(uintptr_t(buffer.data.get())); }
  Buffer& temporary(int64_t count, const std::string& dtype = "f32");
  double attribute(const std::string& name, double fallback = 0) const { return attributes_.get(name, fallback); }
  const Json& attributes() const { return attributes_; }
  std::string word(const std::string& name) const { return attributes_.at(name).string; }
  /** p seed step site row; zeros where there is no dropout. */
  std::vector<double> random() const;
  void run(const std::string& command, std::vector<double> arguments) { machine_.run(command, arguments); }
  Machine& machine() { return machine_; }

 private:
  std::string compare(const std::string& name, size_t index, const Buffer& got, const Json& expected) const;

  Machine& machine_;
  const Json& json_;
  const Json& attributes_;
  std::map<std::string, std::vector<Buffer>> inputs_;
  std::map<std::string, Buffer> outputs_;
  std::list<Buffer> temporaries_;
};

/** Encodes and runs a case of an op; false where the runner does not know the op. */
bool run_op(const std::string& op, Case& c);

double number_of(const std::string& list, const std::string& word);
std::vector<double> join(std::vector<std::vector<double>> lists);

}  // namespace attune::runner
