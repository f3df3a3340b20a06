// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/fifo.hpp"
#include "weir/patterns/match.hpp"

#include <cstdint>
#include <utility>

namespace weir::patterns {

/// What came out of an event or of time, with the timestamps that it has in the stream.
template <class T>
struct findings {
  fifo<std::pair<match<T>, timestamp>> matches;
  fifo<timed_out_match<T>> timed_out;
  bool wants_timed_out = false;

  [[nodiscard]] bool empty() const noexcept { return matches.empty() && timed_out.empty(); }
};

/// How much a matcher has given up or found, for the metrics.
struct matcher_counts {
  std::uint64_t dropped = 0;  ///< Partial matches given up at a limit.
  std::uint64_t timed_out = 0;
  std::uint64_t matches = 0;
};

}  // namespace weir::patterns
