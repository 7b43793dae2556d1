#include "isa/dispatch.h"

#include <cstdlib>

namespace attune {

namespace {

// The compiler's own test reads cpuid and XCR0, so a system that does not save the wide registers counts as one without them.
std::vector<const InstructionSet*> available_sets() {
  std::vector<const InstructionSet*> sets;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    sets.push_back(&avx512_set());
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) sets.push_back(&avx2_set());
#endif
  sets.push_back(&baseline_set());
  return sets;
}

Choice choose() {
  Choice choice{nullptr, "", available_sets()};
  choice.set = choice.available.front();
  choice.reason = std::string(choice.set->name) + " is the widest that this processor and system support";
  const char* wanted = std::getenv("ATTUNE_CPU_ISA");
  if (!wanted || !*wanted) return choice;
  for (const InstructionSet* set : choice.available)
    if (std::string(wanted) == set->name) {
      choice.set = set;
      choice.reason = std::string(set->name) + " was chosen by ATTUNE_CPU_ISA";
      return choice;
    }
  choice.reason += "; ATTUNE_CPU_ISA=" + std::string(wanted) + " cannot run here";
  return choice;
}

}  // namespace

const Choice& chosen_set() {
  static const auto* choice = new Choice(choose());
  return *choice;
}

}  // namespace attune
