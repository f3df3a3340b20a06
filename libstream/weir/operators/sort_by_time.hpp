// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/operators/process_context.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/windows/late_gate.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::operators {

/// Holds an instance's events until the watermark has reached them, and emits them by timestamp;
/// those of the same time in the order in which they came. An event at or behind the watermark is
/// late. Logarithmic time in the events held. `KeyOf` only says which key group an event is saved
/// in; with keys of `no_key` the events are operator state.
template <class K, class T, class KeyOf>
class sort_by_time {
public:
  static constexpr bool leaves_firings = true;

  sort_by_time(KeyOf key_of, std::string late_output)
      : key_of_(std::move(key_of)), late_(std::move(late_output)) {}

  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    late_.open(e);
  }

  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next&, flow::step& s) {
    if (at <= watermark_) return late_.refuse(std::forward<E>(event), at, watermark_, s);
    hold(std::forward<E>(event), at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next& next, flow::step& s) {
    while (!held_.empty() && held_.front().at <= p.watermark) {
      if (next.full()) return flow::verdict::blocked;
      if (s.budget == 0) return flow::verdict::more;
      --s.budget;
      std::pop_heap(held_.begin(), held_.end(), later);
      entry first = std::move(held_.back());
      held_.pop_back();
      next(std::move(first.event), first.at);
    }
    watermark_ = std::max(watermark_, p.watermark);
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    // Sorted is a heap, too.
    std::sort(held_.begin(), held_.end(),
              [](const entry& a, const entry& b) { return later(b, a); });
    if (!held_.empty()) save_form<saved>(to, "@held");
    if constexpr (std::is_same_v<K, no_key>) {
      bytes all;
      for (const entry& e : held_) append_entry(e, all);
      if (!all.empty()) to.item("@held", std::move(all));
    } else {
      std::vector<bytes> parts(groups_);
      for (const entry& e : held_)
        append_entry(e, parts[group_of_hash(key_hash(std::invoke(key_of_, e.event)), groups_)]);
      for (std::uint32_t g = 0; g < groups_; ++g)
        if (!parts[g].empty()) to.keyed("@held", static_cast<key_group>(g), std::move(parts[g]));
    }
    save_watermark(to, watermark_);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    const saved_form form = form_of<saved>(from, "@held");
    const auto read = [this](byte_reader& in) {
      timestamp at;
      T event{};
      if (!decode(in, at) || !decode(in, event)) return false;
      hold(std::move(event), at);
      return true;
    };
    from.each("@held", [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible, "state '@held': a saved event does not decode"});
    });
    watermark_ = saved_watermark(from);
  }

private:
  using saved = std::tuple<timestamp, T>;
  struct entry {
    timestamp at;
    std::uint64_t number;
    T event;
  };

  static bool later(const entry& a, const entry& b) noexcept {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }
  static void append_entry(const entry& e, bytes& to) {
    encode(e.at, to);
    encode(e.event, to);
  }

  template <class E>
  void hold(E&& event, timestamp at) {
    held_.push_back({at, number_++, std::forward<E>(event)});
    std::push_heap(held_.begin(), held_.end(), later);
  }

  [[no_unique_address]] KeyOf key_of_;
  late_gate<T> late_;
  std::uint32_t groups_ = default_key_groups;

  std::vector<entry> held_;  ///< A heap, the earliest in front.
  std::uint64_t number_ = 0;
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
