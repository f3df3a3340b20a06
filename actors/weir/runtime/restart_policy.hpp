// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"

#include <cstdint>
#include <deque>
#include <optional>

namespace weir {

/// How often a region may be restarted, and how long it waits before.
struct restart_policy {
  std::uint32_t restarts = 5;                 ///< More than so many
  duration within = std::chrono::minutes{1};  ///< within this time stop the pipeline.
  duration first_backoff = std::chrono::milliseconds{100};
  duration longest_backoff = std::chrono::seconds{10};
  double jitter = 0.2;  ///< Share by which a wait is shortened or lengthened at random.
};

/// Counts the restarts of one region and says what the policy makes of the next failure. For one
/// thread.
class restart_budget {
public:
  explicit restart_budget(restart_policy policy) : policy_(policy) {}

  /// Returns how long to wait before the restart that a failure at `now` asks for, or nothing if
  /// the budget is spent. `random` is uniform in [0, 1).
  [[nodiscard]] std::optional<duration> on_failure(steady_time now, double random);

private:
  restart_policy policy_;
  std::deque<steady_time> recent_;
};

}  // namespace weir
