// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/table_hash.hpp"
#include "weir/operators/gathered_entries.hpp"
#include "weir/windows/partial.hpp"
#include "weir/windows/session.hpp"
#include "weir/windows/window.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <tuple>
#include <utility>

namespace weir::operators {

/// `pre_aggregate` for sessions. The receiver has to know of a session before it can end: so the
/// first event of an entry goes alone, at once, and later ones are gathered until the watermark
/// comes to the end of what the receiver knows; then they are sent with the window that they span.
/// One that begins the session earlier goes alone, too. So what is held back only reaches beyond
/// the end of what is known, and whatever the receiver has that it belongs together with ends no
/// earlier than that: sessions are the same, and the same events are late. Constant time an event.
///
/// While an instance is idle the receiver's watermark may go past ours, and what we think is open
/// may have ended: from then on one of several instances sends each event alone.
template <class K, class T, class KeyOf, class Windows, class Fold>
class pre_aggregate_sessions {
  using accumulator = typename Fold::accumulator;

public:
  using output = partial<K, T, session_part<accumulator>>;

  pre_aggregate_sessions(Windows windows, KeyOf key_of, Fold fold, pre_aggregation options,
                         bool /*late_events_wanted*/)
      : windows_(std::move(windows)),
        key_of_(std::move(key_of)),
        fold_(std::move(fold)),
        held_(options) {}

  void open(const flow::operator_environment& e) { held_.open(e.parallelism); }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    const K& key = std::invoke(key_of_, std::as_const(event));
    if (held_.was_idle()) [[unlikely]]
      return next(output::alone(key, std::forward<E>(event)), at);
    const window w = windows_.at(std::as_const(event), at);
    const std::uint64_t hash = table_hash(key);
    entry* const e = held_.find(hash, [&](const entry& x) {
      return x.key == key && belong_together(x.at, w, windows_.rule());
    });
    if (e != nullptr && w.start >= e->at.start) [[likely]]
      return hold(*e, std::as_const(event), w, at);
    if (e != nullptr)
      tell_earlier(*e, key, std::forward<E>(event), w, at, next);
    else if (w.last() <= saturating_add(held_.watermark(), quarter_of(w)))  // hardly worth an entry
      next(output::alone(key, std::forward<E>(event)), at);
    else
      begin(hash, key, std::forward<E>(event), w, at, next);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    return held_.on_progress(p, next, s, [&](entry e) { send(std::move(e), next); });
  }

  flow::verdict snapshot(snapshot_writer& to) {
    held_.snapshot(to, "@partial sessions");
    return flow::verdict::done;
  }
  void restore(snapshot_reader& from) { held_.restore(from, "@partial sessions"); }

private:
  struct entry {
    K key{};
    window at{};          ///< Of all its events.
    timestamp known_end;  ///< Of what the receiver knows, which begins where `at` does.
    timestamp newest;     ///< Of all its events.
    std::uint64_t events = 0;
    accumulator acc{};  ///< Of those that are held.

    [[nodiscard]] bool empty() const noexcept { return at == window{}; }
    [[nodiscard]] timestamp last() const noexcept { return known_end - duration{1}; }
    /// What will hardly grow leaves with what has to, so that the table is walked some times a gap,
    /// and not with each watermark.
    [[nodiscard]] bool leaves_with(timestamp watermark) const noexcept {
      return last() <= saturating_add(watermark, quarter_of({newest, at.end}));
    }
    /// The one that has been quiet for longer will hardly grow, however many events it has.
    [[nodiscard]] bool yields_before(const entry& other) const noexcept {
      return newest != other.newest ? newest < other.newest : events <= other.events;
    }
    [[nodiscard]] entry take() {
      return {key,           at, std::exchange(known_end, at.end), newest, std::exchange(events, 0),
              std::move(acc)};
    }
    void grow(const window& w, timestamp t) noexcept {
      at = {std::min(at.start, w.start), std::max(at.end, w.end)};
      newest = std::max(newest, t);
    }

    /// Key, window, newest event, events, aggregate.
    using saved = std::tuple<K, window, timestamp, std::uint64_t, accumulator>;
    void save(bytes& to) const {
      encode(key, to);
      encode(at, to);
      encode(newest, to);
      encode(events, to);
      encode(acc, to);
    }
    bool load(byte_reader& from) {
      return decode(from, key) && decode(from, at) && decode(from, newest) &&
             decode(from, events) && decode(from, acc);
    }
  };

  /// Of what never ends, nothing.
  static duration quarter_of(const window& w) noexcept {
    const bool is_finite = w.start < w.end && w.end != max_timestamp;
    return is_finite ? (w.end - w.start) / 4 : duration{0};
  }

  void hold(entry& e, const T& event, const window& w, timestamp at) {
    if (e.events == 0) e.acc = fold_.init();
    fold_.add(e.acc, event, at);
    ++e.events;
    e.grow(w, at);
  }

  template <class E, class Next>
  void begin(std::uint64_t hash, const K& key, E&& event, const window& w, timestamp at,
             Next& next) {
    entry fresh{key, w, w.end, at};
    next(output::alone(key, std::forward<E>(event)), at);
    held_.put(hash, std::move(fresh), [&](entry x) { send(std::move(x), next); });
  }
  /// The event begins the session earlier. What came before it is sent before it.
  template <class E, class Next>
  void tell_earlier(entry& e, const K& key, E&& event, const window& w, timestamp at, Next& next) {
    if (e.events != 0) send(e.take(), next);
    next(output::alone(key, std::forward<E>(event)), at);
    e.known_end = std::max(e.known_end, w.end);
    e.grow(w, at);
  }

  template <class Next>
  static void send(entry e, Next& next) {
    next(output::gathered(std::move(e.key), e.events, {e.at, std::move(e.acc)}), e.newest);
  }

  Windows windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  gathered_entries<entry> held_;
};

}  // namespace weir::operators
