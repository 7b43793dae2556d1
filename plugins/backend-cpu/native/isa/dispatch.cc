#include "isa/dispatch.h"

#include <cstdlib>

#include "isa/processor.h"

namespace attune {

namespace {

Choice choices() {
  Choice choice{};
#if defined(__x86_64__) || defined(ATTUNE_NEON_BF16)
  const Processor& here = processor();
  const auto offer = [&](const InstructionSet& set, const char* name, const std::string& why_not) {
    if (why_not.empty()) choice.available.push_back(&set);
    else choice.absent.push_back(std::string(name) + ": " + why_not);
  };
#endif
#if defined(__x86_64__)
  offer(amx_set(), "AMX", here.amx);
  offer(avx512bf16_set(), "AVX-512 BF16", here.avx512bf16);
  offer(avx512_set(), "AVX-512", here.avx512);
  offer(avx2_set(), "AVX2", here.avx2);
#elif defined(ATTUNE_NEON_BF16)
  offer(neonbf16_set(), "NEON BF16", here.neonbf16);
#endif
  choice.available.push_back(&baseline_set());
  return choice;
}

Choice choose() {
  Choice choice = choices();
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
