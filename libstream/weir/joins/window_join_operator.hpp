// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/joins/either_key.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/join_waiting.hpp"
#include "weir/joins/slot_dues.hpp"
#include "weir/joins/unmatched_gate.hpp"
#include "weir/joins/window_rows.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_slots.hpp"
#include "weir/windows/late_gate.hpp"
#include "weir/windows/window_kinds.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::operators {

/// Joins each left event of a key and window with each right one, when the window is complete. What
/// comes out has the window's last instant, also events that found no partner in a window; they
/// come, or go to the side, once for each such window. Sessions are of the events of both sides.
///
/// An event is kept once however many windows it is in. It costs a table operation, and a short
/// search and a link for each window; the end of a window costs constant time if they end roughly
/// in order, and a call for each pair.
template <class K, class A, class B, class KeyA, class KeyB, class F, join_kind Kind, class Windows>
class window_join {
  static constexpr bool merging = weir::detail::is_merging<Windows>;
  using list = row_lists::list;
  using open_window = typename window_rows<A, B>::open_window;
  using entry = typename window_rows<A, B>::windows;

public:
  using event = flow::either<A, B>;
  static constexpr bool takes_inputs_apart = true;

  window_join(Windows windows, KeyA key_a, KeyB key_b, F f, join_sides sides)
      : windows_(std::move(windows)),
        keys_of_(std::move(key_a), std::move(key_b)),
        f_(std::move(f)),
        late_(late_gate<A>{std::move(sides.late_left)}, late_gate<B>{std::move(sides.late_right)}),
        unmatched_(unmatched_gate<A>{std::move(sides.unmatched_left)},
                   unmatched_gate<B>{std::move(sides.unmatched_right)}) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    results_ = &e.metrics->results;
    rows_held_ = &e.metrics->add_gauge(e.id + ": rows held");
    without_window_ = &e.metrics->add_counter(e.id + ": events without a window");
    std::get<0>(late_).open(e);
    std::get<1>(late_).open(e);
    std::get<0>(unmatched_).open(e, "left");
    std::get<1>(unmatched_).open(e, "right");
    if (e.cold != nullptr) due_.count_by_slot();
    keys_.open(e.cold, e.id, e.key_groups, "@windows", sizeof(entry), entry_calls());
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
  void on_event(E&& in, timestamp at, Next&, flow::step& s) {
    flow::by_input(
        std::forward<E>(in), [&]<class Left>(Left&& a) { arrive<0>(std::forward<Left>(a), at, s); },
        [&]<class Right>(Right&& b) { arrive<1>(std::forward<Right>(b), at, s); });
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    const timestamp now = std::max(watermark_, p.watermark);
    while (firing_.at_work || find_complete(now)) {
      if (const auto v = fire(next, s); v != flow::verdict::done) return v;
      close();
    }
    watermark_ = now;
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_all_due<timestamp>(to, [this](auto put) {
      due_.each([&](const due& d) {
        if (keys_.holds_key(d.slot)) put(d.slot, d.at);
      });
      keys_.index().each([&](const K&, std::uint32_t slot) {
        each_postponed(slot, [&](timestamp at) { put(slot, at); });
      });
    });
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    watermark_ = saved_watermark(from);
    restoring_ = true;
    keys_.template restore<saved_entry>(from);
    restoring_ = false;
    keys_.template restore_due<timestamp>(from, [this](std::uint32_t slot, timestamp at) {
      due_.append_unsorted({at, slot});
    });
    due_.sort();
    count_rows();
  }

private:
  template <class KeyOf>
  void fetch(std::size_t events, std::size_t i, KeyOf key_of) const noexcept {
    fetch_ahead(keys_.index(), coming_, events, i, key_of,
                [this](const entry& e) { rows_.fetch(e); });
  }

  using due = slot_dues::due;
  /// The window that is complete and being worked off.
  struct firing {
    window at;
    list sides[2];
    std::uint32_t place[2] = {no_row, no_row};  ///< Of the next pair, or event, in the lists.
    bool at_work = false;
  };

