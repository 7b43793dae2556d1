// The command list (commands.inc) at run time: its text for the TypeScript encoder, its names for the decoder.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace attune {

const char* command_list();
/** Command names; the position is the op number. */
const std::vector<std::string>& command_names();
/** The op number of a name; -1 where there is none. */
int command_number(const char* name);

}  // namespace attune
