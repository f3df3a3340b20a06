// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/metrics/stage_metrics.hpp"

#include <string>

namespace weir::operators {

/// What an enrichment counts, as metrics of its stage under `<id>: <name>`. The share of cache hits
/// is (hits + negative hits) ÷ look-ups.
struct enrich_metrics {
  enrich_metrics() = default;
  enrich_metrics(stage_metrics& in, const std::string& id)
      : look_ups(&in.add_counter(id + ": look-ups")),
        hits(&in.add_counter(id + ": hits")),
        negative_hits(&in.add_counter(id + ": negative hits")),
        requests(&in.add_counter(id + ": requests")),
        retries(&in.add_counter(id + ": retries")),
        timeouts(&in.add_counter(id + ": timeouts")),
        failures(&in.add_counter(id + ": failures")),
        refreshes(&in.add_counter(id + ": refreshes")),
        evictions(&in.add_counter(id + ": evictions")),
        in_flight(&in.add_gauge(id + ": in flight")),
        round_trip(&in.add_histogram(id + ": round trip")) {}

  counter* look_ups = nullptr;
  counter* hits = nullptr;           ///< Facts found in the cache.
  counter* negative_hits = nullptr;  ///< Known by the cache not to exist.
  counter* requests = nullptr;
  counter* retries = nullptr;   ///< Keys asked for again after a failure.
  counter* timeouts = nullptr;  ///< Events given up.
  counter* failures = nullptr;  ///< Events whose look-up failed for good.
  counter* refreshes = nullptr;
  counter* evictions = nullptr;     ///< Facts that made room while they were still good.
  gauge* in_flight = nullptr;       ///< Events that wait.
  histogram* round_trip = nullptr;  ///< Nanoseconds from a request to its answer.
};

}  // namespace weir::operators
