// Checks that no case file can hold: sweeps against libm, bit equality between instruction sets and thread counts, long texts, the queue.
#pragma once

#include <string>
#include <vector>

#include "isa/isa.h"

namespace attune::runner {

/** Each returns what is wrong, line by line; empty when all is well. */
std::vector<std::string> check_math(const InstructionSet& set, int64_t stride);
std::vector<std::string> check_equality(const std::vector<const InstructionSet*>& sets);
std::vector<std::string> check_products(const InstructionSet& set);
std::vector<std::string> check_half_products(const InstructionSet& set);
std::vector<std::string> check_half_activations(const InstructionSet& set);
/** The int8 product of the tile interface, emulated and, where the processor has it, real. No kernel uses it yet. */
std::vector<std::string> check_int8_tiles();
std::vector<std::string> check_half_cast(const InstructionSet& set, int64_t stride);
std::vector<std::string> check_attention(const InstructionSet& set);
std::vector<std::string> check_queue(const InstructionSet& set);
/** CPU quotas of nested groups, in folders as the system shows them. */
std::vector<std::string> check_control_groups();

}  // namespace attune::runner
