// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <optional>

namespace weir {

/// How event time treats the splits of a source that have nothing, or that are ahead.
struct event_time_options {
  /// A split is idle, and not waited for, once it has been read to its end and nothing came for
  /// this long. Time in which the stage waits for its outputs does not count, so that pressure
  /// never makes events late. Without it a split without events holds event time for ever.
  std::optional<duration> idle_after{};
  /// A split whose watermark is further ahead than this of what the stages behind the source have
  /// come to is paused until they catch up, so that its events need not be kept there. Applies to
  /// the splits of one source, and to sources that are merged right behind (`union_with`).
  std::optional<duration> max_drift{};
};

}  // namespace weir
