// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/gradual_table.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/saved_entries.hpp"
#include "weir/windows/late_gate.hpp"
#include "weir/windows/tumbling.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// Windows that don't overlap: one table of accumulators a window, in the order of the windows. An
/// event costs one table operation; firing walks a table from front to back and can stop between
/// any two results. `Fold` says what is gathered (`accumulator`, `init()`, `add`) and what is
/// emitted of it (`emit`).
template <class K, class T, class KeyOf, class Fold>
class tumbling_operator {
public:
  using accumulator = typename Fold::accumulator;

private:
  using table = gradual_table<K, accumulator>;

public:
  static constexpr const char* state = "pane";
  static constexpr bool leaves_firings = true;
  static constexpr bool keeps_letters = true;

  tumbling_operator(tumbling windows, KeyOf key_of, Fold fold, std::string late_output)
      : windows_(windows),
        key_of_(std::move(key_of)),
        fold_(std::move(fold)),
        late_(std::move(late_output)) {}

  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    metrics_ = e.metrics;
    late_.open(e);
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next&, flow::step& s) {
    if (!is_open(at)) [[unlikely]]
      return late_.refuse(std::forward<E>(event), at, watermark_, s);
    add(std::forward<E>(event), at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    return fire(p.watermark, next, s);
  }
  flow::verdict snapshot(snapshot_writer& to) {
    for (pane& p : panes_) {
      bytes start;
      encode(p.at.start, start);
      const bool fires = firing_ && &p == &panes_.front();
      p.entries.save(to, state, groups_, start, fires ? &*firing_ : nullptr);
    }
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    const saved_form form = table::form(from, state);
    std::map<timestamp, saved_entries<K, accumulator>> saved;
    from.each(state, [&](key_group group, std::span<const std::byte> data) {
      byte_reader in{data};
      saved.try_emplace(saved_start(in), state, form).first->second.add(group, in);
    });
    for (auto& [start, entries] : saved) entries.read_into(pane_of(windows_.at(start)).entries);
    watermark_ = saved_watermark(from);
  }

  /// The start of the window that a saved piece is of.
  [[nodiscard]] static timestamp saved_start(byte_reader& in) {
    timestamp start;
    if (!decode(in, start)) throw exception({errc::incompatible, "a saved window does not decode"});
    return start;
  }

  /// Adds what a key has gathered in a window elsewhere; it has not been emitted.
  void put(const K& key, const window& w, accumulator acc) {
    *pane_of(w).entries.try_emplace(key).first = std::move(acc);
  }

protected:
  /// Whether the window of `t` has not been emitted; makes it the current one.
  [[nodiscard]] bool is_open(timestamp t) {
    return (t >= current_.start && t < current_.end) || turn_to(t);
  }
  /// Adds an event to the current window.
  template <class E>
  void add(E&& event, timestamp at) {
    const auto [acc, fresh] = entries_->try_emplace(std::invoke(key_of_, std::as_const(event)));
    if (fresh) *acc = fold_.init();
    fold_.add(*acc, std::forward<E>(event), at);
  }

  /// Emits the windows that are complete at `now`.
  template <class Next>
  flow::verdict fire(timestamp now, Next& next, flow::step& s) {
    while (!panes_.empty() && panes_.front().at.last() <= now) {
      pane& first = panes_.front();
      if (!firing_) {
        firing_ = first.entries.begin_walk();
        current_ = {};
      }
      while (!first.entries.ended(*firing_)) {
        if (next.full()) return flow::verdict::blocked;
        if (s.budget == 0) return flow::verdict::more;
        --s.budget;
        const auto [key, acc] = first.entries.take(*firing_);
        metrics_->results.add(1);
        fold_.emit(key, first.at, pane_info{}, acc, next);
      }
      close_first();
    }
    watermark_ = std::max(watermark_, now);
    return flow::verdict::done;
  }

  /// When the earliest window is complete.
  [[nodiscard]] timestamp earliest_end() const noexcept {
    return panes_.empty() ? max_timestamp : panes_.front().at.last();
  }
  /// Windows of keys that have not been emitted.
  [[nodiscard]] std::uint64_t open_windows() {
    std::uint64_t n = 0;
    for (const pane& p : panes_) n += p.entries.size();
    return n;
  }

  /// Emits a window that has just this event.
  template <class E, class Next>
  void emit_alone(E&& event, timestamp at, const window& w, Next& next) {
    const auto key = std::invoke(key_of_, std::as_const(event));
    accumulator acc = fold_.init();
    fold_.add(acc, std::forward<E>(event), at);
    metrics_->results.add(1);
    fold_.emit(key, w, pane_info{0, pane_timing::late}, acc, next);
  }
  [[nodiscard]] window window_of(timestamp t) const { return windows_.at(t); }

private:
  struct pane {
    window at;
    table entries;
  };

  /// The last moment whose windows have been emitted, or are being so.
  [[nodiscard]] timestamp reached() const noexcept {
    return firing_ ? std::max(watermark_, panes_.front().at.last()) : watermark_;
  }

  /// Makes the window of `t` the current one; false if it has been emitted already.
  bool turn_to(timestamp t) {
    const window w = windows_.at(t);
    if (w.last() <= reached()) return false;
    entries_ = &pane_of(w).entries;
    current_ = w;
    return true;
  }

  pane& pane_of(window w) {
    auto at = std::lower_bound(panes_.begin(), panes_.end(), w,
                               [](const pane& p, const window& x) { return p.at < x; });
    if (at != panes_.end() && at->at == w) return *at;
    current_ = {};
    at = panes_.insert(at, pane{w, {}});
    if (!spare_.empty()) {
      at->entries = std::move(spare_.back());
      spare_.pop_back();
    }
    return *at;
  }

  void close_first() {
    firing_.reset();
    panes_.front().entries.clear();
    if (spare_.size() < 2) spare_.push_back(std::move(panes_.front().entries));
    panes_.erase(panes_.begin());
    current_ = {};
  }

  tumbling windows_;
  [[no_unique_address]] KeyOf key_of_;
  [[no_unique_address]] Fold fold_;
  late_gate<T> late_;
  std::uint32_t groups_ = default_key_groups;
  stage_metrics* metrics_ = nullptr;

  std::vector<pane> panes_;   ///< By start.
  window current_{};          ///< Of the pane that the last event went to; empty if there is none.
  table* entries_ = nullptr;  ///< Of the same pane, while there is one.
  std::vector<table> spare_;  ///< Emptied tables, for their memory.
  std::optional<typename table::walk> firing_;
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
