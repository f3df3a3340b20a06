// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/event/change.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/calendar.hpp"
#include "weir/windows/folds.hpp"
#include "weir/windows/hopping.hpp"
#include "weir/windows/late_gate.hpp"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// What an engine that fires each window once, or again for late events, emits.
enum class output_mode : std::uint8_t {
  results,          ///< Each result.
  changed_results,  ///< Those that differ from what the key's window before came to.
  changes,          ///< `change`s to the table of results.
};

namespace detail {

template <class Fold>
struct value_of_fold {
  using type = std::monostate;
};
template <class Fold>
requires requires { typename Fold::value_type; }
struct value_of_fold<Fold> {
  using type = typename Fold::value_type;
};

}  // namespace detail

/// Windows that overlap: events are gathered in panes, which are cut at the windows' starts and
/// ends and exist only where events are, and a window is made of the panes it covers. `Store` holds
/// the panes of a key. A calendar says which keys have a window to fire; stretches without events
/// are jumped over, and a key without panes costs nothing. `Late` keeps panes for the allowed
/// lateness.
template <class K, class T, class KeyOf, class Fold, class Store, bool Late,
          output_mode Mode = output_mode::results>
class pane_operator {
  using value_type = typename detail::value_of_fold<Fold>::type;
  static constexpr std::int64_t none = INT64_MAX;
  static constexpr bool compares = Mode != output_mode::results;

public:
  static constexpr bool keeps_letters = true;
  static constexpr bool emits_many = Late;
  static constexpr bool leaves_firings = true;

  pane_operator(hopping windows, KeyOf key_of, Fold fold, duration lateness,
                std::string late_output)
      : windows_(std::move(windows)),
        key_of_(std::move(key_of)),
        fold_(std::move(fold)),
        lateness_(lateness),
        late_(std::move(late_output)) {
    reach(min_timestamp);
  }

  void open(const flow::operator_environment& e) {
    results_ = &e.metrics->results;
    without_window_ = &e.metrics->add_counter(e.id + ": events without a window");
    late_.open(e);
    keys_.open(e.cold, e.id, e.key_groups, "@panes", sizeof(entry), entry_calls());
  }

  void look_ahead(const batch<T>& in, std::size_t i) const noexcept {
    fetch_ahead(keys_.index(), in, i, key_of_, [this](std::uint32_t slot) {
      if (slot < entries_.size()) prefetch_line(&entries_[slot]);
    });
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step& s) {
    if (at < pane_.start || at >= pane_.end) [[unlikely]] {
      pane_ = windows_.pane(at);
      first_ = windows_.first(at);
      last_ = windows_.last(at);
    }
    if (last_ <= expired_ || first_ > last_) [[unlikely]]
      return leave_out(std::forward<E>(event), at, s);
    const auto slot = keys_.enter(std::invoke(key_of_, std::as_const(event)));
    if (slot >= entries_.size()) [[unlikely]]
      begin(slot);
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    entry& e = entries_[slot];
    if (const std::int64_t due = std::max(first_, complete_ + 1); due <= last_) schedule(slot, due);
    if constexpr (Late) {
      keep(slot);
      if (std::max(first_, expired_ + 1) <= std::min(last_, complete_)) [[unlikely]]
        add_late(slot, event, at, next);
      else
        e.panes.add(fold_, pane_.start, at, event, at);
    } else {
      e.panes.add(fold_, pane_.start, at, event, at);
    }
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    const std::int64_t complete = windows_.complete(p.watermark);
    while (true) {
      for (; at_ < slots_.size();) {
        if (next.full()) return flow::verdict::blocked;
        if (s.budget == 0) return flow::verdict::more;
        const std::uint32_t slot = slots_[at_++];
        if constexpr (requires(const Store& panes) { panes.prefetch(); })
          if (at_ + 8 < slots_.size()) entries_[slots_[at_ + 8]].panes.prefetch();
        if (entries_[slot].next != firing_) continue;  // it was put off, or let go
        --s.budget;
        keys_.settle();
        fire(slot, next);
      }
      if (!due_.take(complete, firing_, slots_)) break;
      at_ = 0;
      window_ = windows_.nth(firing_);
      following_ = windows_.nth(firing_ + 1);
    }
    slots_.clear();
    at_ = 0;
    if (p.watermark > watermark_) reach(p.watermark);
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_due<due_windows>(to, [this](std::uint32_t slot) {
      const entry& e = entries_[slot];
      if constexpr (Late)
        return due_windows{e.next, e.kept_to};
      else
        return due_windows{e.next, none};
    });
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    reach(saved_watermark(from));
    keys_.template restore<saved_entry>(from);
    keys_.template restore_due<due_windows>(from,
                                            [this](std::uint32_t slot, const due_windows& at) {
                                              if (slot >= entries_.size()) begin(slot);
                                              if (at.first != none) schedule(slot, at.first);
                                              if constexpr (Late)
                                                if (at.second != none) keep_to(slot, at.second);
                                            });
  }

private:
  using due_windows = std::pair<std::int64_t, std::int64_t>;  ///< To fire, and to look through.

