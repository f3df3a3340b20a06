// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/operators/process_context.hpp"
#include "weir/patterns/event_order.hpp"
#include "weir/patterns/limits.hpp"
#include "weir/patterns/match.hpp"
#include "weir/patterns/match_watch.hpp"

#include <memory>

namespace weir {

/// What a pattern's events are ordered by.
enum class match_time : std::uint8_t {
  event,       ///< Their timestamps, up to the watermark.
  processing,  ///< The clock, as they come.
};

/// Settings of `detect()`. Side outputs with an empty name are not there.
template <class T>
struct detect_options {
  match_time time = match_time::event;
  /// The order of events of a key with equal timestamps; without it, that of their arrival. In
  /// processing time they are held until the clock has moved on.
  event_order<T> order = {};
  side_output<T> late{};  ///< Events with a timestamp not after the watermark; counted in any case.
  side_output<timed_out_match<T>> timed_out{};  ///< Partial matches whose time was over.
  match_limits limits{};
  std::shared_ptr<match_watch> watch{};  ///< Lets others see the partial matches.
};

}  // namespace weir
