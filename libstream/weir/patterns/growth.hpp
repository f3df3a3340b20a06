// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/match_store.hpp"
#include "weir/patterns/offered_event.hpp"

#include <bit>
#include <cstdint>
#include <vector>

namespace weir::patterns {

/// How much more a key may hold after an event: partial matches and matches that wait, and bytes.
struct growth {
  std::int64_t matches = 0;
  std::int64_t bytes = 0;
};

/// Reckons the growth from what the event would do: never too low. A path that may go is not taken
/// off, since others may share it. A complete match goes out at once unless a partial match of the
/// key began before it.
template <class T>
growth growth_of(const automaton& a, const match_store<T>& store, std::uint32_t slot,
                 const std::vector<decision>& decisions, std::uint32_t starting, const T& event) {
  const bool may_wait = a.skip.what != after_match::kind::no_skip;
  const run_id oldest = store.runs.key(slot).oldest;
  growth g;
  bool keeps_event = false;
  const auto add = [&](std::int64_t runs, std::int64_t waiting, std::int64_t nodes) {
    g.matches += runs + waiting;
    g.bytes += runs * static_cast<std::int64_t>(sizeof(run)) +
               waiting * static_cast<std::int64_t>(waiting_matches::bytes_of_one) +
               nodes * static_cast<std::int64_t>(match_buffer<T>::node_bytes());
  };
  const auto take = [&](const state& from, std::uint32_t takes, bool waits) {
    for (; takes != 0; takes &= takes - 1) {
      const edge& e = a.edge_of(from, static_cast<unsigned>(std::countr_zero(takes)));
      const state& to = a.states[e.to];
      const bool stays = waits && to.end == ending::now;
      if (!to.goes_on() && !stays) continue;
      add(to.goes_on() ? 1 : 0, stays ? 1 : 0, 1);
      keeps_event = true;
    }
  };
  for (const decision& d : decisions) {
    const run& r = store.runs[d.of];
    const bool waits = may_wait && store.runs[oldest].start < r.start;
    take(a.states[r.state], d.takes, waits);
    add(d.live == 0 && !d.ends ? -1 : 0, d.completes && waits ? 1 : 0, 0);
  }
  take(a.start(), starting, may_wait && oldest != nowhere);
  if (keeps_event) g.bytes += static_cast<std::int64_t>(match_buffer<T>::bytes_of(event));
  return g;
}

}  // namespace weir::patterns
