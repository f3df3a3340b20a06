// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/state/entry_index.hpp"
#include "weir/state/fetch_ahead.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/due_heap.hpp"
#include "weir/windows/folds.hpp"
#include "weir/windows/late_gate.hpp"
#include "weir/windows/pane_operator.hpp"
#include "weir/windows/sliding.hpp"

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// Windows that move with the events of their key. Events wait until the watermark has passed
/// them, and are then worked off in the order of time, so that results don't depend on the order of
/// arrival: one result for each instant at which events enter (or leave). The panes of `Store` are
/// instants.
template <class K, class T, class KeyOf, class Fold, class Store, bool OnlyChanged>
class sliding_operator {
  using value_type = typename detail::value_of_fold<Fold>::type;

public:
  static constexpr bool leaves_firings = true;
  static constexpr bool keeps_letters = true;

  sliding_operator(sliding windows, KeyOf key_of, Fold fold, std::string late_output)
      : windows_(windows),
        key_of_(std::move(key_of)),
        fold_(std::move(fold)),
        late_(std::move(late_output)) {}

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
  void on_event(E&& event, timestamp at, Next&, flow::step& s) {
    if (at <= watermark_) return late_.refuse(std::forward<E>(event), at, watermark_, s);
    if (at == max_timestamp) return without_window_->add(1);  // no window ends behind it
    const auto slot = keys_.enter(std::invoke(key_of_, std::as_const(event)));
    const typename decltype(keys_)::noting_change noted{keys_, slot};
    entry& e = entry_of(slot);
    due_.set(slot, at);
    e.panes.add(fold_, at, at, event, at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    due_heap::entry due;
    while (due_.earliest() <= p.watermark && due_.earliest() != max_timestamp) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      keys_.settle();
      keys_.touch(due_.first());  // before it is taken: what is noted goes by what the entry says
      if (due_.pop(p.watermark, due)) evaluate(due.slot, due.at, next);
    }
    watermark_ = std::max(watermark_, p.watermark);
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    keys_.template save<saved_entry>(to);
    keys_.template save_due<timestamp>(to, [this](std::uint32_t slot) { return due_.due(slot); });
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    watermark_ = saved_watermark(from);
    keys_.template restore<saved_entry>(from);
    keys_.template restore_due<timestamp>(
        from, [this](std::uint32_t slot, timestamp at) { due_.set(slot, at); });
  }

private:
  struct entry {
    Store panes;
    std::optional<value_type> value;  ///< The last, if only changed ones are emitted.
  };

  /// What is saved of a key.
  using saved_entry = std::tuple<K, timestamp, std::optional<value_type>, typename Store::saved>;

  entry& entry_of(std::uint32_t slot) {
    if (slot >= entries_.size()) entries_.resize(slot + std::size_t{1});
    return entries_[slot];
  }
  [[nodiscard]] auto entry_calls() {
    typename entry_index<K>::calls c;
    c.save = [this](std::uint32_t slot, bytes& to) {
      encode(due_.due(slot), to);
      encode(entries_[slot].value, to);
      entries_[slot].panes.save(to);
    };
    c.load = [this](std::uint32_t slot, byte_reader& in) {
      entry& e = entry_of(slot);
      timestamp due;
      if (!decode(in, due) || !decode(in, e.value) || !e.panes.load(in)) return false;
      due_.set(slot, due);
      return true;
    };
    c.drop = [this](std::uint32_t slot) { entry_of(slot) = {}; };
    c.holds = [this](std::uint32_t slot) { return !entry_of(slot).panes.empty(); };
    c.due = [this](std::uint32_t slot) { return due_.due(slot) != max_timestamp; };
    return c;
  }

  /// Works off the instant `t`: it has events, or some leave at it.
  template <class Next>
  void evaluate(std::uint32_t slot, timestamp t, Next& next) {
    const window w = windows_.at(t);
    keys_.changed(slot);
    entry& e = entry_of(slot);
    const bool enters = e.panes.first_from(t) == t;
    e.panes.drop_before(fold_, w.start);
    due_again(slot, e, w, t);
    struct let_go {
      sliding_operator& of;
      std::uint32_t slot;
      ~let_go() {
        if (of.entries_[slot].panes.empty()) of.leave(slot);
      }
    } const after{*this, slot};
    if (!enters && !windows_.exits()) return;
    if (e.panes.fire(fold_, w.start, w.end, [&](const auto& acc) { emit(slot, e, w, acc, next); }))
      return;
    const auto nothing = fold_.init();
    emit(slot, e, w, nothing, next);
  }

  void due_again(std::uint32_t slot, entry& e, const window& w, timestamp t) {
    if (e.panes.empty()) return;
    timestamp due = e.panes.first_from(saturating_add(t, duration{1}));
    // Without exits a key is looked at once more when its last event has left.
    const timestamp oldest = windows_.exits()       ? e.panes.first_from(w.start)
                             : due == max_timestamp ? e.panes.last()
                                                    : max_timestamp;
    if (oldest != max_timestamp) due = std::min(due, saturating_add(oldest, windows_.length()));
    due_.set(slot, due);
  }

  template <class Acc, class Next>
  void emit(std::uint32_t slot, entry& e, const window& w, const Acc& acc, Next& next) {
    if constexpr (OnlyChanged) {
      auto value = fold_.value(acc);
      if (e.value && *e.value == value) return;
      e.value = value;
      results_->add(1);
      next(typename Fold::result{keys_.key(slot), w, std::move(value), {}}, w.last());
    } else {
      results_->add(1);
      fold_.emit(keys_.key(slot), w, pane_info{}, acc, next);
    }
  }

  void leave(std::uint32_t slot) {
    entries_[slot] = {};
    due_.forget(slot);
    keys_.leave(slot);
  }

  sliding windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  late_gate<T> late_;
  counter* results_ = nullptr;
  counter* without_window_ = nullptr;

  entry_index<K> keys_;
  std::vector<entry> entries_;  ///< Of each key, by slot.
  due_heap due_;
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
