// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/count_windows.hpp"
#include "weir/windows/folds.hpp"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>
#include <vector>

namespace weir::operators {

/// The stretch of time that some events lie in.
struct event_extent {
  timestamp first = max_timestamp;
  timestamp last = min_timestamp;
  BOOST_DESCRIBE_CLASS(event_extent, (), (first, last), (), ())

  void add(timestamp t) {
    first = std::min(first, t);
    last = std::max(last, t);
  }
};

/// Windows of so many events of a key, in the order of arrival. Panes are as many events as divide
/// both the windows' size and their distance; `Store` holds them by number in place of time. A
/// result goes out with the event that completes it, and at that event's time; its window is the
/// stretch from its earliest to its latest event.
template <class K, class T, class KeyOf, class Windows, class Fold, class Store>
class count_operator {
public:
  count_operator(Windows windows, KeyOf key_of, Fold fold)
      : windows_(windows),
        pane_(static_cast<std::int64_t>(std::gcd(windows.size(), windows.every()))),
        key_of_(std::move(key_of)),
        fold_(std::move(fold)) {}

  static constexpr bool emits_many = folds_events<Fold>;

  void open(const flow::operator_environment& e) {
    results_ = &e.metrics->results;
    unfired_ = &e.metrics->add_counter(e.id + ": windows dropped unfired");
    keys_.open(e.cold, e.id, e.key_groups, "@panes", sizeof(entry), entry_calls());
  }

  void look_ahead(const batch<T>& in, std::size_t i) const noexcept {
    fetch_ahead(keys_.index(), in, i, key_of_, [this](std::uint32_t slot) {
      if (slot < entries_.size()) prefetch_line(&entries_[slot]);
    });
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    const auto slot = keys_.enter(std::invoke(key_of_, std::as_const(event)));
    entry& e = entry_of(slot);
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    const auto number = static_cast<std::int64_t>(e.seen);
    e.panes.add(fold_, place(number / pane_ * pane_), place(number), event, at);
    note_time(e, number, at);
    ++e.seen;
    if (e.seen % windows_.every() != 0) return;
    const std::int64_t to = number + 1;
    const std::int64_t from =
        std::max<std::int64_t>(0, to - static_cast<std::int64_t>(windows_.size()));
    struct let_go {  // also if the window's function throws
      count_operator& of;
      std::uint32_t slot;
      std::int64_t to;
      ~let_go() { of.drop(slot, to); }
    } const after{*this, slot, to};
    const window w = extent_of(e, from);
    results_->add(1);
    e.panes.fire(fold_, place(from), place(to), [&](const auto& acc) {
      const auto out = [&](auto value, timestamp) { next(std::move(value), at); };
      fold_.emit(keys_.key(slot), w, pane_info{}, acc, out);
    });
  }

  /// A window that is not full when the stream ends has no result, but is counted.
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step&) {
    if (p.watermark != max_timestamp || std::exchange(ended_, true)) return flow::verdict::done;
    const auto count = [this](std::uint64_t seen) {
      if (seen % windows_.every() != 0) unfired_->add(1);
    };
    for (const entry& e : entries_) count(e.seen);
    keys_.each_elsewhere([&](byte_reader& in) {
      std::uint64_t seen = 0;
      if (decode(in, seen)) count(seen);
    });
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) { keys_.template restore<saved_entry>(from); }

private:
  struct entry {
    std::uint64_t seen = 0;
    Store panes;
    std::vector<std::pair<std::int64_t, event_extent>> times;  ///< Of the panes, by first event.
  };

  /// What is saved of a key.
  using saved_entry =
      std::tuple<K, std::uint64_t, std::vector<std::pair<std::int64_t, event_extent>>,
                 typename Store::saved>;

  entry& entry_of(std::uint32_t slot) {
    if (slot >= entries_.size()) entries_.resize(slot + std::size_t{1});
    return entries_[slot];
  }
  [[nodiscard]] auto entry_calls() {
    typename entry_index<K>::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) {
      const entry& e = entries_[slot];
      encode(e.seen, to);
      encode(e.times, to);
      e.panes.save(to);
    };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      entry& e = entry_of(slot);
      return decode(in, e.seen) && decode(in, e.times) && e.panes.load(in);
    };
    c.drop = [this](std::uint32_t slot) { entry_of(slot) = {}; };
    c.holds = [this](std::uint32_t slot) { return entry_of(slot).seen != 0; };
    c.due = [](std::uint32_t) { return false; };
    return c;
  }

  static timestamp place(std::int64_t number) { return timestamp{duration{number}}; }

  void note_time(entry& e, std::int64_t number, timestamp at) {
    const std::int64_t pane = number / pane_ * pane_;
    if (e.times.empty() || e.times.back().first != pane) e.times.emplace_back(pane, event_extent{});
    e.times.back().second.add(at);
  }
  window extent_of(const entry& e, std::int64_t from) const {
    event_extent all;
    for (const auto& [pane, extent] : e.times) {
      if (pane < from) continue;
      all.add(extent.first);
      all.add(extent.last);
    }
    return {all.first, saturating_add(all.last, duration{1})};
  }

  /// Forgets what no later window holds.
  void drop(std::uint32_t slot, std::int64_t to) {
    entry& e = entries_[slot];
    const auto next_to = to + static_cast<std::int64_t>(windows_.every());
    const auto from =
        std::max<std::int64_t>(0, next_to - static_cast<std::int64_t>(windows_.size()));
    e.panes.drop_before(fold_, place(from));
    std::erase_if(e.times, [&](const auto& t) { return from > t.first; });
    if (windows_.size() != windows_.every()) return;
    entries_[slot] = {};
    keys_.leave(slot);
  }

  Windows windows_;
  std::int64_t pane_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  counter* results_ = nullptr;
  counter* unfired_ = nullptr;
  bool ended_ = false;

  entry_index<K> keys_;
  std::vector<entry> entries_;  ///< Of each key, by slot.
};

}  // namespace weir::operators