  [[nodiscard]] bool is_over(const window& w) const { return w.last() <= watermark_; }

  template <std::size_t Side, class E>
  void arrive(E&& in, timestamp at, flow::step& s) {
    met_.clear();
    windows_.assign(std::as_const(in), at, [&](const window& w) { met_.push_back(w); });
    const auto slot = keys_.enter(std::invoke(std::get<Side>(keys_of_), std::as_const(in)));
    entry& e = keys_[slot];
    std::uint32_t row = no_row;
    for (const window& w : met_) {
      open_window* o = window_for(slot, e, w);
      if (o == nullptr) continue;
      if (row == no_row) row = rows_.template add<Side>(std::forward<E>(in));
      rows_.template put<Side>(row, *o);
    }
    keys_.changed(slot);
    if (e.empty()) keys_.leave(slot);
    if (row != no_row)
      count_rows();
    else if (at <= watermark_)
      std::get<Side>(late_).refuse(std::forward<E>(in), at, watermark_, s);
    else
      without_window_->add(1);
  }

  /// The open window that an event of `w` goes to; null if that is over.
  open_window* window_for(std::uint32_t slot, entry& e, window w) {
    if constexpr (merging) {
      const auto [from, to] =
          sessions_met(e.begin(), e.end(), w, windows_.rule(),
                       [](const open_window& x) -> const window& { return x.at; });
      if (from != to) return merge(e, from, to, w);
    } else {
      // Most events go to a window that is open.
      const auto found = std::lower_bound(
          e.begin(), e.end(), w, [](const open_window& x, const window& y) { return x.at < y; });
      if (found != e.end() && found->at == w) return &*found;
    }
    if (is_over(w)) return nullptr;
    const auto place = std::lower_bound(
        e.begin(), e.end(), w, [](const open_window& x, const window& y) { return x.at < y; });
    due_.insert({w.last(), slot});
    return &*e.insert(place, open_window{w, w.last(), {}});
  }

  open_window* merge(entry& e, typename entry::iterator from, typename entry::iterator to,
                     window w) {
    for (auto x = from; x != to; ++x) {
      w = {std::min(w.start, x->at.start), std::max(w.end, x->at.end)};
      if (x == from) continue;
      rows_.join(*from, *x);
      from->noted = std::min(from->noted, x->noted);
    }
    from->at = w;
    return &*e.erase(from + 1, to) - 1;
  }

  /// Takes the first complete window out; false if there is none.
  bool find_complete(timestamp now) {
    while (!due_.empty() && due_.front().at <= now) {
      if (const due* d = due_.ahead(8)) keys_.index().fetch_slot_of(d->slot);
      if (const due* d = due_.ahead(4)) {
        keys_.index().fetch_cell_of(d->slot);
        rows_.fetch(keys_[d->slot]);
      }
      const due first = due_.front();
      keys_.settle();
      keys_.touch(first.slot);
      entry& e = keys_[first.slot];
      const auto found = std::find_if(e.begin(), e.end(),
                                      [&](const open_window& w) { return w.noted == first.at; });
      if (found == e.end()) {  // it has been dealt with, or merged
        static_cast<void>(due_.take_front());
      } else if (found->at.last() > now) {
        found->noted = found->at.last();
        due_.insert({found->noted, first.slot});
      } else {
        keys_.changed(first.slot);
        firing_ = {found->at, {found->sides[0], found->sides[1]}, {}, true};
        firing_.place[0] = firing_.sides[0].first;
        firing_.place[1] = firing_.sides[1].first;
        e.erase(found);
        if (e.empty()) keys_.leave(first.slot);
        return true;
      }
    }
    return false;
  }

