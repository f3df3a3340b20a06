// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/enrich/enrich_options.hpp"
#include "weir/state/key_index.hpp"

#include <cstdint>
#include <limits>
#include <vector>

namespace weir::operators {

/// The queues that events leave an enrichment in: one for each key, one for all, or none. A queue
/// is a list through the slots of the events. Constant time.
template <class K>
class order_lanes {
  static constexpr std::uint32_t none = std::numeric_limits<std::uint32_t>::max();

public:
  explicit order_lanes(enrich_order order) : order_(order) {
    if (order == enrich_order::whole) ends_.resize(1);
  }

  /// Whether somebody stands in the key's queue.
  [[nodiscard]] bool occupied(const K& key) {
    switch (order_) {
      case enrich_order::none:
        return false;
      case enrich_order::whole:
        return ends_[0].first != none;
      case enrich_order::by_key:
        break;
    }
    return keys_.slot_of(key) != key_index<K>::none;
  }

  /// Puts slot `s` at the end of its key's queue; notes in it which that is.
  template <class Slots>
  void enter(const K& key, std::uint32_t s, Slots& slots) {
    slots[s].lane = none;
    if (order_ == enrich_order::none) return;
    const std::uint32_t lane = order_ == enrich_order::whole ? 0 : keys_.enter(key);
    if (lane >= ends_.size()) ends_.resize(lane + 1);
    slots[s].lane = lane;
    ends& e = ends_[lane];
    (e.first == none ? e.first : slots[e.last].next_in_lane) = s;
    e.last = s;
  }

  /// Whether slot `s` is the first of its queue.
  [[nodiscard]] bool first(std::uint32_t lane, std::uint32_t s) const {
    return lane == none || ends_[lane].first == s;
  }

  /// Takes the first of a queue out; answers the new first, or none.
  std::uint32_t leave(std::uint32_t lane, std::uint32_t next) {
    if (lane == none) return none;
    ends_[lane].first = next;
    if (next == none && order_ == enrich_order::by_key) keys_.leave(lane);
    return next;
  }

private:
  struct ends {
    std::uint32_t first = none;
    std::uint32_t last = none;
  };

  enrich_order order_;
  key_index<K> keys_;
  std::vector<ends> ends_;
};

}  // namespace weir::operators
