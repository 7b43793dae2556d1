#include "pool/control-group.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <sstream>

namespace attune {

namespace {

/** Cores that one group grants, by version 2 or 1; 0 without a quota. */
double quota_of(const std::string& folder) {
  double limit = 0, period = 0;
  if (FILE* file = std::fopen((folder + "/cpu.max").c_str(), "r")) {
    if (std::fscanf(file, "%lf %lf", &limit, &period) != 2) limit = period = 0;  // "max": no quota
    std::fclose(file);
  } else {
    limit = number_in(folder + "/cpu.cfs_quota_us"), period = number_in(folder + "/cpu.cfs_period_us");
  }
  return limit > 0 && period > 0 ? limit / period : 0;
}

/** Whether a line's controllers ("cpu,cpuacct") name this one. */
bool names(const std::string& controllers, const std::string& controller) {
  if (controllers == controller) return true;
  std::istringstream list(controllers);
  for (std::string one; std::getline(list, one, ',');)
    if (one == controller) return true;
  return false;
}

}  // namespace

double number_in(const std::string& path) {
  double value = 0;
  if (FILE* file = std::fopen(path.c_str(), "r")) {
    if (std::fscanf(file, "%lf", &value) != 1) value = 0;
    std::fclose(file);
  }
  return value;
}

std::string control_group(const std::string& controller) {
  std::string found;
  if (FILE* file = std::fopen("/proc/self/cgroup", "r")) {
    char line[1024];
    while (std::fgets(line, sizeof line, file)) {
      char* name = std::strchr(line, ':');
      char* path = name ? std::strchr(name + 1, ':') : nullptr;
      if (!path) continue;
      *path++ = 0;
      path[std::strcspn(path, "\n")] = 0;
      if (names(name + 1, controller)) found = path;
    }
    std::fclose(file);
  }
  return found == "/" ? "" : found;
}

int granted_cores(const std::string& root, const std::string& group) {
  double least = 0;
  for_groups(root, group, [&](const std::string& folder) {
    const double cores = quota_of(folder);
    if (cores > 0 && (least == 0 || cores < least)) least = cores;
  });
  return int(std::ceil(least));
}

}  // namespace attune