  template <class Next>
  flow::verdict fire(Next& next, flow::step& s) {
    const firing& f = firing_;
    const bool lefts = !f.sides[0].empty();
    const bool rights = !f.sides[1].empty();
    while (f.place[lefts ? 0 : 1] != no_row) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      const bool ok = lefts && rights ? next_pair(next, s)
                      : lefts         ? alone<0>(next, s)
                                      : alone<1>(next, s);
      if (!ok) return after_failure(s);
    }
    return flow::verdict::done;
  }

  // These three are false if the user's function has failed.

  /// Moves on to the next pair, and then emits the one before.
  template <class Next>
  bool next_pair(Next& next, flow::step& s) {
    firing& f = firing_;
    const A& a = rows_.template at<0>(f.place[0]);
    const B& b = rows_.template at<1>(f.place[1]);
    f.place[1] = rows_.after(f.place[1]);
    if (f.place[1] == no_row) {
      f.place[0] = rows_.after(f.place[0]);
      f.place[1] = f.sides[1].first;
    }
    return emit(&a, &b, next, s);
  }

  /// Deals with the next event of a side whose other side is empty.
  template <std::size_t Side, class Next>
  bool alone(Next& next, flow::step& s) {
    std::uint32_t& place = firing_.place[Side];
    const auto& one = rows_.template at<Side>(place);
    place = rows_.after(place);
    auto& gate = std::get<Side>(unmatched_);
    if constexpr (Side == 0 && weir::detail::keeps_left(Kind)) {
      gate.count();
      return emit(&one, static_cast<const B*>(nullptr), next, s);
    } else if constexpr (Side == 1 && weir::detail::keeps_right(Kind)) {
      gate.count();
      return emit(static_cast<const A*>(nullptr), &one, next, s);
    } else {
      gate.pass(one, firing_.at.last());
      return true;
    }
  }

  template <class Next>
  bool emit(const A* a, const B* b, Next& next, flow::step& s) {
    const timestamp at = firing_.at.last();
    auto made = join_waiting<Kind>(f_, a, b, at, id_, s);
    if (!made) return false;
    results_->add(1);
    next(*std::move(made), at);
    return true;
  }

  void close() {
    rows_.release(firing_.sides);
    firing_.at_work = false;
    count_rows();
  }

  void count_rows() { rows_held_->set(static_cast<std::int64_t>(rows_.size())); }

  using saved_entry = weir::detail::joined_tuple<std::tuple<K>, typename window_rows<A, B>::saved>;

  /// Calls `note(at)` with the ends of a key's windows that are noted for an earlier time: one that
  /// is loaded is noted for its end.
  template <class Note>
  void each_postponed(std::uint32_t slot, Note note) {
    for (const open_window& w : keys_[slot])
      if (w.noted != w.at.last()) note(w.at.last());
  }
  [[nodiscard]] auto entry_calls() {
    typename decltype(keys_)::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) { rows_.save(keys_[slot], to); };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      if (!rows_.load(keys_[slot], in)) return false;
      if (restoring_)
        for (const open_window& w : keys_[slot]) due_.append_unsorted({w.noted, slot});
      return true;
    };
    c.drop = [this](std::uint32_t slot) {
      each_postponed(slot, [&](timestamp at) { due_.insert({at, slot}); });
      for (open_window& w : keys_[slot]) rows_.release(w.sides);
      keys_[slot].clear();
    };
    c.holds = [this](std::uint32_t slot) { return !keys_[slot].empty(); };
    c.due = [this](std::uint32_t slot) { return due_.has(slot); };
    return c;
  }

  Windows windows_;
  [[no_unique_address]] std::tuple<KeyA, KeyB> keys_of_;
  [[no_unique_address]] F f_;
  std::tuple<late_gate<A>, late_gate<B>> late_;
  std::tuple<unmatched_gate<A>, unmatched_gate<B>> unmatched_;
  std::string id_;
  counter* results_ = nullptr;
  counter* without_window_ = nullptr;
  gauge* rows_held_ = nullptr;

  entry_index<K, keyed_slots<K, entry>> keys_;
  mutable coming_hashes coming_;
  window_rows<A, B> rows_;
  slot_dues due_;
  bool restoring_ = false;
  firing firing_;
  std::vector<window> met_;  ///< The windows of the event in hand.
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
