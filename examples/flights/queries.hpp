// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "flight.hpp"

namespace flights {

/// A stream of results, and of the flights that came too late for theirs.
template <class Row>
struct answer {
  weir::stream<Row> rows;
  weir::stream<flight> late;
};

// All of these are of flights that have left.

/// Of each airport, the mean delay of six hours, every ten minutes.
answer<rolling_delay> rolling_delays(weir::stream<flight> departed);
/// Of each carrier, runs of at least 20 departures that are at most ten minutes apart.
answer<rush> rushes(weir::stream<flight> departed);
/// Of each day, the ten routes with the highest mean delay.
answer<worst_route> worst_routes(weir::stream<flight> departed);
/// Of each hour, quantiles of the delay.
answer<hour_delays> delay_quantiles(weir::stream<flight> departed);

}  // namespace flights
