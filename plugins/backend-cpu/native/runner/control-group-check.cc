// Quotas of control groups, in a folder that looks like the system's.

#include <filesystem>
#include <fstream>

#include "pool/control-group.h"
#include "runner/checks.h"
#include "runner/samples.h"

namespace attune::runner {

std::vector<std::string> check_control_groups() {
  namespace fs = std::filesystem;
  std::vector<std::string> wrong;
  const fs::path root = fs::temp_directory_path() / text("attune-groups-", at(make_buffer("u8", {1})));
  const auto put = [&](const char* file, const char* content) {
    fs::create_directories((root / file).parent_path());
    std::ofstream(root / file) << content << "\n";
  };
  const auto expect = [&](const char* group, int cores) {
    const int got = granted_cores(root.string(), group);
    if (got != cores) wrong.push_back(text("the group \"", group, "\" grants ", got, " cores instead of ", cores));
  };
  put("v2/service/cpu.max", "150000 100000");
  put("v2/service/worker/cpu.max", "max 100000");
  put("v2/service/small/cpu.max", "50000 100000");
  put("v1/job/cpu.cfs_quota_us", "300000");
  put("v1/job/cpu.cfs_period_us", "100000");
  put("v1/job/step/cpu.cfs_quota_us", "-1");
  put("v1/job/step/cpu.cfs_period_us", "100000");
  expect("", 0);
  expect("/v2/service", 2);
  expect("/v2/service/worker", 2);
  expect("/v2/service/small", 1);
  expect("/v2/service/gone/further", 2);
  expect("/v1/job/step", 3);
  expect("/v1", 0);
  fs::remove_all(root);
  return wrong;
}

}  // namespace attune::runner
