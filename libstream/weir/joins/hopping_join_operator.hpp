// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/flow/either.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/joins/either_key.hpp"
#include "weir/joins/hopping_panes.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/join_waiting.hpp"
#include "weir/joins/row_chains.hpp"
#include "weir/joins/unmatched_gate.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/keyed_slots.hpp"
#include "weir/windows/hopping.hpp"
#include "weir/windows/late_gate.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

/// As `window_join`, in windows that overlap: an event is kept once, in the pane that its time lies
/// in, and a window is what its panes hold. An event costs a table operation and a search among the
/// key's panes; a window's end costs a visit to each key that has events in it, and a call for each
/// pair. So of windows that overlap n times an event costs one entry and up to n visits.
template <class K, class A, class B, class KeyA, class KeyB, class F, join_kind Kind>
class hopping_join {
  /// What a key holds in a pane.
  struct part {
    hopping_pane* of = nullptr;
    typename row_chains<A>::list left{};
    typename row_chains<B>::list right{};

    [[nodiscard]] bool in(std::int64_t n) const { return of->first <= n && n <= of->last; }
  };
  struct entry {
    boost::container::small_vector<part, 2> parts;
    std::int64_t fired = INT64_MIN;  ///< The number of the last window that its events came out of.
  };

public:
  using event = flow::either<A, B>;
  static constexpr bool takes_inputs_apart = true;

  hopping_join(hopping windows, KeyA key_a, KeyB key_b, F f, join_sides sides)
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
    const std::int64_t complete = windows_.complete(now);
    while (firing_.at_work || begin_firing(complete))
      if (const auto v = fire(next, s); v != flow::verdict::done) return v;
    watermark_ = now;
    fired_ = std::max(fired_, complete);
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_all_due<timestamp>(to, [this](auto put) {
      keys_.index().each([&](const K&, std::uint32_t slot) {
        for (const part& p : keys_[slot].parts) put(slot, p.of->any);
      });
    });
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    watermark_ = saved_watermark(from);
    fired_ = windows_.complete(watermark_);
    keys_.template restore<saved_entry>(from);
    keys_.template restore_due<timestamp>(
        from, [this](std::uint32_t slot, timestamp any) { part_around(slot, any); });
    count_rows();
  }

