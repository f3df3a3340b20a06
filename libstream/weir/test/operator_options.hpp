// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/graph/settings.hpp"

#include <cstdint>

namespace weir::test {

/// What operators are tested in.
struct operator_options {
  /// Parallelism of the keyed stages, key groups, and the sizes of batches and credit windows.
  pipeline_options pipeline{};
  std::uint32_t splits = 1;  ///< Channels of each input; the watermark is the lowest of theirs.
  timestamp start{};         ///< What the clock shows at first.
  bool withhold_output = false;  ///< Outputs get credit only from `grant()`.
  bool withhold_sides = false;   ///< ... and side outputs only from `grant_side()`.
};

}  // namespace weir::test
