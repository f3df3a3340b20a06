// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/due_heap.hpp"
#include "weir/windows/late_gate.hpp"
#include "weir/windows/triggers.hpp"
#include "weir/windows/window_contents.hpp"
#include "weir/windows/window_kinds.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

namespace detail {

template <class W>
struct assigner_of {
  using type = W;
  static const W& get(const W& w) { return w; }
};
template <class W>
struct assigner_of<by_clock<W>> {
  using type = W;
  static const W& get(const by_clock<W>& w) { return w.windows; }
};

}  // namespace detail

/// What windows do on their way through the general engine.
struct window_rules {
  duration lateness{};
  std::string late_output;
};

/// The general engine: any assigner, merging ones too, any trigger, with an accumulator or
/// references to events for each window of each key. An event costs a table operation, and a search
/// and an addition for each window it is in. A heap says which key has something to do next; keys
/// without open windows cost nothing. `FiresOnEvents` says that an event may lead to results.
template <class K, class T, class KeyOf, class Windows, class Trigger, class Contents, class Output,
          bool FiresOnEvents>
class window_operator {
  using assigner = typename detail::assigner_of<Windows>::type;
  static constexpr bool by_clock = weir::detail::is_by_clock<Windows>;
  static constexpr bool merging = weir::detail::is_merging<Windows>;
  static constexpr timestamp never = max_timestamp;
  /// Whether an event in the key's only session changes nothing but its end and what it gathers.
  static constexpr bool only_grows =
      merging && !by_clock && !FiresOnEvents && std::is_same_v<Trigger, at_window_end> &&
      std::is_empty_v<typename Contents::log> && std::is_empty_v<typename Output::memory>;
  /// Stands for the end of the stream, where what never ends is complete.
  static constexpr timestamp the_end = max_timestamp - duration{1};

public:
  static constexpr const char* state = "@windows";
  static constexpr bool keeps_letters = true;
  static constexpr bool emits_many = FiresOnEvents;
  static constexpr bool leaves_timers = true;
  static constexpr bool leaves_firings = true;

  /// What is saved of an open window, and of a key.
  using saved_window = weir::detail::joined_tuple<
      std::tuple<window, std::uint32_t, bool, bool, typename Trigger::state>,
      typename Contents::saved_part, typename Output::saved>;
  using saved_entry = weir::detail::joined_tuple<std::tuple<K>, typename Contents::saved_log,
                                                 std::tuple<std::vector<saved_window>>>;

  window_operator(Windows windows, KeyOf key_of, Trigger trigger, Contents contents, Output output,
                  window_rules rules)
      : windows_(std::move(windows)),
        key_of_(std::move(key_of)),
        trigger_(std::move(trigger)),
        contents_(std::move(contents)),
        output_(std::move(output)),
        lateness_(rules.lateness),
        late_(std::move(rules.late_output)) {}

  void open(const flow::operator_environment& e) {
    results_ = &e.metrics->results;
    without_window_ = &e.metrics->add_counter(e.id + ": events without a window");
    unfired_ = &e.metrics->add_counter(e.id + ": windows dropped unfired");
    late_.open(e);
    keys_.open(e.cold, e.id, e.key_groups, state, sizeof(entry), entry_calls());
  }

