// The runner: op cases and checks on every instruction set that this machine has, the emulated AVX-512 among them.
// Usage: runner CASES-FOLDER [--isa NAME] [--stride N] [--only OP|equality]. Exit status 1 when anything is wrong.

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>

#include "isa/dispatch.h"
#include "runner/cases.h"
#include "runner/checks.h"

namespace attune {
#if defined(__x86_64__)
const InstructionSet& avx512_emulated_set();
const InstructionSet& avx512bf16_emulated_set();
const InstructionSet& amx_emulated_set();
#endif
}  // namespace attune

namespace {

using namespace attune;
using namespace attune::runner;

struct Options {
  std::string cases, isa, only;
  int64_t stride = 4001;
};

std::vector<const InstructionSet*> sets_here() {
  std::vector<const InstructionSet*> sets = chosen_set().available;
#if defined(__x86_64__)
  for (const InstructionSet* set : sets)
    if (std::string(set->name) == "avx2") {
      for (const InstructionSet* emulated : {&avx512_emulated_set(), &avx512bf16_emulated_set(), &amx_emulated_set()}) sets.push_back(emulated);
      break;
    }
#endif
  return sets;
}

int run_cases(const InstructionSet& set, const Options& options, int& passed) {
  int failed = 0;
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(options.cases))
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  Machine machine(set, 2);
  for (const auto& path : files) {
    std::stringstream text;
    text << std::ifstream(path).rdbuf();
    const Json file = parse_json(text.str());
    const std::string op = file.at("op").string;
    if (!options.only.empty() && op != options.only) continue;
    for (const Json& one : file.at("cases").array) {
      Case c(machine, one);
      const std::string wrong = c.check(op);
      if (wrong.empty()) {
        ++passed;
        continue;
      }
      ++failed;
      std::printf("FAIL %s %s \"%s\": %s\n", set.name, op.c_str(), one.at("name").string.c_str(), wrong.c_str());
    }
  }
  return failed;
}

int report(const char* what, const char* set, const std::vector<std::string>& wrong) {
  for (const std::string& line : wrong) std::printf("FAIL %s %s: %s\n", set, what, line.c_str());
  if (wrong.empty()) std::printf("ok   %s %s\n", set, what);
  return int(wrong.size());
}

int run(const Options& options) {
  int failed = 0;
  std::vector<const InstructionSet*> sets = sets_here();
  if (!options.isa.empty()) std::erase_if(sets, [&](const InstructionSet* set) { return options.isa != set->name; });
  if (sets.empty()) {
    std::printf("FAIL no instruction set %s here\n", options.isa.c_str());
    return 1;
  }
  const bool all = options.only.empty();
  for (const InstructionSet* set : sets) {
    if (options.only == "equality") break;
    int passed = 0;
    failed += run_cases(*set, options, passed);
    std::printf("%s: %d cases passed\n", set->name, passed);
    if (!all) continue;
    failed += report("math", set->name, check_math(*set, options.stride));
    failed += report("products", set->name, check_products(*set));
    failed += report("bf16 products", set->name, check_half_products(*set));
    failed += report("bf16 activations", set->name, check_half_activations(*set));
    failed += report("bf16 cast", set->name, check_half_cast(*set, options.stride));
    failed += report("attention", set->name, check_attention(*set));
    failed += report("queue", set->name, check_queue(*set));
  }
  if (all) failed += report("int8 tiles", "all", check_int8_tiles());
  if (all) failed += report("control groups", "all", check_control_groups());
  if (all || options.only == "equality") failed += report("equality", "all", check_equality(sets));
  std::printf(failed ? "%d failures\n" : "all passed\n", failed);
  return failed ? 1 : 0;
}

}  // namespace

int main(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--isa" && i + 1 < count) options.isa = words[++i];
    else if (word == "--stride" && i + 1 < count) options.stride = std::atoll(words[++i]);
    else if (word == "--only" && i + 1 < count) options.only = words[++i];
    else options.cases = word;
  }
  if (options.cases.empty()) {
    std::fputs("usage: runner CASES-FOLDER [--isa NAME] [--stride N] [--only OP|equality]\n", stderr);
    return 2;
  }
  return run(options);
}
