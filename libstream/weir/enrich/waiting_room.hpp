// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/enrich/enriched.hpp"
#include "weir/enrich/order_lanes.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

inline constexpr std::uint32_t no_slot = std::numeric_limits<std::uint32_t>::max();

/// An event that waits for its fact, or for those before it.
template <class T, class R>
struct waiting_event {
  T event{};
  timestamp at;
  std::uint64_t number = 0;  ///< In the order of arrival; never used twice.
  bool taken = false;        ///< The slot is in use.
  bool settled = false;      ///< Its fact is there, or it gets none.
  std::uint32_t lane = no_slot;
  std::uint32_t next_in_lane = no_slot;
  std::uint32_t flight = no_slot;          ///< Whose answer it waits for.
  std::uint32_t next_in_flight = no_slot;  ///< The next that waits for the same.
  std::optional<R> fact{};
  fact_source source = fact_source::missing;
  std::string why{};        ///< Of a look-up that failed.
  std::uint32_t tries = 1;  ///< How often its fact was asked for.
  steady_time read_at{};    ///< When its source read it.
};

/// The events that an enrichment holds: who may leave, who has waited too long, and the earliest
/// timestamp. Logarithmic time in the events held for that, constant for all else.
template <class T, class R, class LaneKey>
class waiting_room {
public:
  using slot = std::uint32_t;
  using entry = waiting_event<T, R>;

  explicit waiting_room(enrich_order order) : lanes_(order) {}

  /// Whether an event of that lane would have to wait behind another.
  [[nodiscard]] bool behind_others(const LaneKey& key) { return lanes_.occupied(key); }

  template <class E>
  slot enter(E&& event, timestamp at, const LaneKey& key) {
    const slot s = take_slot();
    entry& e = slots_[s];
    e.event = std::forward<E>(event);
    e.at = at;
    e.number = number_++;
    e.taken = true;
    e.settled = false;
    e.next_in_lane = e.flight = e.next_in_flight = no_slot;
    e.fact.reset();
    e.why.clear();
    lanes_.enter(key, s, slots_);
    times_.push_back({at, e.number, s});
    std::push_heap(times_.begin(), times_.end(), later);
    if (times_.size() > 2 * size_ + 64) {  // most have left
      std::erase_if(times_, [this](const noted& n) { return !holds(n); });
      std::make_heap(times_.begin(), times_.end(), later);
    }
    return s;
  }

  [[nodiscard]] entry& operator[](slot s) { return slots_[s]; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// Lets the event leave, once those before it in its lane have.
  void settle(slot s) {
    slots_[s].settled = true;
    if (lanes_.first(slots_[s].lane, s)) leaving_.push_back(s);
  }
  [[nodiscard]] bool any_leaving() const noexcept { return !leaving_.empty(); }
  [[nodiscard]] entry& first_leaving() { return slots_[leaving_.front()]; }
  /// Takes the first that may leave, and lets the one behind it follow.
  [[nodiscard]] entry take_leaving() {
    const slot s = leaving_.front();
    leaving_.pop_front();
    entry left = std::move(slots_[s]);
    slots_[s].taken = false;
    free_.push_back(s);
    --size_;
    const slot next = lanes_.leave(left.lane, left.next_in_lane);
    if (next != no_slot && slots_[next].settled) leaving_.push_back(next);
    return left;
  }

  /// Notes when an event has waited too long; each call a time at or after the one before.
  void set_deadline(slot s, timestamp at) {
    deadlines_.push_back({at, slots_[s].number, s});
    if (deadlines_.size() > 2 * size_ + 64)  // most have left, or are about to
      std::erase_if(deadlines_, [this](const noted& n) { return !waits(n); });
  }
  /// The next event that is given up, and when; `max_timestamp` if there is none.
  [[nodiscard]] timestamp next_deadline() {
    while (!deadlines_.empty() && !waits(deadlines_.front())) deadlines_.pop_front();
    return deadlines_.empty() ? max_timestamp : deadlines_.front().at;
  }
  /// @pre `next_deadline()` is not `max_timestamp`
  [[nodiscard]] slot first_overdue() const { return deadlines_.front().of; }

  /// The earliest timestamp of an event in here; `max_timestamp` if there is none.
  [[nodiscard]] timestamp earliest() {
    while (!times_.empty() && !holds(times_.front())) {
      std::pop_heap(times_.begin(), times_.end(), later);
      times_.pop_back();
    }
    return times_.empty() ? max_timestamp : times_.front().at;
  }

  /// Calls `f(slot, entry)` for all, in the order of their arrival.
  template <class F>
  void each(F f) {
    std::vector<slot> all;
    for (slot s = 0; s < slots_.size(); ++s)
      if (slots_[s].taken) all.push_back(s);
    std::sort(all.begin(), all.end(),
              [&](slot a, slot b) { return slots_[a].number < slots_[b].number; });
    for (const slot s : all) f(s, slots_[s]);
  }

private:
  /// A time that was noted of an event, which may have left since.
  struct noted {
    timestamp at;
    std::uint64_t number;
    slot of;
  };

  static bool later(const noted& a, const noted& b) noexcept { return a.at > b.at; }
  [[nodiscard]] bool holds(const noted& n) const {
    return slots_[n.of].taken && slots_[n.of].number == n.number;
  }
  [[nodiscard]] bool waits(const noted& n) const { return holds(n) && !slots_[n.of].settled; }

  slot take_slot() {
    ++size_;
    if (free_.empty()) {
      slots_.emplace_back();
      return static_cast<slot>(slots_.size() - 1);
    }
    const slot s = free_.back();
    free_.pop_back();
    return s;
  }

  std::vector<entry> slots_;
  std::vector<slot> free_;
  std::size_t size_ = 0;
  std::uint64_t number_ = 0;
  order_lanes<LaneKey> lanes_;
  std::deque<slot> leaving_;
  std::deque<noted> deadlines_;
  std::vector<noted> times_;  ///< A heap, the earliest in front.
};

}  // namespace weir::operators
