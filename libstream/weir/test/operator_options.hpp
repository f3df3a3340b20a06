// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/graph/settings.hpp"
#include "weir/state/cold_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>

namespace weir::test {

/// What operators are tested in.
struct operator_options {
  /// Parallelism of the keyed stages, key groups, and the sizes of batches and credit windows.
  pipeline_options pipeline{};
  std::uint32_t splits = 1;      ///< Channels of each input; the watermark is the lowest of theirs.
  timestamp start{};             ///< What the clock shows at first.
  bool withhold_output = false;  ///< Outputs get credit only from `grant()`.
  bool withhold_sides = false;   ///< ... and side outputs only from `grant_side()`.
  /// Events and firings that one step of a stage may take; a small number makes operators stop and
  /// go on between any two of them.
  std::optional<std::uint32_t> step_budget{};
  /// Requests of operators wait until the test answers them. Otherwise the service that a request
  /// brings does so, at once: it must not need another thread.
  bool hold_requests = false;
  /// Where keyed state goes that is not to be in memory; null for memory.
  std::shared_ptr<state_backend> backend{};
};

}  // namespace weir::test
