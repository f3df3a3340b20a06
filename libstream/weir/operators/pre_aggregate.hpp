// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/table_hash.hpp"
#include "weir/operators/gathered_entries.hpp"
#include "weir/windows/partial.hpp"
#include "weir/windows/window.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>

namespace weir::operators {

/// Gathers the events of a key and pane where they come from, so that the instance that owns the
/// key gets a few partials in place of many events. An entry that finds no room takes the place of
/// the one of two that has fewer events, which is sent. All entries of a pane are sent before a
/// watermark that completes it. Constant time an event.
///
/// Nothing becomes late that would not be without it. The receiver's watermark is at or below
/// ours, so an entry whose pane our watermark has not completed is in time. An event of a pane that
/// our watermark has completed goes alone, at once, to be judged where the window is. While an
/// instance is idle the receiver's watermark may go past ours: then an entry may come too late, and
/// is counted by its events; if late events are wanted, such an instance sends each event alone
/// from then on.
template <class K, class T, class KeyOf, class Windows, class Fold>
class pre_aggregate {
  using accumulator = typename Fold::accumulator;

public:
  using output = partial<K, T, accumulator>;

  pre_aggregate(Windows windows, KeyOf key_of, Fold fold, pre_aggregation options,
                bool late_events_wanted)
      : windows_(std::move(windows)),
        key_of_(std::move(key_of)),
        fold_(std::move(fold)),
        late_events_wanted_(late_events_wanted),
        held_(options) {}

  void open(const flow::operator_environment& e) { held_.open(e.parallelism); }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    if (at < pane_.start || at >= pane_.end) [[unlikely]]
      turn_to(at);
    const K& key = std::invoke(key_of_, std::as_const(event));
    if (alone_) [[unlikely]]
      return next(output::alone(key, std::forward<E>(event)), at);
    if constexpr (has_one_key)
      if (newest_ != nullptr) [[likely]]
        return add(*newest_, event, at);
    const std::uint64_t hash = hash_of(key);
    newest_ =
        held_.find(hash, [&](const entry& e) { return e.pane_end == pane_.end && e.key == key; });
    if (newest_ != nullptr) return add(*newest_, event, at);
    entry fresh{key, pane_.end, at, 1, fold_.init()};
    fold_.add(fresh.acc, std::as_const(event), at);
    newest_ = &held_.put(hash, std::move(fresh), [&](entry e) { send(std::move(e), next); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    newest_ = nullptr;
    const flow::verdict v =
        held_.on_progress(p, next, s, [&](entry e) { send(std::move(e), next); });
    if (v == flow::verdict::done) pane_ = {};
    return v;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    held_.snapshot(to, "@partials");
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { held_.restore(from, "@partials"); }

private:
  static constexpr bool has_one_key = std::is_empty_v<K>;

  struct entry {
    K key{};
    timestamp pane_end;
    timestamp newest;
    std::uint64_t events = 0;
    accumulator acc{};

    [[nodiscard]] bool empty() const noexcept { return events == 0; }
    [[nodiscard]] timestamp last() const noexcept { return pane_end - duration{1}; }
    [[nodiscard]] bool leaves_with(timestamp watermark) const noexcept {
      return last() <= watermark;
    }
    [[nodiscard]] bool yields_before(const entry& other) const noexcept {
      return events <= other.events;
    }

    [[nodiscard]] entry take() { return std::exchange(*this, entry{}); }

    /// Key, pane's end, newest event, events, aggregate.
    using saved = std::tuple<K, timestamp, timestamp, std::uint64_t, accumulator>;
    void save(bytes& to) const {
      encode(key, to);
      encode(pane_end, to);
      encode(newest, to);
      encode(events, to);
      encode(acc, to);
    }
    bool load(byte_reader& from) {
      return decode(from, key) && decode(from, pane_end) && decode(from, newest) &&
             decode(from, events) && decode(from, acc);
    }
  };

  void add(entry& e, const T& event, timestamp at) {
    fold_.add(e.acc, event, at);
    ++e.events;
    e.newest = std::max(e.newest, at);
  }

  /// Makes the pane of `t` the current one, and says how its events go.
  void turn_to(timestamp t) {
    newest_ = nullptr;
    pane_ = windows_.pane(t);
    alone_ = pane_.last() <= held_.watermark() || (held_.was_idle() && late_events_wanted_);
    if constexpr (requires { windows_.first(t) > windows_.last(t); })
      alone_ = alone_ || windows_.first(t) > windows_.last(t);  // in no window
  }

  [[nodiscard]] std::uint64_t hash_of(const K& key) const {
    const auto pane = static_cast<std::uint64_t>(pane_.end.time_since_epoch().count());
    return table_hash(key) + pane * 0x9E3779B97F4A7C15ULL;
  }

  template <class Next>
  static void send(entry e, Next& next) {
    next(output::gathered(std::move(e.key), e.events, std::move(e.acc)), e.newest);
  }

  Windows windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  bool late_events_wanted_;

  window pane_{};  ///< Of the newest event; empty if there is none.
  bool alone_ = false;
  gathered_entries<entry> held_;
  entry* newest_ = nullptr;  ///< Of the newest event, if its pane is the current one.
};

}  // namespace weir::operators
