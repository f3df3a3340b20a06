// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/operators/hot_key_watch.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/partial.hpp"
#include "weir/windows/window.hpp"

#include <algorithm>
#include <bit>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// How much an instance gathers before it sends partials on.
struct pre_aggregation {
  std::uint32_t entries = 4096;  ///< Keys and panes held at a time; rounded up to a power of two.
};

namespace operators {

template <class K, class T, class Acc>
struct event_weight<partial<K, T, Acc>> {
  static std::uint64_t of(const partial<K, T, Acc>& p) noexcept { return p.events; }
};

/// Gathers the events of a key and pane where they come from, so that the instance that owns the
/// key gets a few partials in place of many events. A table of fixed size: an entry that finds no
/// room takes the place of the one of two that has fewer events, which is sent. All entries of a
/// pane are sent before a watermark that completes it; all entries at all before an idle mark,
/// since nobody waits for an idle input. Constant time an event.
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
        mask_(std::bit_ceil(std::max(2U, options.entries)) - 1) {}

  void open(const flow::operator_environment& e) {
    entries_.resize(mask_ + std::size_t{1});
    late_events_wanted_ = late_events_wanted_ && e.parallelism > 1;
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    if (at < pane_.start || at >= pane_.end) [[unlikely]]
      turn_to(at);
    const K& key = std::invoke(key_of_, std::as_const(event));
    if (alone_) [[unlikely]] {
      next(
          output{key, 1, decltype(output::content){std::in_place_index<1>, std::forward<E>(event)}},
          at);
      return;
    }
    if constexpr (has_one_key)
      if (newest_ != nullptr) [[likely]]
        return add(*newest_, event, at);
    const std::size_t place = place_of(key);
    for (entry* e : {&entries_[place], &entries_[place ^ 1U]})
      if (e->events != 0 && e->pane_end == pane_.end && e->key == key) {
        newest_ = e;
        return add(*e, event, at);
      }
    entry fresh{key, pane_.end, at, 1, fold_.init()};
    fold_.add(fresh.acc, std::as_const(event), at);
    entry& a = entries_[place];
    entry& b = entries_[place ^ 1U];
    entry& taking = a.events <= b.events ? a : b;
    entry taken = std::exchange(taking, std::move(fresh));
    newest_ = &taking;
    earliest_ = std::min(earliest_, pane_.last());
    if (taken.events != 0) send(std::move(taken), next);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    const timestamp up_to = p.idle ? max_timestamp : p.watermark;
    newest_ = nullptr;
    while (!restored_.empty() || (earliest_ <= up_to && earliest_ != max_timestamp)) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      if (!restored_.empty()) {
        --s.budget;
        entry e = std::move(restored_.back());
        restored_.pop_back();
        send(std::move(e), next);
      } else if (at_ == entries_.size()) {
        earliest_ = std::exchange(left_, max_timestamp);
        at_ = 0;
      } else {
        entry& e = entries_[at_++];
        if (e.events == 0) continue;
        if (e.pane_end - duration{1} > up_to) {
          left_ = std::min(left_, e.pane_end - duration{1});
          continue;
        }
        --s.budget;
        send(std::exchange(e, entry{}), next);
      }
    }
    was_idle_ = was_idle_ || p.idle;
    watermark_ = std::max(watermark_, p.watermark);
    pane_ = {};
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    bytes held;
    for (const auto* list : {&entries_, &restored_})
      for (const entry& e : *list)
        if (e.events != 0) save(e, held);
    if (!held.empty()) {
      save_form<saved>(to, "@partials");
      to.item("@partials", std::move(held));
    }
    if (was_idle_) to.item("@was idle", {}, state_kind::union_list);
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    const saved_form form = form_of<saved>(from, "@partials");
    const auto read = [this](byte_reader& in) {
      entry e;
      if (!decode(in, e.key) || !decode(in, e.pane_end) || !decode(in, e.newest) ||
          !decode(in, e.events) || !decode(in, e.acc))
        return false;
      restored_.push_back(std::move(e));
      return true;
    };
    from.each("@partials", [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!form.each_entry(in, read))
        throw exception(
            {errc::incompatible, "state '@partials': a saved partial aggregate does not decode"});
    });
    from.each("@was idle", [&](key_group, auto) { was_idle_ = true; });
    watermark_ = saved_watermark(from);
  }

private:
  static constexpr bool has_one_key = std::is_empty_v<K>;

  /// Of an entry: key, pane's end, newest event, events, aggregate.
  using saved = std::tuple<K, timestamp, timestamp, std::uint64_t, accumulator>;
  struct entry {
    K key{};
    timestamp pane_end;
    timestamp newest;
    std::uint64_t events = 0;  ///< 0 in an empty place.
    accumulator acc{};
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
    alone_ = pane_.last() <= watermark_ || (was_idle_ && late_events_wanted_);
    if constexpr (requires { windows_.first(t) > windows_.last(t); })
      alone_ = alone_ || windows_.first(t) > windows_.last(t);  // in no window
  }

  [[nodiscard]] std::size_t place_of(const K& key) const {
    const auto pane = static_cast<std::uint64_t>(pane_.end.time_since_epoch().count());
    return static_cast<std::size_t>((key_hash(key) + pane * 0x9E3779B97F4A7C15ULL) >> 7U) & mask_;
  }

  template <class Next>
  static void send(entry e, Next& next) {
    next(output{std::move(e.key), e.events,
                decltype(output::content){std::in_place_index<0>, std::move(e.acc)}},
         e.newest);
  }

  static void save(const entry& e, bytes& to) {
    encode(e.key, to);
    encode(e.pane_end, to);
    encode(e.newest, to);
    encode(e.events, to);
    encode(e.acc, to);
  }

  Windows windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  bool late_events_wanted_;
  std::uint32_t mask_;

  window pane_{};  ///< Of the newest event; empty if there is none.
  bool alone_ = false;
  std::vector<entry> entries_;
  entry* newest_ = nullptr;             ///< Of the newest event, if its pane is the current one.
  std::vector<entry> restored_;         ///< To be sent with the next progress.
  timestamp earliest_ = max_timestamp;  ///< No pane in the table ends before the instant after.
  std::size_t at_ = 0;                  ///< While entries are sent: the next, and
  timestamp left_ = max_timestamp;      ///< the earliest of those that stay.
  bool was_idle_ = false;
  timestamp watermark_ = min_timestamp;
};

}  // namespace operators
}  // namespace weir
