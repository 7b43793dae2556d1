// Runs recorded commands (lib/recorder.ts) with the kernels of one instruction set on one thread, without Node: what instruction counters can
// watch. Memory is mapped where the recording says, so addresses in commands hold as they are. Reads the recording from a file:
//   words of 8 bytes: chunks, then (address, bytes) each; staged, then (address, bytes, content padded to 8) each; words, then the commands.
// Under callgrind every command is one dump, named after the command.

#include <sys/mman.h>
#include <valgrind/callgrind.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "call.h"
#include "isa/dispatch.h"
#include "queue/commands.h"

namespace {

using namespace attune;

/** A file of doubles, read once from front to back. */
class Input {
 public:
  explicit Input(const char* path) {
    std::FILE* file = std::fopen(path, "rb");
    if (!file) fail("the recording cannot be opened");
    std::fseek(file, 0, SEEK_END);
    words_.resize(size_t(std::ftell(file)) / sizeof(double));
    std::rewind(file);
    if (std::fread(words_.data(), sizeof(double), words_.size(), file) != words_.size()) fail("the recording is cut off");
    std::fclose(file);
  }

  double number() { return words_.at(at_++); }
  const double* take(size_t words) {
    const double* start = words_.data() + at_;
    at_ += words;
    return start;
  }
  [[noreturn]] static void fail(const char* problem) {
    std::fprintf(stderr, "replay: %s\n", problem);
    std::exit(1);
  }

 private:
  std::vector<double> words_;
  size_t at_ = 0;
};

void* pointer(double address) { return reinterpret_cast<void*>(uintptr_t(address)); }

void map_at(double address, double bytes) {
  const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE;
  if (mmap(pointer(address), size_t(bytes), PROT_READ | PROT_WRITE, flags, -1, 0) != pointer(address)) Input::fail("memory of the recording is taken");
}

void map_memory(Input& input) {
  for (auto chunks = int64_t(input.number()); chunks > 0; --chunks) {
    const double address = input.number();
    map_at(address, input.number());
  }
  for (auto staged = int64_t(input.number()); staged > 0; --staged) {
    const double address = input.number();
    const auto bytes = size_t(input.number());
    map_at(address, double(bytes > 0 ? bytes : 1));
    std::memcpy(pointer(address), input.take((bytes + 7) / 8), bytes);
  }
}

Kernel kernel_of(const InstructionSet& set, const std::string& name) {
  for (int i = 0; i < set.entryCount; ++i)
    if (name == set.entries[i].name) return set.entries[i].run;
  return nullptr;  // write, trim, clearError: the queue's own
}

void replay(const InstructionSet& set, const double* words, size_t count) {
  Pool pool(1);
  const auto scratch = std::make_unique<Scratch>();
  StickyFailure failure;
  flush_denormals();
  for (size_t at = 0; at < count; at += size_t(words[at + 1])) {
    const std::string& name = command_names().at(size_t(words[at]));
    const Kernel kernel = kernel_of(set, name);
    if (name == "write") std::memcpy(pointer(words[at + 4]), pointer(words[at + 3]), size_t(words[at + 5]));
    if (!kernel) continue;
    Call call(words + at, pool, *scratch, failure);
    CALLGRIND_ZERO_STATS;
    kernel(call);
    CALLGRIND_DUMP_STATS_AT(name.c_str());
  }
  if (failure.get().code != FailureCode::none) Input::fail("a kernel reported a failure");
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) Input::fail("usage: replay RECORDING");
  Input input(arguments[1]);
  map_memory(input);
  const auto words = size_t(input.number());
  replay(*chosen_set().set, input.take(words), words);
  std::printf("%s\n", chosen_set().set->name);
}