  void look_ahead(const batch<T>& in, std::size_t i) const noexcept {
    fetch_ahead(keys_.index(), in, i, key_of_, [this](std::uint32_t slot) {
      if (slot >= entries_.size()) return;
      prefetch_line(&entries_[slot]);
      if constexpr (sizeof(entry) > 64)
        prefetch_line(reinterpret_cast<const std::byte*>(&entries_[slot] + 1) - 1);
    });
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    now_ = s.wall;
    const timestamp t = by_clock ? now_ : at;
    const auto slot = keys_.enter(std::invoke(key_of_, std::as_const(event)));
    entry& e = entry_of(slot);
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    if constexpr (only_grows)
      if (grow(e, std::as_const(event), at)) return;
    e.entered = true;
    const leave_if_empty after{*this, slot};
    typename Contents::incoming in{event, at};
    struct settle_after {
      window_operator& of;
      std::uint32_t slot;
      typename Contents::incoming& in;
      ~settle_after() { of.contents_.settle(of.entries_[slot].log, in); }
    } const settled{*this, slot, in};
    bool taken = false;
    assigner_().assign(std::as_const(event), t,
                       [&](const window& w) { taken = take(slot, w, in, t, next) || taken; });
    if (taken) return;
    if (!by_clock && saturating_add(t, lateness_) <= watermark_)
      late_.refuse(std::forward<E>(event), at, watermark_, s);
    else
      without_window_->add(1);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    if (p.watermark <= watermark_) return flow::verdict::done;
    now_ = s.wall;
    event_time_ = p.watermark;
    const flow::verdict v = run(event_due_, p.watermark, next, s);
    if (v != flow::verdict::done) return v;
    watermark_ = p.watermark;
    // Nobody will wait for the clock.
    if (by_clock && watermark_ == max_timestamp) count_open();
    return v;
  }
  template <class Next>
  flow::verdict on_time(Next& next, flow::step& s) {
    now_ = s.wall;
    return run(clock_due_, s.wall, next, s);
  }
  [[nodiscard]] timestamp next_timer() {
    const timestamp others = clock_due_.due.earliest();
    return clock_due_.at_work ? std::min(clock_due_.current.at, others) : others;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_due<due_times>(to, [this](std::uint32_t slot) {
      return due_times{event_due_.due_time(slot), clock_due_.due_time(slot)};
    });
    save_watermark(to, watermark_);
    save_time(to, "@event time", event_time_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    watermark_ = saved_watermark(from);
    // Ahead of the watermark if that was being worked off.
    event_time_ = std::max(watermark_, saved_time(from, "@event time"));
    keys_.template restore<saved_entry>(from);
    keys_.template restore_due<due_times>(from, [this](std::uint32_t slot, const due_times& at) {
      if (at.first != never) event_due_.due.set(slot, at.first);
      if (at.second != never) clock_due_.due.set(slot, at.second);
    });
  }

  /// Calls `f(window, part)` for each window of what is saved of a key, if it has not fired what it
  /// holds; false if it does not decode.
  template <class F>
  static bool each_saved(byte_reader& in, F f) {
    entry e;
    if (!load(e, in)) return false;
    for (open_window& w : e.windows)
      if (w.unfired) f(w.at, std::move(w.part));
    return true;
  }
  /// Adds what a key has gathered in a window elsewhere; it has not fired.
  void put(const K& key, const window& w, typename Contents::part part) {
    const auto slot = keys_.enter(key);
    entry& e = entry_of(slot);
    e.entered = true;
    open_window& o = opened(e, w);
    o.part = std::move(part);
    o.unfired = true;
    arm(slot, o);
    keys_.changed(slot);
  }

private:
  using due_times = std::pair<timestamp, timestamp>;  ///< In event time, and by the clock.

  void count_open() {
    keys_.each_due([this](std::uint32_t slot) {
      for (const open_window& w : entries_[slot].windows)
        if (w.unfired) unfired_->add(1);
    });
  }
  [[nodiscard]] auto entry_calls() {
    typename entry_index<K>::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) { save(entries_[slot], to); };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      entry& e = entry_of(slot);
      e.entered = true;
      if (!load(e, in)) return false;
      for (open_window& w : e.windows) arm(slot, w);
      return true;
    };
    c.drop = [this](std::uint32_t slot) { entry_of(slot) = {}; };
    c.holds = [this](std::uint32_t slot) { return !entry_of(slot).windows.empty(); };
    c.due = [this](std::uint32_t slot) {
      return event_due_.due_time(slot) != never || clock_due_.due_time(slot) != never;
    };
    return c;
  }

  struct open_window {
    window at;
    timestamp next_event = never;  ///< When the trigger wants to be called next.
    timestamp next_clock = never;
    std::uint32_t fired = 0;
    bool complete = false;
    bool unfired = false;  ///< It has taken an event since it fired last.
    typename Trigger::state trigger{};
    typename Contents::part part{};
    typename Output::memory memory{};
  };
  /// Most keys have but one session open.
  using window_list = std::conditional_t<merging, boost::container::small_vector<open_window, 1>,
                                         std::vector<open_window>>;
  struct entry {
    window_list windows;  ///< By start and end.
    typename Contents::log log;
    bool entered = false;  ///< The slot belongs to a key.
  };
  /// What is due in one kind of time, and the key in hand.
  struct agenda {
    due_heap due;
    due_heap::entry current{};
    bool at_work = false;

    [[nodiscard]] timestamp due_time(std::uint32_t slot) const {
      const timestamp next = due.due(slot);
      return at_work && current.slot == slot ? std::min(next, current.at) : next;
    }
  };
  struct leave_if_empty {
    window_operator& of;
    std::uint32_t slot;

    ~leave_if_empty() {
      of.keys_.changed(slot);
      of.leave(slot);
    }
  };

  [[nodiscard]] const assigner& assigner_() const {
    return detail::assigner_of<Windows>::get(windows_);
  }
  [[nodiscard]] trigger_view view_of(const open_window& w) const {
    return {w.at, event_time_, now_, w.complete, by_clock};
  }
  /// When a window is forgotten, in its kind of time; `the_end` if only there.
  [[nodiscard]] timestamp expiry(const window& w) const {
    return std::min(by_clock ? w.last() : saturating_add(w.last(), lateness_), the_end);
  }
  [[nodiscard]] bool is_expired(const window& w) const {
    return !by_clock && expiry(w) <= std::min(watermark_, the_end) &&
           (expiry(w) != the_end || watermark_ == max_timestamp);
  }

  entry& entry_of(std::uint32_t slot) {
    if (slot >= entries_.size()) entries_.resize(slot + std::size_t{1});
    return entries_[slot];
  }

  template <class Next>
  bool take(std::uint32_t slot, window w, typename Contents::incoming& in, timestamp t,
            Next& next) {
    entry& e = entries_[slot];
    open_window* o = nullptr;
    if constexpr (merging)
      o = merged_with(e, w);
    else
      o = is_expired(w) ? nullptr : &opened(e, w);
    if (o == nullptr) return false;
    o->complete = o->at.last() <= (by_clock ? now_ : watermark_);
    try {
      contents_.add(e.log, o->part, in);
    } catch (...) {
      arm(slot, *o);  // others may come to a window that is there now
      throw;
    }
    o->unfired = true;
    const trigger_action a = trigger_.on_event(o->trigger, in.event, t, view_of(*o));
    arm(slot, *o);
    act(a, slot, *o, o->complete ? pane_timing::late : pane_timing::early, next);
    return true;
  }

  open_window& opened(entry& e, const window& w) {
    auto at = std::lower_bound(e.windows.begin(), e.windows.end(), w,
                               [](const open_window& x, const window& y) { return x.at < y; });
    if (at == e.windows.end() || at->at != w) at = e.windows.insert(at, open_window{w});
    return *at;
  }

  /// Adds an event to the key's only session, if it belongs to that. The session is due no earlier
  /// than was noted, and is looked at then.
  bool grow(entry& e, const T& event, timestamp at) requires merging {
    if (e.windows.size() != 1 || e.windows.front().complete) return false;
    open_window& only = e.windows.front();
    window both = only.at;
    bool taken = false;
    assigner_().assign(event, at, [&](const window& w) {
      taken = belong_together(only.at, w, assigner_().rule());
      if (taken) both = {std::min(w.start, only.at.start), std::max(w.end, only.at.end)};
    });
    if (!taken) return false;
    typename Contents::incoming in{event, at};
    contents_.add(e.log, only.part, in);  // an event that fails here has changed nothing
    only.at = both;
    only.next_event = std::min(both.last(), the_end);
    only.unfired = true;
    return true;
  }

  /// Extends the key's only window by one that belongs to it; most events come to such a key.
  open_window* grown(entry& e, const window& w) requires merging {
    if (e.windows.size() != 1) return nullptr;
    open_window& only = e.windows.front();
    if (!belong_together(only.at, w, assigner_().rule())) return nullptr;
    const window both{std::min(w.start, only.at.start), std::max(w.end, only.at.end)};
    if (both != only.at) {
      typename Output::memory none{};
      output_.merge(only.memory, none);
      only.at = both;
    }
    return &only;
  }

  /// Returns the window that `w` and those it belongs together with become; null if it is expired.
  open_window* merged_with(entry& e, window w) requires merging {
    if (open_window* only = grown(e, w)) return only;
    const auto [from, to] =
        sessions_met(e.windows.begin(), e.windows.end(), w, assigner_().rule(),
                     [](const open_window& x) -> const window& { return x.at; });
    if (from == to) return is_expired(w) ? nullptr : &*e.windows.insert(from, open_window{w});
    for (auto x = from; x != to; ++x)
      w = {std::min(w.start, x->at.start), std::max(w.end, x->at.end)};
    for (auto x = from + 1; x != to; ++x) {
      contents_.merge(e.log, from->part, x->part);
      trigger_.merge(from->trigger, x->trigger);
      output_.merge(from->memory, x->memory);
      from->fired = std::max(from->fired, x->fired);
      from->unfired = from->unfired || x->unfired;
    }
    if (from->at != w && from + 1 == to) {
      typename Output::memory none{};
      output_.merge(from->memory, none);
    }
    from->at = w;
    return &*e.windows.erase(from + 1, to) - 1;
  }

  /// Asks the trigger when it wants to be called, and notes that.
  void arm(std::uint32_t slot, open_window& w) {
    const trigger_view v = view_of(w);
    if constexpr (requires { trigger_.next_event_time(w.trigger, v); }) {
      w.next_event = trigger_.next_event_time(w.trigger, v);
      if (w.at.end == max_timestamp && !w.complete && !by_clock)
        w.next_event = std::min(w.next_event, the_end);
    }
    if constexpr (requires { trigger_.next_processing_time(w.trigger, v); })
      w.next_clock = trigger_.next_processing_time(w.trigger, v);
    if (const timestamp due = due_of(w, event_due_); due != never) event_due_.due.set(slot, due);
    if (const timestamp due = due_of(w, clock_due_); due != never) clock_due_.due.set(slot, due);
  }
  [[nodiscard]] timestamp due_of(const open_window& w, const agenda& in) const {
    const bool event_time = &in == &event_due_;
    const timestamp trigger = event_time ? w.next_event : w.next_clock;
    return event_time != by_clock ? std::min(trigger, expiry(w.at)) : trigger;
  }

  template <class Next>
  flow::verdict run(agenda& in, timestamp now, Next& next, flow::step& s) {
    if (now < max_timestamp) now = std::min(now, the_end - duration{1});
    while (true) {
      keys_.settle();
      if (!in.at_work) {
        // What is noted goes by what the entry says: it has to be there before it is taken.
        if (in.due.earliest() > now || in.due.earliest() == never) return flow::verdict::done;
        keys_.touch(in.due.first());
        in.due.pop(now, in.current);
      }
      in.at_work = true;
      keys_.touch(in.current.slot);
      entry& e = entries_[in.current.slot];
      keys_.changed(in.current.slot);
      for (std::size_t i = 0; i < e.windows.size();) {
        if (due_of(e.windows[i], in) > in.current.at) {
          ++i;
          continue;
        }
        if (next.full()) return flow::verdict::blocked;
        if (s.budget == 0) return flow::verdict::more;
        --s.budget;
        if (!call_trigger(in, e.windows[i], now, next)) expire(e, i);
      }
      in.at_work = false;
      for (const open_window& w : e.windows)
        if (const timestamp due = due_of(w, in); due != never) in.due.set(in.current.slot, due);
      leave(in.current.slot);
    }
  }

  /// Calls the trigger if it is due; false if not.
  template <class Next>
  bool call_trigger(agenda& in, open_window& w, timestamp now, Next& next) {
    const bool event_time = &in == &event_due_;
    timestamp& due = event_time ? w.next_event : w.next_clock;
    if (due > in.current.at) return false;
    timestamp at = std::exchange(due, never);
    if (event_time && now == max_timestamp && w.at.end == max_timestamp) at = max_timestamp;
    const bool completes = event_time != by_clock && at >= w.at.last() && !w.complete;
    w.complete = w.complete || completes;
    const pane_timing timing = completes    ? pane_timing::on_time
                               : w.complete ? pane_timing::late
                                            : pane_timing::early;
    trigger_action a = trigger_action::go_on;
    if (event_time) {
      if constexpr (requires { trigger_.on_event_time(w.trigger, at, view_of(w)); })
        a = trigger_.on_event_time(w.trigger, at, view_of(w));
    } else {
      if constexpr (requires { trigger_.on_processing_time(w.trigger, at, view_of(w)); })
        a = trigger_.on_processing_time(w.trigger, at, view_of(w));
    }
    arm(in.current.slot, w);
    act(a, in.current.slot, w, timing, next);
    return true;
  }

  void expire(entry& e, std::size_t i) {
    if (e.windows[i].unfired) unfired_->add(1);
    contents_.clear(e.log, e.windows[i].part);
    e.windows.erase(e.windows.begin() + static_cast<std::ptrdiff_t>(i));
  }

  template <class Next>
  void act(trigger_action a, std::uint32_t slot, open_window& w, pane_timing timing, Next& next) {
    if (a == trigger_action::go_on) return;
    struct purge_after {  // also if the function that is called on firing throws
      window_operator& of;
      entry& e;
      open_window& w;
      bool purges;
      ~purge_after() {
        if (purges) of.contents_.clear(e.log, w.part);
      }
    } const after{*this, entries_[slot], w,
                  a == trigger_action::purge || a == trigger_action::fire_and_purge};
    if (a == trigger_action::purge) return;
    contents_.fire(entries_[slot].log, w.part, w.at, [&](const auto& acc) {
      const pane_info pane{w.fired++, timing};
      w.unfired = false;
      results_->add(1);
      output_.fire(w.memory, contents_.fold(), keys_.key(slot), w.at, pane, acc, next);
    });
  }

  void leave(std::uint32_t slot) {
    if (!entries_[slot].windows.empty() || !entries_[slot].entered) return;
    entries_[slot] = {};
    event_due_.due.forget(slot);
    clock_due_.due.forget(slot);
    keys_.leave(slot);
  }

  void save(const entry& e, bytes& to) const {
    contents_.save(e.log, to);
    encode(static_cast<std::uint32_t>(e.windows.size()), to);
    for (const open_window& w : e.windows) {
      encode(w.at, to);
      encode(w.fired, to);
      encode(w.complete, to);
      encode(w.unfired, to);
      encode(w.trigger, to);
      contents_.save(w.part, to);
      output_.save(w.memory, to);
    }
  }
  static bool load(entry& e, byte_reader& from) {
    std::uint32_t n = 0;
    if (!Contents::load(e.log, from) || !decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      open_window w;
      if (!decode(from, w.at) || !decode(from, w.fired) || !decode(from, w.complete) ||
          !decode(from, w.unfired) || !decode(from, w.trigger) || !Contents::load(w.part, from) ||
          !Output::load(w.memory, from))
        return false;
      e.windows.push_back(std::move(w));
    }
    return true;
  }

  Windows windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Trigger trigger_;
  [[no_unique_address]] Contents contents_;
  [[no_unique_address]] Output output_;
  duration lateness_;
  late_gate<T> late_;
  counter* results_ = nullptr;
  counter* without_window_ = nullptr;
  counter* unfired_ = nullptr;

  entry_index<K> keys_;
  std::vector<entry> entries_;  ///< Of each key, by slot.
  agenda event_due_;
  agenda clock_due_;
  timestamp watermark_ = min_timestamp;
  timestamp event_time_ = min_timestamp;  ///< The watermark that is being worked off.
  timestamp now_;
};

}  // namespace weir::operators
