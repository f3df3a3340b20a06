// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"
#include "weir/stream.hpp"

#include <utility>

/// The views that queries begin with.
namespace nexmark {

/// All events, of as many source instances as the parallelism says.
inline weir::stream<event> events(weir::pipeline& p, const setting& s) {
  return p.from(event_source{s.from}).named("events").parallelism(s.parallelism);
}

template <class Row>
struct is_row {
  bool operator()(const event& e) const { return std::holds_alternative<Row>(e); }
};
template <class Row>
struct as_row {
  const Row& operator()(const event& e) const { return *std::get_if<Row>(&e); }
};

/// The events of one kind, with their times.
template <class Row>
auto rows(weir::stream<event> from, const setting& s) {
  return std::move(from)
      .filter(is_row<Row>{})
      .map(as_row<Row>{})
      .event_time(&Row::date_time, weir::bounded_out_of_orderness{s.out_of_orderness});
}

inline auto persons(weir::stream<event> from, const setting& s) { return rows<person>(from, s); }
inline auto auctions(weir::stream<event> from, const setting& s) { return rows<auction>(from, s); }
inline auto bids(weir::stream<event> from, const setting& s) { return rows<bid>(from, s); }

}  // namespace nexmark