  struct nothing {};
  struct for_late_events {
    std::int64_t kept_to = none;  ///< After this window the panes are looked through.
    std::vector<std::pair<std::int64_t, std::uint32_t>>
        refired{};  ///< Windows, with their results.
  };
  struct for_comparing {
    std::int64_t compared = none;  ///< The window that `value` is of.
    std::optional<value_type> value{};
  };
  struct entry : std::conditional_t<Late, for_late_events, nothing> {
    Store panes;
    std::int64_t next = none;  ///< The next window to fire.
    [[no_unique_address]] std::conditional_t<Mode == output_mode::changed_results, for_comparing,
                                             nothing>
        last{};
  };

  /// What is saved of a key.
  using saved_late =
      std::conditional_t<Late, std::tuple<std::vector<std::pair<std::int64_t, std::uint32_t>>>,
                         std::tuple<>>;
  using saved_value =
      std::conditional_t<Mode == output_mode::changed_results,
                         std::tuple<std::int64_t, std::optional<value_type>>, std::tuple<>>;
  using saved_entry = weir::detail::joined_tuple<std::tuple<K, std::int64_t>, saved_late,
                                                 saved_value, std::tuple<typename Store::saved>>;

  /// The number of a window's next result, and when the one before it came.
  struct next_result {
    std::uint32_t number;
    pane_timing timing_before;
  };

  template <class E>
  void leave_out(E&& event, timestamp at, const flow::step& s) {
    if (first_ <= last_ || saturating_add(at, lateness_) <= watermark_)
      late_.refuse(std::forward<E>(event), at, watermark_, s);
    else
      without_window_->add(1);
  }

  void schedule(std::uint32_t slot, std::int64_t window) {
    if (window >= entries_[slot].next) return;
    entries_[slot].next = window;
    due_.add(window, slot);
  }

  /// Notes when the key's panes can be dropped.
  void keep(std::uint32_t slot) {
    if (entries_[slot].kept_to == none) keep_to(slot, last_);
  }
  void keep_to(std::uint32_t slot, std::int64_t window) {
    entries_[slot].kept_to = window;
    expiries_.add(window, slot);
  }

