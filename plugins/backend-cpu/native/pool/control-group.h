// The control groups of this process: what containers and services are granted, by its own group and by each above it.
// Reads small files; where there are none, nothing is limited.
#pragma once

#include <string>

namespace attune {

/** The first number in a file; 0 without one. */
double number_in(const std::string& path);

/** This process's group in the hierarchy of a controller ("memory", "cpu"; "" is version 2), as a path below its root: "" at the root. */
std::string control_group(const std::string& controller);

/** Calls visit(folder) for a group and those above it, up to the root. */
template <class Visit>
void for_groups(const std::string& root, std::string group, const Visit& visit) {
  for (;;) {
    visit(root + group);
    if (group.empty()) return;
    const size_t slash = group.rfind('/');
    group.resize(slash == std::string::npos ? 0 : slash);
  }
}

/** The smallest CPU quota from a group up to its root, in whole cores; 0 where there is none. */
int granted_cores(const std::string& root, const std::string& group);

}  // namespace attune
