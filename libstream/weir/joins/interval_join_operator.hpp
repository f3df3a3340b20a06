// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/joins/either_key.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/join_waiting.hpp"
#include "weir/joins/slot_dues.hpp"
#include "weir/joins/timed_rows.hpp"
#include "weir/joins/unmatched_gate.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_slots.hpp"
#include "weir/windows/late_gate.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <utility>

namespace weir::operators {

/// How far a right event's time may be from that of its left partner; both bounds belong to it.
struct join_interval {
  duration lower{};
  duration upper{};
};

/// Joins the events `a` and `b` of a key with `a.at + lower <= b.at <= a.at + upper`. A pair has
/// the later of the two times, and comes with the later of the two arrivals. An event is kept until
/// the watermark says that no partner can come any more; if it found none it then comes out with
/// its own time, or goes to the side. The watermark is held back behind those that may.
///
/// An event costs a table operation, a search among the key's events of the other side, and a call
/// for each partner; its end costs constant time if events come roughly in order. An event at the
/// watermark is let in, so what is passed on is at least 1 µs less.
template <class K, class A, class B, class KeyA, class KeyB, class F, join_kind Kind>
class interval_join {
  using due = slot_dues::due;
  using lists = std::tuple<typename timed_rows<A>::list, typename timed_rows<B>::list>;

public:
  using event = flow::either<A, B>;
  static constexpr bool takes_inputs_apart = true;
  static constexpr bool emits_many = true;
  static constexpr bool leaves_firings = true;

  interval_join(join_interval bounds, KeyA key_a, KeyB key_b, F f, join_sides sides)
      : reach_{bounds.upper, -bounds.lower},
        keys_of_(std::move(key_a), std::move(key_b)),
        f_(std::move(f)),
        late_(late_gate<A>{std::move(sides.late_left)}, late_gate<B>{std::move(sides.late_right)}),
        unmatched_(unmatched_gate<A>{std::move(sides.unmatched_left)},
                   unmatched_gate<B>{std::move(sides.unmatched_right)}) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    rows_held_ = &e.metrics->add_gauge(e.id + ": rows held");
    std::get<0>(late_).open(e);
    std::get<1>(late_).open(e);
    std::get<0>(unmatched_).open(e, "left");
    std::get<1>(unmatched_).open(e, "right");
    if (e.cold != nullptr)
      for (slot_dues& of : due_) of.count_by_slot();
    keys_.open(e.cold, e.id, e.key_groups, "@join", sizeof(lists), entry_calls());
  }

  void look_ahead(const batch<event>& in, std::size_t i) const noexcept {
    fetch(in.size(), i, [&](std::size_t n) { return either_key<K>(in.values[n], keys_of_); });
  }
  template <std::size_t Side, class In>
  void look_ahead(std::in_place_index_t<Side>, const batch<In>& in, std::size_t i) const noexcept {
    fetch(in.size(), i,
          [&](std::size_t n) -> K { return std::invoke(std::get<Side>(keys_of_), in.values[n]); });
  }

