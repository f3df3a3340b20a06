// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/test/tallies.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace weir::test {

/// What became of one schedule.
struct schedule_report {
  std::string shape;
  std::string problem;  ///< Empty if everything that was checked holds.
  tallies seen;
};

/// Builds a random pipeline over random events, runs it under random disturbances, and compares
/// what came out with plain loops over the events. All of it follows from the seed.
[[nodiscard]] schedule_report run_schedule(std::uint64_t seed);

/// As above, for faults: at least 500 events of at least 50 keys, checkpoints all the time, crashes
/// at any message and at each step of a checkpoint, acknowledgements lost and late, failed and slow
/// stores, late and repeated timers. Their sinks write files.
[[nodiscard]] schedule_report run_fault_schedule(std::uint64_t seed);

/// How many shapes of pipelines there are; seed s takes shape s modulo this.
[[nodiscard]] std::size_t shapes() noexcept;

}  // namespace weir::test