private:
  template <class KeyOf>
  void fetch(std::size_t events, std::size_t i, KeyOf key_of) const noexcept {
    fetch_ahead(keys_.index(), coming_, events, i, key_of,
                [this](const entry& e) { fetch_rows(e); });
  }

  /// Where a walk through a key's events of one side in a window stands.
  struct cursor {
    std::size_t part = 0;
    std::uint32_t place = no_row;

    [[nodiscard]] bool at_end() const noexcept { return place == no_row; }
  };
  /// The window that is complete and being worked off, key by key.
  struct firing {
    bool at_work = false;
    std::int64_t number = 0;
    timestamp at;  ///< The time of what comes out.
    hopping_panes::map::const_iterator pane;
    std::size_t key = 0;  ///< In the pane's list.
    bool in_key = false;
    bool has[2] = {false, false};  ///< Whether the key has events of a side in the window.
    cursor sides[2];
  };

  template <std::size_t Side>
  auto& rows() {
    return std::get<Side>(rows_);
  }
  template <std::size_t Side, class Part>
  [[nodiscard]] static auto& side_of(Part& p) {
    if constexpr (Side == 0)
      return p.left;
    else
      return p.right;
  }

  template <std::size_t Side, class E>
  void arrive(E&& in, timestamp at, flow::step& s) {
    const std::int64_t first = windows_.first(at);
    const std::int64_t last = windows_.last(at);
    if (first > last || last <= fired_) {
      if (at <= watermark_)
        return std::get<Side>(late_).refuse(std::forward<E>(in), at, watermark_, s);
      return without_window_->add(1);
    }
    const auto slot = keys_.enter(std::invoke(std::get<Side>(keys_of_), std::as_const(in)));
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    rows<Side>().append(side_of<Side>(part_of(slot, first, last, at)), std::forward<E>(in));
    count_rows();
  }

  part& part_of(std::uint32_t slot, std::int64_t first, std::int64_t last, timestamp at) {
    hopping_pane& pane = panes_.at(first, last, at);
    entry& e = keys_[slot];
    for (auto p = e.parts.rbegin(); p != e.parts.rend(); ++p)
      if (p->of == &pane) return *p;
    pane.keys.push_back(slot);
    return e.parts.emplace_back(part{&pane});
  }

  /// The part of the pane that `any` lies in. Where the windows are others than before, events come
  /// out of the next at the least.
  part& part_around(std::uint32_t slot, timestamp any) {
    const std::int64_t last = std::max(windows_.last(any), fired_ + 1);
    return part_of(slot, std::min(windows_.first(any), last), last, any);
  }

  [[nodiscard]] auto entry_calls() {
    typename decltype(keys_)::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) { save(keys_[slot], to); };
    c.load = [this](std::uint32_t slot, byte_reader& in) { return load(slot, in); };
    c.drop = [this](std::uint32_t slot) {  // its panes know the key, and it its panes
      for (part& p : keys_[slot].parts) {
        rows<0>().clear(p.left);
        rows<1>().clear(p.right);
      }
    };
    c.holds = c.due = [this](std::uint32_t slot) { return !keys_[slot].parts.empty(); };
    return c;
  }

  /// Begins with the next complete window that has events; false if there is none.
  bool begin_firing(std::int64_t complete) {
    if (panes_.empty()) return false;
    const std::int64_t number = std::max(fired_ + 1, panes_.front().first);
    if (number > complete) return false;
    firing_ = {true, number, windows_.nth(number).last(), panes_.begin(), 0, false, {}};
    return true;
  }

  template <class Next>
  flow::verdict fire(Next& next, flow::step& s) {
    firing& f = firing_;
    for (; f.pane != panes_.end() && f.pane->second.first <= f.number; ++f.pane, f.key = 0) {
      const std::vector<std::uint32_t>& keys = f.pane->second.keys;
      for (; f.key != keys.size(); ++f.key) {
        if (!f.in_key && s.budget == 0) return flow::verdict::more;
        if (!f.in_key) begin_key(keys, f.key, s);
        if (const auto v = fire_key(keys[f.key], next, s); v != flow::verdict::done) return v;
      }
    }
    panes_.drop_until(f.number);
    fired_ = f.number;
    f.at_work = false;
    count_rows();
    return flow::verdict::done;
  }

  void begin_key(const std::vector<std::uint32_t>& keys, std::size_t i, flow::step& s) {
    --s.budget;
    if (i + 8 < keys.size()) keys_.index().fetch_slot_of(keys[i + 8]);
    if (i + 4 < keys.size()) {
      fetch_rows(keys_[keys[i + 4]]);
      keys_.index().fetch_cell_of(keys[i + 4]);
    }
    keys_.settle();
    const entry& e = keys_[keys[i]];
    // A key that is in several of the window's panes is met as often.
    if (e.parts.empty() || e.fired == firing_.number) return;
    keys_.touch(keys[i]);
    firing_.in_key = true;
    firing_.sides[0] = begin<0>(e);
    firing_.sides[1] = begin<1>(e);
    for (int side : {0, 1}) firing_.has[side] = !firing_.sides[side].at_end();
  }

  template <class Next>
  flow::verdict fire_key(std::uint32_t slot, Next& next, flow::step& s) {
    firing& f = firing_;
    if (!f.in_key) return flow::verdict::done;
    const entry& e = keys_[slot];
    while (!f.sides[f.has[0] ? 0 : 1].at_end()) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      const bool ok = f.has[0] && f.has[1] ? next_pair(e, next, s)
                      : f.has[0]           ? alone<0>(e, next, s)
                                           : alone<1>(e, next, s);
      if (!ok) return after_failure(s);
    }
    f.in_key = false;
    finish_key(slot);
    return flow::verdict::done;
  }

  /// Drops what is in no further window.
  void finish_key(std::uint32_t slot) {
    keys_.changed(slot);
    entry& e = keys_[slot];
    e.fired = firing_.number;
    std::size_t kept = 0;
    for (part& p : e.parts) {
      if (p.of->last > firing_.number) {
        e.parts[kept++] = p;
        continue;
      }
      rows<0>().clear(p.left);
      rows<1>().clear(p.right);
    }
    e.parts.resize(kept);
    if (kept == 0) keys_.leave(slot);
  }

  // These three are false if the user's function has failed.

  /// Moves on to the next pair, and then emits the one before.
  template <class Next>
  bool next_pair(const entry& e, Next& next, flow::step& s) {
    firing& f = firing_;
    const A& a = rows<0>()[f.sides[0].place];
    const B& b = rows<1>()[f.sides[1].place];
    advance<1>(e);
    if (f.sides[1].at_end()) {
      advance<0>(e);
      f.sides[1] = begin<1>(e);
    }
    return emit(&a, &b, next, s);
  }

  /// Deals with the next event of a side whose other side is empty.
  template <std::size_t Side, class Next>
  bool alone(const entry& e, Next& next, flow::step& s) {
    const auto& one = rows<Side>()[firing_.sides[Side].place];
    advance<Side>(e);
    auto& gate = std::get<Side>(unmatched_);
    if constexpr (Side == 0 && weir::detail::keeps_left(Kind)) {
      gate.count();
      return emit(&one, static_cast<const B*>(nullptr), next, s);
    } else if constexpr (Side == 1 && weir::detail::keeps_right(Kind)) {
      gate.count();
      return emit(static_cast<const A*>(nullptr), &one, next, s);
    } else {
      gate.pass(one, firing_.at);
      return true;
    }
  }

  template <class Next>
  bool emit(const A* a, const B* b, Next& next, flow::step& s) {
    auto made = join_waiting<Kind>(f_, a, b, firing_.at, id_, s);
    if (!made) return false;
    results_->add(1);
    next(*std::move(made), firing_.at);
    return true;
  }

  /// The first event of a side in the window, among the key's parts from number `part` on.
  template <std::size_t Side>
  [[nodiscard]] cursor begin(const entry& e, std::size_t from = 0) const {
    for (std::size_t i = from; i < e.parts.size(); ++i)
      if (const auto& list = side_of<Side>(e.parts[i]);
          !list.empty() && e.parts[i].in(firing_.number))
        return {i, list.first};
    return {};
  }
  template <std::size_t Side>
  void advance(const entry& e) {
    cursor& c = firing_.sides[Side];
    c.place = rows<Side>().after(c.place);
    if (c.at_end()) c = begin<Side>(e, c.part + 1);
  }

  void fetch_rows(const entry& e) const {
    for (const part& p : e.parts) {
      std::get<0>(rows_).fetch(p.left);
      std::get<1>(rows_).fetch(p.right);
    }
  }
  void count_rows() {
    rows_held_->set(static_cast<std::int64_t>(rows<0>().size() + rows<1>().size()));
  }

  /// What is saved of a key: of each pane some time in it, and its events.
  using saved_part = std::tuple<timestamp, std::vector<A>, std::vector<B>>;
  using saved_entry = std::tuple<K, std::vector<saved_part>>;

  void save(const entry& e, bytes& to) const {
    encode(static_cast<std::uint32_t>(e.parts.size()), to);
    for (const part& p : e.parts) {
      encode(p.of->any, to);
      save_list<0>(p.left, to);
      save_list<1>(p.right, to);
    }
  }
  template <std::size_t Side, class List>
  void save_list(const List& list, bytes& to) const {
    const auto& all = std::get<Side>(rows_);
    encode(static_cast<std::uint32_t>(all.size(list)), to);
    for (std::uint32_t at = list.first; at != no_row; at = all.after(at)) encode(all[at], to);
  }
  bool load(std::uint32_t slot, byte_reader& in) {
    std::uint32_t parts = 0;
    if (!decode(in, parts)) return false;
    for (; parts != 0; --parts) {
      timestamp any;
      if (!decode(in, any)) return false;
      part& p = part_around(slot, any);
      if (!load_list<0>(p.left, in) || !load_list<1>(p.right, in)) return false;
    }
    return true;
  }
  template <std::size_t Side, class List>
  bool load_list(List& list, byte_reader& in) {
    std::uint32_t n = 0;
    if (!decode(in, n)) return false;
    for (; n != 0; --n) {
      std::conditional_t<Side == 0, A, B> value{};
      if (!decode(in, value)) return false;
      rows<Side>().append(list, std::move(value));
    }
    return true;
  }

  hopping windows_;
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
  std::tuple<row_chains<A>, row_chains<B>> rows_;
  hopping_panes panes_;
  firing firing_;
  std::int64_t fired_ = INT64_MIN;  ///< The number of the last window that is complete.
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
