// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/join_waiting.hpp"
#include "weir/joins/slot_dues.hpp"
#include "weir/joins/table_row.hpp"
#include "weir/joins/time_list.hpp"
#include "weir/joins/unmatched_gate.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/late_gate.hpp"

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// Joins each event with the version of its key's row that was valid at the event's time: the
/// newest that isn't after it. An event waits until the watermark, which is that of stream and
/// table, has come to it; events come out in the order of their time, with that time. Of each row
/// the newest version at or behind the watermark is kept, and those after it.
///
/// A version that comes behind the watermark is valid for the events that still wait, if no newer
/// one is, and is counted; else it is late. A row whose removal the watermark has passed was never
/// there: an older version that comes then brings it back.
///
/// An event or a version costs a table operation and a short search, and constant time when the
/// watermark has come to it, if both come roughly in order.
template <class K, class A, class V, class KeyA, class KeyV, class F, join_kind Kind>
class temporal_join {
  using row = table_row<V>;

public:
  using event = flow::either<A, V>;
  static constexpr bool takes_inputs_apart = true;
  static constexpr bool leaves_firings = true;

  temporal_join(KeyA key_a, KeyV key_v, F f, join_sides sides)
      : key_a_(std::move(key_a)),
        key_v_(std::move(key_v)),
        f_(std::move(f)),
        late_(std::move(sides.late_left)),
        late_versions_(std::move(sides.late_right)),
        unmatched_(std::move(sides.unmatched_left)) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    rows_held_ = &e.metrics->add_gauge(e.id + ": rows held");
    behind_ = &e.metrics->add_counter(e.id + ": versions after their time");
    late_.open(e);
    late_versions_.open(e);
    unmatched_.open(e, "left");
    if (e.cold != nullptr) {
      waiting_.count_by_slot();
      superseding_.count_by_slot();
    }
    keys_.open(e.cold, e.id, e.key_groups, "@join", sizeof(entry), entry_calls());
  }

  template <class E, class Next>
  void on_event(E&& in, timestamp at, Next&, flow::step& s) {
    flow::by_input(
        std::forward<E>(in),
        [&]<class Left>(Left&& a) { take_event(std::forward<Left>(a), at, s); },
        [&]<class Right>(Right&& v) { take_version(std::forward<Right>(v), at, s); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    const timestamp now = std::max(watermark_, p.watermark);
    while (!waiting_.empty() && waiting_.front().at <= now) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      const std::uint32_t slot = begin_due(waiting_);
      if (!answer(slot, next, s)) return after_failure(s);
    }
    while (!superseding_.empty() && superseding_.front().at <= now) {
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      drop_old(begin_due(superseding_), now);
    }
    watermark_ = now;
    if (now == max_timestamp) forget_all();
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_all_due<saved_due>(to, [this](auto put) {
      const auto put_all = [&](slot_dues& of, std::uint8_t which) {
        of.each([&](const due& d) {
          if (keys_.holds_key(d.slot)) put(d.slot, saved_due{which, d.at});
        });
      };
      put_all(waiting_, 0);
      put_all(superseding_, 1);
    });
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    watermark_ = saved_watermark(from);
    restoring_ = true;
    keys_.template restore<saved_entry>(from);
    restoring_ = false;
    keys_.template restore_due<saved_due>(from, [this](std::uint32_t slot, const saved_due& d) {
      (d.first == 0 ? waiting_ : superseding_).append_unsorted({d.second, slot});
    });
    waiting_.sort();
    superseding_.sort();
    count_rows(0);
  }

private:
  template <class T>
  struct timed {
    timestamp at;
    T value;
  };
  using version = std::optional<row>;  ///< None where the row was removed.
  struct entry {
    time_list<timed<A>> events;
    time_list<timed<version>> versions;

    [[nodiscard]] bool empty() const { return events.empty() && versions.empty(); }
  };
  using due = slot_dues::due;

  [[nodiscard]] auto entry_calls() {
    typename decltype(keys_)::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) {
      save(entries_[slot].events, to);
      save(entries_[slot].versions, to);
    };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      entry& e = entry_of(slot);
      return load(e.events, slot, waiting_, in) && load(e.versions, slot, superseding_, in);
    };
    c.drop = [this](std::uint32_t slot) {
      entry& e = entry_of(slot);
      rows_ -= static_cast<std::int64_t>(e.events.size() + e.versions.size());
      e = {};
    };
    c.holds = [this](std::uint32_t slot) { return !entry_of(slot).empty(); };
    c.due = [this](std::uint32_t slot) { return waiting_.has(slot) || superseding_.has(slot); };
    return c;
  }

  entry& entry_of(std::uint32_t slot) {
    if (slot >= entries_.size()) entries_.resize(slot + std::size_t{1});
    return entries_[slot];
  }

  template <class E>
  void take_event(E&& in, timestamp at, flow::step& s) {
    if (at <= watermark_) return late_.refuse(std::forward<E>(in), at, watermark_, s);
    const auto slot = keys_.enter(std::invoke(key_a_, std::as_const(in)));
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    entry_of(slot).events.insert({at, std::forward<E>(in)});
    waiting_.insert({at, slot});
    count_rows(1);
  }

  template <class E>
  void take_version(E&& in, timestamp at, flow::step& s) {
    const auto slot = keys_.enter(std::invoke(key_v_, std::as_const(in)));
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    entry& e = entry_of(slot);
    if (at <= watermark_) {
      const auto* valid = e.versions.last_until(watermark_);
      if (valid != nullptr && valid->at > at)
        return late_versions_.refuse(std::forward<E>(in), at, watermark_, s);
      behind_->add(1);
    }
    const bool removes = removes_row(in);
    e.versions.insert({at, removes ? version{} : version{row_in(std::forward<E>(in))}});
    count_rows(1);
    if (at <= watermark_)
      drop_old(slot, watermark_);
    else
      superseding_.insert({at, slot});
  }

  /// Takes the first of what is due, and returns its slot, with its entry in it.
  std::uint32_t begin_due(slot_dues& of) {
    keys_.settle();
    const std::uint32_t slot = of.front().slot;
    keys_.touch(slot);
    static_cast<void>(of.take_front());
    return slot;
  }

  /// False if the user's function has failed.
  template <class Next>
  bool answer(std::uint32_t slot, Next& next, flow::step& s) {
    keys_.changed(slot);
    entry& e = entries_[slot];
    const timed<A> asking = e.events.take_front();
    count_rows(-1);
    const auto* valid = e.versions.last_until(asking.at);
    const row* found = valid != nullptr && valid->value ? &*valid->value : nullptr;
    if (e.empty()) keys_.leave(slot);
    if (found == nullptr && Kind == join_kind::inner)
      return unmatched_.pass(asking.value, asking.at), true;
    if (found == nullptr) unmatched_.count();
    auto made = join_waiting<Kind>(f_, &asking.value, found, asking.at, id_, s);
    if (made) next(*std::move(made), asking.at);
    return made.has_value();
  }

  /// Drops the versions that were superseded at or before `now`.
  void drop_old(std::uint32_t slot, timestamp now) {
    entry& e = entry_of(slot);
    if (e.empty()) return;  // the key left before
    keys_.changed(slot);
    std::int64_t old = -1;
    e.versions.each_in(min_timestamp, now, [&](const auto&) { ++old; });
    for (; old > 0; --old) drop_version(e);
    // That a row is not there needs no memory.
    if (old == 0 && !e.versions.front().value) drop_version(e);
    if (e.empty()) keys_.leave(slot);
  }
  void drop_version(entry& e) {
    static_cast<void>(e.versions.take_front());
    count_rows(-1);
  }
  /// The stream has ended, and nobody asks the table any more.
  void forget_all() {
    if (keys_.cold()) return;  // the store goes with the run
    keys_.clear();
    entries_.clear();
    count_rows(-rows_);
  }

  void count_rows(std::int64_t change) {
    rows_ += change;
    rows_held_->set(rows_);
  }

  /// What is saved of a key.
  using saved_entry = std::tuple<K, std::vector<std::pair<timestamp, A>>,
                                 std::vector<std::pair<timestamp, version>>>;
  using saved_due = std::pair<std::uint8_t, timestamp>;  ///< 0 an event, 1 a version; and its time.

  template <class T>
  static void save(time_list<timed<T>>& list, bytes& to) {
    encode(static_cast<std::uint32_t>(list.size()), to);
    list.each([&](const timed<T>& x) {
      encode(x.at, to);
      encode(x.value, to);
    });
  }
  template <class T>
  bool load(time_list<timed<T>>& list, std::uint32_t slot, slot_dues& agenda, byte_reader& in) {
    std::uint32_t n = 0;
    if (!decode(in, n)) return false;
    for (; n != 0; --n) {
      timed<T> x{};
      if (!decode(in, x.at) || !decode(in, x.value)) return false;
      if (restoring_ && x.at > watermark_) agenda.append_unsorted({x.at, slot});
      list.insert(std::move(x));
      ++rows_;
    }
    return true;
  }

  [[no_unique_address]] KeyA key_a_;
  [[no_unique_address]] KeyV key_v_;
  [[no_unique_address]] F f_;
  late_gate<A> late_;
  late_gate<V> late_versions_;
  unmatched_gate<A> unmatched_;
  std::string id_;
  gauge* rows_held_ = nullptr;
  counter* behind_ = nullptr;

  entry_index<K> keys_;
  std::vector<entry> entries_;  ///< Of each key, by slot.
  slot_dues waiting_;           ///< An event each.
  slot_dues superseding_;       ///< A version each that may take the place of others.
  bool restoring_ = false;
  std::int64_t rows_ = 0;
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
