// SPDX-License-Identifier: BSD-3-Clause

// Runs the schedules on a build of the flow core that makes one of the mistakes it can be told to
// make, and succeeds if they notice.

#include "simulation/schedules.hpp"
#include "weir/core/planted_fault.hpp"

#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace {

using weir::fault;

constexpr std::array<std::pair<std::string_view, fault>, 11> faults{{
    {"none", fault::none},
    {"barrier_overtakes_data", fault::barrier_overtakes_data},
    {"credit_lost_on_empty", fault::credit_lost_on_empty},
    {"merge_by_maximum", fault::merge_by_maximum},
    {"idle_not_passed_on", fault::idle_not_passed_on},
    {"offset_one_too_far", fault::offset_one_too_far},
    {"old_attempt_accepted", fault::old_attempt_accepted},
    {"commit_before_manifest", fault::commit_before_manifest},
    {"timers_not_saved", fault::timers_not_saved},
    {"watermark_not_saved", fault::watermark_not_saved},
    {"failed_one_dropped", fault::failed_one_dropped},
}};

constexpr std::uint64_t schedules = 3'000;

/// Answers the exit code: 0 if the schedules found the mistake, or found none where there is none.
int run(std::string_view name, fault what) {
  weir::planted_fault = what;
  for (std::uint64_t seed = 0; seed < schedules; ++seed) {
    const auto report =
        seed % 2 == 0 ? weir::test::run_schedule(seed) : weir::test::run_fault_schedule(seed);
    if (report.problem.empty()) continue;
    std::printf("%s: seed %llu (%s): %s\n", name.data(), static_cast<unsigned long long>(seed),
                report.shape.c_str(), report.problem.c_str());
    return what == fault::none ? 1 : 0;
  }
  std::printf("%s: nothing found in %llu schedules\n", name.data(),
              static_cast<unsigned long long>(schedules));
  return what == fault::none ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2)
    for (const auto& [name, what] : faults)
      if (name == argv[1]) return run(name, what);
  std::fputs("usage: planted_faults <fault>, one of\n", stderr);
  for (const auto& [name, what] : faults) std::fprintf(stderr, "  %s\n", name.data());
  return 2;
}
