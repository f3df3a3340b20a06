// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/schedules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <iostream>

namespace {

using weir::test::met;
using weir::test::run_fault_schedule;
using weir::test::schedule_report;
using weir::test::tallies;

/// More of them where WEIR_LONG is set, as `./dev test --long` does; fewer under a sanitizer, where
/// each takes ten times as long.
std::uint64_t schedules_to_run() {
  const char* long_run = std::getenv("WEIR_LONG");
  if (long_run != nullptr && *long_run != '\0') return 20'000;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  return 500;
#else
  return 2'000;
#endif
}

/// The classes of faults that a suite must have met often.
constexpr std::array classes{
    met::crash_in_alignment,   met::crash_while_saving,   met::crash_while_acknowledging,
    met::crash_in_store,       met::crash_before_commit,  met::crash_in_restore,
    met::saved_some,           met::failed_store,         met::slow_store,
    met::lost_acknowledgement, met::late_acknowledgement, met::late_wake,
    met::repeated_wake};

/// Three checkpoints, and a crash behind the first: less says little about recovery.
bool counts(const tallies& seen) {
  return seen[met::checkpoint] >= 3 && seen[met::crash_with_checkpoint] >= 1;
}

}  // namespace

TEST_CASE("after any faults what is committed is what an undisturbed run commits") {
  if (const char* alone = std::getenv("WEIR_SEED")) {
    const schedule_report r = run_fault_schedule(std::strtoull(alone, nullptr, 10));
    std::cout << r.shape << "\n" << r.seen.report();
    INFO("WEIR_SEED=" << alone << " " << r.shape);
    REQUIRE(r.problem == "");
    return;
  }
  tallies all;
  std::uint64_t seed = 0;
  for (std::uint64_t counted = 0; counted < schedules_to_run(); ++seed) {
    const schedule_report r = run_fault_schedule(seed);
    INFO("WEIR_SEED=" << seed << " " << r.shape);
    CHECK(r.problem == "");
    all += r.seen;
    if (counts(r.seen)) ++counted;
    REQUIRE(seed < 3 * schedules_to_run());
  }
  std::cout << seed << " schedules, " << schedules_to_run()
            << " of them with three checkpoints and a crash behind the first, met\n"
            << all.report();
  for (const met what : classes) {
    INFO(weir::test::met_names[static_cast<std::size_t>(what)]);
    CHECK(all[what] >= std::min<std::uint64_t>(50, schedules_to_run() / 40));
  }
}