  template <class E, class Next>
  void on_event(E&& in, timestamp at, Next& next, flow::step& s) {
    flow::by_input(
        std::forward<E>(in),
        [&]<class Left>(Left&& a) { arrive<0>(std::forward<Left>(a), at, next, s); },
        [&]<class Right>(Right&& b) { arrive<1>(std::forward<Right>(b), at, next, s); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    const timestamp now = std::max(watermark_, p.watermark);
    if (const auto v = expire<0>(now, next, s); v != flow::verdict::done) return v;
    if (const auto v = expire<1>(now, next, s); v != flow::verdict::done) return v;
    watermark_ = now;
    if (p.watermark == max_timestamp) return flow::verdict::done;
    p.watermark = std::min({saturating_add(p.watermark, duration{-1}), held<0>(), held<1>()});
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_all_due<saved_due>(to, [this](auto put) {
      for (const std::uint8_t side : {std::uint8_t{0}, std::uint8_t{1}})
        due_[side].each([&](const due& d) { put(d.slot, saved_due{side, d.at}); });
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
      due_[d.first & 1].append_unsorted({d.second, slot});
    });
    due_[0].sort();
    due_[1].sort();
    count_rows();
  }

private:
  template <class KeyOf>
  void fetch(std::size_t events, std::size_t i, KeyOf key_of) const noexcept {
    fetch_ahead(keys_.index(), coming_, events, i, key_of, [this](const lists& l) {
      std::get<0>(rows_).fetch(std::get<0>(l));
      std::get<1>(rows_).fetch(std::get<1>(l));
    });
  }

  struct leave_if_empty {
    interval_join& of;
    std::uint32_t slot;

    ~leave_if_empty() {
      of.keys_.changed(slot);
      const lists& l = of.keys_[slot];
      if (std::get<0>(l).empty() && std::get<1>(l).empty()) of.keys_.leave(slot);
    }
  };

  template <std::size_t Side>
  auto& rows() {
    return std::get<Side>(rows_);
  }
  /// When an event of `Side` has no partner to come.
  template <std::size_t Side>
  [[nodiscard]] timestamp end_of(timestamp at) const {
    return saturating_add(at, reach_[Side]);
  }

  template <std::size_t Side, class E, class Next>
  void arrive(E&& in, timestamp at, Next& next, flow::step& s) {
    if (at < watermark_)
      return std::get<Side>(late_).refuse(std::forward<E>(in), at, watermark_, s);
    const auto slot = keys_.enter(std::invoke(std::get<Side>(keys_of_), std::as_const(in)));
    const leave_if_empty after{*this, slot};
    lists& l = keys_[slot];
    auto& partners = std::get<1 - Side>(l);
    const timestamp from = saturating_add(at, -reach_[1 - Side]);
    const timestamp to = end_of<Side>(at);
    bool matched = false;
    rows<1 - Side>().each_in(partners, from, to, [&](const auto& partner) {
      matched = true;
      emit_pair<Side>(in, partner.value, std::max(at, partner.at), next);
    });
    // Only now: if the function throws, nothing has changed.
    if (matched)
      rows<1 - Side>().each_in(partners, from, to, [](auto& partner) { partner.matched = true; });
    if (to > watermark_) {
      rows<Side>().insert(std::get<Side>(l), at, std::forward<E>(in), matched);
      due_[Side].insert({at, slot});
      count_rows();
    } else if (!matched) {
      alone<Side>(std::forward<E>(in), at, next);
    }
  }

  template <std::size_t Side, class Mine, class Other, class Next>
  void emit_pair(const Mine& mine, const Other& other, timestamp at, Next& next) {
    if constexpr (Side == 0)
      next(join_events<Kind>(f_, &mine, &other), at);
    else
      next(join_events<Kind>(f_, &other, &mine), at);
  }

  /// Deals with an event that found no partner.
  template <std::size_t Side, class E, class Next>
  void alone(E&& in, timestamp at, Next& next) {
    auto& gate = std::get<Side>(unmatched_);
    if constexpr (Side == 0 && weir::detail::keeps_left(Kind)) {
      gate.count();
      next(join_events<Kind>(f_, &std::as_const(in), static_cast<const B*>(nullptr)), at);
    } else if constexpr (Side == 1 && weir::detail::keeps_right(Kind)) {
      gate.count();
      next(join_events<Kind>(f_, static_cast<const A*>(nullptr), &std::as_const(in)), at);
    } else {
      gate.pass(std::forward<E>(in), at);
    }
  }

  /// ... and has been kept. False if the user's function has failed.
  template <std::size_t Side, class E, class Next>
  bool expired(E&& in, timestamp at, Next& next, flow::step& s) {
    constexpr bool comes_out =
        Side == 0 ? weir::detail::keeps_left(Kind) : weir::detail::keeps_right(Kind);
    auto& gate = std::get<Side>(unmatched_);
    if constexpr (!comes_out) {
      gate.pass(std::forward<E>(in), at);
      return true;
    } else {
      gate.count();
      const A* left = nullptr;
      const B* right = nullptr;
      if constexpr (Side == 0)
        left = &in;
      else
        right = &in;
      auto made = join_waiting<Kind>(f_, left, right, at, id_, s);
      if (made) next(*std::move(made), at);
      return made.has_value();
    }
  }

  /// Lets the events go that have no partner to come.
  template <std::size_t Side, class Next>
  flow::verdict expire(timestamp watermark, Next& next, flow::step& s) {
    slot_dues& all = due_[Side];
    while (!all.empty() && end_of<Side>(all.front().at) <= watermark) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      if (const due* d = all.ahead(8)) keys_.index().fetch_slot_of(d->slot);
      if (const due* d = all.ahead(4)) keys_.index().fetch_cell_of(d->slot);
      keys_.settle();
      const std::uint32_t slot = all.front().slot;
      keys_.touch(slot);
      all.take_front();
      const leave_if_empty after{*this, slot};
      auto gone = rows<Side>().take_front(std::get<Side>(keys_[slot]));
      count_rows();
      if (!gone.matched && !expired<Side>(std::move(gone.value), gone.at, next, s))
        return after_failure(s);
    }
    return flow::verdict::done;
  }

  /// The watermark must stay before what may still come out with its own time.
  template <std::size_t Side>
  [[nodiscard]] timestamp held() const {
    const bool comes_out =
        Side == 0 ? weir::detail::keeps_left(Kind) : weir::detail::keeps_right(Kind);
    if (!comes_out && !std::get<Side>(unmatched_).is_consumed()) return max_timestamp;
    return due_[Side].empty() ? max_timestamp : saturating_add(due_[Side].front().at, duration{-1});
  }

  void count_rows() {
    rows_held_->set(static_cast<std::int64_t>(rows<0>().size() + rows<1>().size()));
  }

  /// What is saved of a row, and of a key.
  template <class T>
  using saved_row = std::tuple<timestamp, bool, T>;
  using saved_entry = std::tuple<K, std::vector<saved_row<A>>, std::vector<saved_row<B>>>;
  using saved_due = std::pair<std::uint8_t, timestamp>;  ///< The side of an event, and its time.

  [[nodiscard]] auto entry_calls() {
    typename decltype(keys_)::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) {
      save<0>(slot, to);
      save<1>(slot, to);
    };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      return load<0>(slot, in) && load<1>(slot, in);
    };
    c.drop = [this](std::uint32_t slot) {
      rows<0>().clear(std::get<0>(keys_[slot]));
      rows<1>().clear(std::get<1>(keys_[slot]));
    };
    c.holds = [this](std::uint32_t slot) {
      return !std::get<0>(keys_[slot]).empty() || !std::get<1>(keys_[slot]).empty();
    };
    c.due = [this](std::uint32_t slot) { return due_[0].has(slot) || due_[1].has(slot); };
    return c;
  }

  template <std::size_t Side>
  void save(std::uint32_t slot, bytes& to) {
    auto& list = std::get<Side>(keys_[slot]);
    encode(static_cast<std::uint32_t>(rows<Side>().size(list)), to);
    rows<Side>().each(list, [&](const auto& r) {
      encode(r.at, to);
      encode(r.matched, to);
      encode(r.value, to);
    });
  }
  template <std::size_t Side>
  bool load(std::uint32_t slot, byte_reader& in) {
    std::uint32_t n = 0;
    if (!decode(in, n)) return false;
    for (; n != 0; --n) {
      timestamp at;
      bool matched = false;
      std::conditional_t<Side == 0, A, B> value{};
      if (!decode(in, at) || !decode(in, matched) || !decode(in, value)) return false;
      if (restoring_) due_[Side].append_unsorted({at, slot});
      rows<Side>().insert(std::get<Side>(keys_[slot]), at, std::move(value), matched);
    }
    return true;
  }

  duration reach_[2];  ///< How far a partner of a left, and of a right event may be after it.
  [[no_unique_address]] std::tuple<KeyA, KeyB> keys_of_;
  [[no_unique_address]] F f_;
  std::tuple<late_gate<A>, late_gate<B>> late_;
  std::tuple<unmatched_gate<A>, unmatched_gate<B>> unmatched_;
  std::string id_;
  gauge* rows_held_ = nullptr;

  entry_index<K, keyed_slots<K, lists>> keys_;
  mutable coming_hashes coming_;
  std::tuple<timed_rows<A>, timed_rows<B>> rows_;
  slot_dues due_[2];  ///< A left, and a right event each, in the order of their end.
  bool restoring_ = false;
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
