// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/prefetch.hpp"
#include "weir/core/time.hpp"
#include "weir/state/timer_heap.hpp"

#include <boost/container/small_vector.hpp>
#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir {

/// The timers of an operator's keys, by slot. A timer set twice for the same key and time fires
/// once. Logarithmic time to set and fire; a timer that was erased leaves its place in the heap
/// when its time comes.
class timer_queue {
public:
  using entry = slot_timer;

  void set(entry e) {
    if (!insert(e)) return;
    ++size_;
    if (heap_.size() > 2 * size_ + 64) drop_all_erased();
    heap_.push(e);
  }
  void erase(entry e) {
    if (!has(e.slot)) return;
    times& t = slots_[e.slot];
    bool there = false;
    if (t.many) {
      auto& all = many_[e.slot];
      there = all.erase(e.at) != 0;
      if (all.empty()) {
        many_.erase(e.slot);
        t.many = false;
      }
    } else if (const auto at = std::find(t.few.begin(), t.few.end(), e.at); at != t.few.end()) {
      *at = t.few.back();
      t.few.pop_back();
      there = true;
    }
    if (there) --size_;
  }

  /// A hint that the slot's timers will be looked at soon.
  void fetch(std::uint32_t slot) const {
    if (slot < slots_.size()) prefetch_line(&slots_[slot]);
  }

  /// Removes the earliest timer that is due at `now` and gives it to `out`, after
  /// `before_change(slot)`; false if there is none.
  template <class BeforeChange>
  bool pop_due(timestamp now, entry& out, BeforeChange before_change) {
    drop_erased();
    if (heap_.empty() || heap_.front().at > now) return false;
    out = heap_.front();
    before_change(out.slot);
    heap_.pop();
    erase(out);
    return true;
  }
  bool pop_due(timestamp now, entry& out) {
    return pop_due(now, out, [](std::uint32_t) {});
  }

  [[nodiscard]] timestamp earliest() {
    drop_erased();
    return heap_.empty() ? max_timestamp : heap_.front().at;
  }
  [[nodiscard]] bool has(std::uint32_t slot) const noexcept {
    return slot < slots_.size() && (slots_[slot].many || !slots_[slot].few.empty());
  }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Calls `f(time)` for each timer of a slot, in no order.
  template <class F>
  void each(std::uint32_t slot, F f) const {
    if (!has(slot)) return;
    if (slots_[slot].many)
      for (const timestamp at : many_.at(slot)) f(at);
    else
      for (const timestamp at : slots_[slot].few) f(at);
  }

  /// Calls `f(slot, time)` for each timer, in no order.
  template <class F>
  void each(F f) const {
    for (std::uint32_t slot = 0; slot < slots_.size(); ++slot)
      each(slot, [&](timestamp at) { f(slot, at); });
  }

private:
  struct hash {
    std::size_t operator()(timestamp at) const noexcept {
      return static_cast<std::size_t>(at.time_since_epoch().count()) * 0x9E3779B97F4A7C15ULL;
    }
  };
  static constexpr std::size_t at_most_few = 32;
  struct times {
    boost::container::small_vector<timestamp, 2> few;  ///< Each once.
    bool many = false;                                 ///< Those of the slot are in `many_`.
  };

  /// False if it is there already.
  bool insert(entry e) {
    if (e.slot >= slots_.size()) slots_.resize(e.slot + std::size_t{1});
    times& t = slots_[e.slot];
    if (t.many) return many_[e.slot].insert(e.at).second;
    if (std::find(t.few.begin(), t.few.end(), e.at) != t.few.end()) return false;
    if (t.few.size() < at_most_few) {
      t.few.push_back(e.at);
      return true;
    }
    auto& all = many_[e.slot];
    all.insert(t.few.begin(), t.few.end());
    t.few.clear();
    t.many = true;
    return all.insert(e.at).second;
  }
  [[nodiscard]] bool is_set(const entry& e) const {
    if (!has(e.slot)) return false;
    const times& t = slots_[e.slot];
    return t.many ? many_.at(e.slot).contains(e.at)
                  : std::find(t.few.begin(), t.few.end(), e.at) != t.few.end();
  }

  void drop_erased() {
    while (!heap_.empty() && !is_set(heap_.front())) heap_.pop();
  }
  /// Most of those in the heap are erased ones, or there twice.
  void drop_all_erased() {
    heap_.erase_if([this](const entry& e) { return !is_set(e); });
  }

  timer_heap heap_;
  std::vector<times> slots_;
  boost::unordered_flat_map<std::uint32_t, boost::unordered_flat_set<timestamp, hash>> many_;
  std::size_t size_ = 0;
};

}  // namespace weir
