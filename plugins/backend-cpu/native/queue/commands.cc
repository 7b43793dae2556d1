#include "queue/commands.h"

#include <sstream>

namespace attune {

namespace {

constexpr char kList[] =
#include "commands.inc"
    ;

std::vector<std::string> parse() {
  std::vector<std::string> names;
  std::istringstream lines(kList);
  for (std::string line; std::getline(lines, line);) {
    const size_t colon = line.find(':');
    if (line.empty() || line[0] == '#' || line.rfind("enum ", 0) == 0 || colon == std::string::npos) continue;
    names.push_back(line.substr(0, colon));
  }
  return names;
}

}  // namespace

const char* command_list() { return kList; }

const std::vector<std::string>& command_names() {
  static const auto* names = new std::vector<std::string>(parse());
  return *names;
}

int command_number(const char* name) {
  const auto& names = command_names();
  for (size_t i = 0; i < names.size(); ++i)
    if (names[i] == name) return int(i);
  return -1;
}

}  // namespace attune
