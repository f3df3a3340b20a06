// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/schedules.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdlib>
#include <iostream>
#include <map>

namespace {

using weir::test::met;
using weir::test::run_schedule;
using weir::test::schedule_report;
using weir::test::tallies;

/// More of them where WEIR_LONG is set, as `./dev test --long` does; fewer where each takes ten
/// times as long, and one thread has nothing for a sanitizer of threads to find.
std::uint64_t schedules_to_run() {
  const char* long_run = std::getenv("WEIR_LONG");
  if (long_run != nullptr && *long_run != '\0') return 50'000;
#if defined(__SANITIZE_THREAD__)
  return 3'000;
#else
  return 10'000;
#endif
}
const std::uint64_t schedules = schedules_to_run();

}  // namespace

TEST_CASE("every schedule ends, gives exact results, and keeps within its bounds") {
  if (const char* alone = std::getenv("WEIR_SEED")) {
    const schedule_report r = run_schedule(std::strtoull(alone, nullptr, 10));
    std::cout << r.shape << "\n" << r.seen.report();
    INFO("WEIR_SEED=" << alone << " " << r.shape);
    REQUIRE(r.problem == "");
    return;
  }

  tallies all;
  for (std::uint64_t seed = 0; seed < schedules; ++seed) {
    const schedule_report r = run_schedule(seed);
    INFO("WEIR_SEED=" << seed << " " << r.shape);
    CHECK(r.problem == "");
    all += r.seen;
  }
  std::cout << schedules << " schedules of " << weir::test::shapes() << " shapes met\n"
            << all.report();
  for (std::size_t i = 0; i < weir::test::met_names.size(); ++i) {
    INFO(weir::test::met_names[i]);
    CHECK(all[static_cast<met>(i)] != 0);
  }
}