  [[nodiscard]] auto entry_calls() {
    typename entry_index<K>::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) { save(entries_[slot], to); };
    c.load = [this](std::uint32_t slot, byte_reader& in) { return load(slot, in); };
    c.drop = [this](std::uint32_t slot) {
      if (slot >= entries_.size()) return;
      const entry gone = std::exchange(entries_[slot], entry{});
      begin(slot);
      entries_[slot].next = gone.next;
      if constexpr (Late) entries_[slot].kept_to = gone.kept_to;
    };
    c.holds = [this](std::uint32_t slot) {
      return slot < entries_.size() && !entries_[slot].panes.empty();
    };
    c.due = [this](std::uint32_t slot) {
      if (slot >= entries_.size()) return false;
      if constexpr (Late)
        if (entries_[slot].kept_to != none) return true;
      return entries_[slot].next != none;
    };
    return c;
  }
  void save(const entry& e, bytes& to) const {
    encode(e.next, to);
    if constexpr (Late) encode(e.refired, to);
    if constexpr (Mode == output_mode::changed_results) {
      encode(e.last.compared, to);
      encode(e.last.value, to);
    }
    e.panes.save(to);
  }
  /// What the key is due for may be noted already.
  bool load(std::uint32_t slot, byte_reader& in) {
    if (slot >= entries_.size()) begin(slot);
    entry& e = entries_[slot];
    std::int64_t next = none;
    if (!decode(in, next)) return false;
    if constexpr (Late)
      if (!decode(in, e.refired)) return false;
    if constexpr (Mode == output_mode::changed_results)
      if (!decode(in, e.last.compared) || !decode(in, e.last.value)) return false;
    if (!e.panes.load(in)) return false;
    if (next != none) schedule(slot, next);
    if constexpr (Late)
      if (!e.panes.empty() && e.kept_to == none) keep_to(slot, windows_.last(e.panes.last()));
    return true;
  }

  template <class Next>
  void fire(std::uint32_t slot, Next& next) {
    keys_.touch(slot);
    keys_.changed(slot);
    entry& e = entries_[slot];
    e.next = none;
    // The first pane that a later window holds tells the next one; before anything is emitted.
    const timestamp rest = e.panes.first_from(following_.start);
    if (rest < following_.end)
      schedule(slot, firing_ + 1);
    else if (rest != max_timestamp)
      schedule(slot, windows_.first(rest));
    struct let_go {
      pane_operator& of;
      std::uint32_t slot;
      ~let_go() {
        if (!Late && of.entries_[slot].next == none) of.leave(slot);
      }
    } const after{*this, slot};
    if constexpr (!Late) e.panes.drop_before(fold_, window_.start);
    e.panes.fire(fold_, window_.start, window_.end,
                 [&](const auto& acc) { emit(slot, e, window_, acc, next); });
  }

  template <class Acc, class Next>
  void emit(std::uint32_t slot, entry& e, const window& w, const Acc& acc, Next& next) {
    if constexpr (Mode == output_mode::changed_results) {
      auto value = fold_.value(acc);
      const bool follows = e.last.compared != none && e.last.compared + 1 == firing_;
      e.last.compared = firing_;
      if (follows && e.last.value && *e.last.value == value) return;
      e.last.value = value;
      results_->add(1);
      next(typename Fold::result{keys_.key(slot), w, std::move(value), {}}, w.last());
    } else if constexpr (Mode == output_mode::changes) {
      results_->add(1);
      using result = typename Fold::result;
      next(change<result>{change_kind::insert, {keys_.key(slot), w, fold_.value(acc), {}}, {}},
           w.last());
    } else {
      results_->add(1);
      fold_.emit(keys_.key(slot), w, pane_info{}, acc, next);
    }
  }

  /// Adds an event to windows of which some have fired, and fires those again.
  template <class E, class Next>
  void add_late(std::uint32_t slot, const E& event, timestamp at, Next& next) {
    entry& e = entries_[slot];
    const std::int64_t from = std::max(first_, expired_ + 1);
    const std::int64_t to = std::min(last_, complete_);
    std::vector<std::optional<value_type>> before;
    std::vector<next_result> numbers;
    for (std::int64_t k = from; k <= to; ++k) {
      const window w = windows_.nth(k);
      std::optional<value_type> value;
      const bool filled = e.panes.fire(fold_, w.start, w.end, [&](const auto& acc) {
        if constexpr (compares) value = fold_.value(acc);
      });
      before.push_back(std::move(value));
      numbers.push_back(count_refired(e, k, filled));
    }
    e.panes.add(fold_, pane_.start, at, event, at);
    for (std::int64_t k = from; k <= to; ++k) {
      const window w = windows_.nth(k);
      const auto i = static_cast<std::size_t>(k - from);
      e.panes.fire(fold_, w.start, w.end,
                   [&](const auto& acc) { emit_late(slot, w, numbers[i], before[i], acc, next); });
    }
  }

  template <class Acc, class Next>
  void emit_late(std::uint32_t slot, const window& w, const next_result& number,
                 std::optional<value_type>& before, const Acc& acc, Next& next) {
    const pane_info pane{number.number, pane_timing::late};
    if constexpr (compares) {
      using result = typename Fold::result;
      result r{keys_.key(slot), w, fold_.value(acc), pane};
      if constexpr (Mode == output_mode::changed_results) {
        if (before && *before == r.value) return;
        results_->add(1);
        next(std::move(r), w.last());
      } else {
        results_->add(1);
        change<result> c{change_kind::insert, std::move(r), {}};
        if (before) {
          c.kind = change_kind::update;
          c.previous =
              result{c.value.key, w, std::move(*before), {pane.number - 1, number.timing_before}};
        }
        next(std::move(c), w.last());
      }
    } else {
      results_->add(1);
      fold_.emit(keys_.key(slot), w, pane, acc, next);
    }
  }

  /// Counts a fired window's next result.
  next_result count_refired(entry& e, std::int64_t k, bool filled) {
    for (auto& [window, results] : e.refired)
      if (window == k) return {results++, pane_timing::late};
    e.refired.emplace_back(k, filled ? 2 : 1);
    return {filled ? 1U : 0U, pane_timing::on_time};
  }

  void begin(std::uint32_t slot) {
    if (slot >= entries_.size()) entries_.resize(slot + std::size_t{1});
    entries_[slot] = {};
    if constexpr (requires(Store & panes) { panes.turn_early(0U); }) {
      const auto panes = windows_.size() / windows_.every();
      std::int64_t many = 1'024;  // fewer turn over in no time
      if constexpr (requires { Store::most; }) many = Store::most + 1;
      if (panes < many) return;
      // Multiples of the golden ratio, cut to fractions, are spread evenly (Knuth, volume 3, 6.4).
      const double fraction = slot * 0.6180339887498949;
      const auto early = (fraction - std::floor(fraction)) * static_cast<double>(panes);
      entries_[slot].panes.turn_early(static_cast<std::uint32_t>(early));
    }
  }
  void leave(std::uint32_t slot) {
    begin(slot);
    keys_.leave(slot);
  }

  /// Moves the watermark, and forgets the panes that no window holds any more.
  void reach(timestamp watermark) {
    watermark_ = watermark;
    complete_ = windows_.complete(watermark);
    expired_ = complete_;
    if constexpr (Late) {
      expired_ = windows_.complete(
          watermark == max_timestamp ? watermark : saturating_add(watermark, -lateness_));
      std::int64_t window = 0;
      calendar::list slots;
      while (expiries_.take(expired_, window, slots))
        for (const std::uint32_t slot : slots)
          if (entries_[slot].kept_to == window) expire(slot);
    }
  }
  void expire(std::uint32_t slot) {
    keys_.settle();
    keys_.touch(slot);
    keys_.changed(slot);
    entry& e = entries_[slot];
    e.kept_to = none;
    const bool ended = expired_ >= INT64_MAX - 1;
    e.panes.drop_before(fold_, ended ? max_timestamp : windows_.nth(expired_ + 1).start);
    if (e.panes.empty()) return leave(slot);
    std::erase_if(e.refired, [&](const auto& r) { return r.first <= expired_; });
    keep_to(slot, windows_.last(e.panes.last()));
  }

  hopping windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  duration lateness_;
  late_gate<T> late_;
  counter* results_ = nullptr;
  counter* without_window_ = nullptr;

  entry_index<K> keys_;
  std::vector<entry> entries_;  ///< Of each key, by slot.
  calendar due_;                ///< By the next window to fire.
  calendar expiries_;           ///< By `kept_to`.

  window pane_{};  ///< Of the newest event, with the first and last window that hold it.
  std::int64_t first_ = 0;
  std::int64_t last_ = 0;

  std::int64_t firing_ = 0;  ///< The window in hand, the slots due at it, and the next of those.
  window window_{};
  window following_{};  ///< The one after it.
  calendar::list slots_;
  std::size_t at_ = 0;

  timestamp watermark_ = min_timestamp;
  std::int64_t complete_ = 0;  ///< The last window that the watermark has completed.
  std::int64_t expired_ = 0;   ///< The last that takes no late events any more.
};

}  // namespace weir::operators
