// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/gradual_table.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/saved_entries.hpp"
#include "weir/windows/tumbling.hpp"

#include <utility>

namespace weir::operators {

/// Tumbling windows that gather what may be large, events say: in the tables of `InMemory`, a
/// `tumbling_operator`, or, with a cold store, in `Cold`, a `window_operator` of the same windows
/// over accumulators. Each reads what the other saved.
template <class K, class InMemory, class Cold>
class tumbling_by_backend {
  using table = gradual_table<K, typename InMemory::accumulator>;

public:
  static constexpr bool leaves_firings = true;
  static constexpr bool keeps_letters = true;

  tumbling_by_backend(tumbling windows, InMemory in_memory, Cold cold)
      : windows_(windows), in_memory_(std::move(in_memory)), cold_(std::move(cold)) {}

  void open(const flow::operator_environment& e) {
    is_cold_ = e.cold != nullptr;
    is_cold_ ? cold_.open(e) : in_memory_.open(e);
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    is_cold_ ? cold_.on_event(std::forward<E>(event), at, next, s)
             : in_memory_.on_event(std::forward<E>(event), at, next, s);
  }
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    return is_cold_ ? cold_.on_progress(p, next, s) : in_memory_.on_progress(p, next, s);
  }

  flow::verdict snapshot(snapshot_writer& to) {
    return is_cold_ ? cold_.snapshot(to) : in_memory_.snapshot(to);
  }
  void restore(snapshot_reader& from) { is_cold_ ? restore_cold(from) : restore_in_memory(from); }

private:
  void restore_in_memory(snapshot_reader& from) {
    in_memory_.restore(from);
    read_keyed_parts<typename Cold::saved_entry>(
        from, Cold::state, [&](const K& key, byte_reader& in) {
          return Cold::each_saved(
              in, [&](const window& w, auto part) { in_memory_.put(key, w, std::move(part.acc)); });
        });
  }
  void restore_cold(snapshot_reader& from) {
    cold_.restore(from);
    const saved_form form = table::form(from, InMemory::state);
    from.each(InMemory::state, [&](key_group group, std::span<const std::byte> data) {
      byte_reader in{data};
      into_window to{cold_, windows_.at(InMemory::saved_start(in))};
      saved_entries<K, typename InMemory::accumulator> saved{InMemory::state, form};
      saved.add(group, in);
      saved.read_into(to);
    });
  }
  /// Puts what keys have gathered in a window into the cold store.
  struct into_window {
    Cold& to;
    window of;

    void put(const K& key, typename InMemory::accumulator acc) {
      to.put(key, of, {std::move(acc), true});
    }
  };

  tumbling windows_;
  InMemory in_memory_;
  Cold cold_;
  bool is_cold_ = false;
};

}  // namespace weir::operators
