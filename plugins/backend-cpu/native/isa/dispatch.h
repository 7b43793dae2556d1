// Chooses the instruction set of this machine once: the best that processor and system support, or a lower one that ATTUNE_CPU_ISA names.
#pragma once

#include <string>
#include <vector>

#include "isa/isa.h"

namespace attune {

struct Choice {
  const InstructionSet* set;
  /** Why this one: a sentence for `attune doctor`. */
  std::string reason;
  /** All that this machine can run, best first. */
  std::vector<const InstructionSet*> available;
  /** What it cannot run, and why: sentences. */
  std::vector<std::string> absent;
};

const Choice& chosen_set();

}  // namespace attune
