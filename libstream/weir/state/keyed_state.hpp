// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/aggregates/aggregate.hpp"
#include "weir/codec/binary.hpp"
#include "weir/codec/dynamic_size.hpp"
#include "weir/state/state_column.hpp"
#include "weir/state/time_to_live.hpp"
#include "weir/state/timer_queue.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// A state of `process` operators: one value of type `V` for each key. A processor declares it as a
/// member and lists it in `states()`; while the processor is called it stands for the state of the
/// key in hand. Not for use outside of that. Reading (`get`) and writing (`put`, `update`, `erase`)
/// are apart, so that a snapshot knows what has changed.
template <class V>
class keyed_state {
  static_assert(encodable<V>,
                "weir: a state's type needs a codec: describe it with BOOST_DESCRIBE_STRUCT");

public:
  using stored = V;

  /// With a time to live a value is gone once its time has passed: it is not found any more, and
  /// its memory is freed with the next watermark. Throws `weir::exception` if the name is empty or
  /// begins with '@', as those of the library do, or the time to live is not positive.
  explicit keyed_state(std::string name, std::optional<time_to_live> ttl = {})
      : name_(std::move(name)), ttl_(ttl) {
    if (ttl_ && ttl_->after <= duration{0})
      throw exception({errc::invalid_argument,
                       "state '" + name_ + "': a time to live must be more than no time at all"});
    if (name_.empty() || name_.front() == '@')
      throw exception(
          {errc::invalid_argument,
           "state '" + name_ + "': a state's name must not be empty or begin with '@'"});
  }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  // For the operator that owns the state.

  void select(std::uint32_t slot, const call_times& times) noexcept {
    slot_ = slot;
    if (!ttl_) return;
    const bool by_event = ttl_->by == time_to_live::clock::event_time;
    now_ = by_event ? times.watermark : times.wall;
    // What a late event writes is kept from now on: it must be there while it is written.
    until_now_ =
        saturating_add(by_event ? std::max(times.at, times.watermark) : times.wall, ttl_->after);
  }
  void fetch(std::uint32_t slot) const { column_.fetch(slot); }
  [[nodiscard]] bool holds(std::uint32_t slot) const { return column_.find(slot) != nullptr; }
  [[nodiscard]] bool forgets() const noexcept { return ttl_.has_value(); }
  /// Forgets one value whose time has passed, after `before_change(slot)`, and answers its slot;
  /// nothing if there is none. A key that goes on being written is looked at once in a time to
  /// live.
  template <class BeforeChange>
  [[nodiscard]] std::optional<std::uint32_t> forget_one(const call_times& times,
                                                        BeforeChange before_change) {
    if (!ttl_) return std::nullopt;
    const timestamp now =
        ttl_->by == time_to_live::clock::event_time ? times.watermark : times.wall;
    timer_queue::entry due;
    while (expiries_.pop_due(now, due)) {
      const timestamp* until = until_.find(due.slot);
      if (until == nullptr) continue;
      if (*until > now) {
        expiries_.set({*until, due.slot});
        continue;
      }
      before_change(due.slot);
      drop(due.slot);
      return due.slot;
    }
    return std::nullopt;
  }
  /// When the slot's value is forgotten, if it has one.
  [[nodiscard]] const timestamp* kept_until(std::uint32_t slot) const { return until_.find(slot); }
  void keep_until(std::uint32_t slot, timestamp until) {
    until_.cell(slot) = until;
    if (!expiries_.has(slot)) expiries_.set({until, slot});
  }
  void save(std::uint32_t slot, bytes& to) const {
    if (const V* v = column_.find(slot)) encode(*v, to);
  }
  [[nodiscard]] bool load(std::uint32_t slot, byte_reader& from) {
    return decode(from, column_.cell(slot).emplace());
  }
  /// Frees the slot's value, which is kept elsewhere.
  void release(std::uint32_t slot) {
    column_.erase(slot);
    until_.erase(slot);
  }
  /// Whether a value was written or erased since this was asked last.
  [[nodiscard]] bool take_changed() noexcept { return std::exchange(changed_, false); }
  [[nodiscard]] std::size_t heap_bytes(std::uint32_t slot) const {
    const V* v = column_.find(slot);
    return v == nullptr ? 0 : dynamic_size(*v);
  }
  [[nodiscard]] const std::optional<time_to_live>& life() const noexcept { return ttl_; }

protected:
  [[nodiscard]] const V* current() const {
    const V* v = column_.find(slot_);
    return v != nullptr && ttl_ && is_over() ? nullptr : v;
  }
  [[nodiscard]] V& writable() {
    changed_ = true;
    if (ttl_ && is_over()) column_.erase(slot_);
    auto& cell = column_.cell(slot_);
    if (!cell) cell.emplace();
    if (ttl_)
      keep_until(slot_,
                 std::max(until_now_, until_.find(slot_) ? *until_.find(slot_) : min_timestamp));
    return *cell;
  }
  void clear() { drop(slot_); }

private:
  [[nodiscard]] bool is_over() const {
    const timestamp* until = until_.find(slot_);
    return until != nullptr && *until <= now_;
  }
  void drop(std::uint32_t slot) {
    changed_ = true;
    column_.erase(slot);
    if (ttl_) until_.erase(slot);
  }

  std::string name_;
  std::optional<time_to_live> ttl_;
  state_column<V> column_;
  state_column<timestamp> until_;  ///< Of values that are forgotten.
  timer_queue expiries_;           ///< At most one a slot, at or before its time.
  std::uint32_t slot_ = 0;
  bool changed_ = false;
  timestamp now_ = min_timestamp;
  timestamp until_now_ = max_timestamp;  ///< Until when what is written now is kept.
};

/// One value a key.
template <class V>
class value_state : public keyed_state<V> {
public:
  using keyed_state<V>::keyed_state;

  /// Returns the key's value, or null.
  [[nodiscard]] const V* get() const { return this->current(); }
  void put(V value) { this->writable() = std::move(value); }
  /// Calls `f(value&)`; a value that was absent begins value-initialised.
  template <std::invocable<V&> F>
  void update(F f) {
    f(this->writable());
  }
  void erase() { this->clear(); }
};

/// A list a key.
template <class V>
class list_state : public keyed_state<std::vector<V>> {
public:
  using keyed_state<std::vector<V>>::keyed_state;

  [[nodiscard]] std::span<const V> get() const {
    const auto* list = this->current();
    return list == nullptr ? std::span<const V>{} : std::span<const V>{*list};
  }
  void append(V value) { this->writable().push_back(std::move(value)); }
  void put(std::vector<V> values) { this->writable() = std::move(values); }
  void erase() { this->clear(); }
};

/// A map a key.
template <class M, class V>
class map_state : public keyed_state<std::map<M, V>> {
public:
  using keyed_state<std::map<M, V>>::keyed_state;

  /// Returns the whole map, or null if it is empty.
  [[nodiscard]] const std::map<M, V>* get() const { return this->current(); }
  [[nodiscard]] const V* get(const M& at) const {
    const auto* map = this->current();
    if (map == nullptr) return nullptr;
    const auto found = map->find(at);
    return found == map->end() ? nullptr : &found->second;
  }
  void put(const M& at, V value) { this->writable().insert_or_assign(at, std::move(value)); }
  template <std::invocable<V&> F>
  void update(const M& at, F f) {
    f(this->writable()[at]);
  }
  void erase(const M& at) {
    if (this->current() == nullptr) return;
    auto& map = this->writable();
    map.erase(at);
    if (map.empty()) this->clear();
  }
  void erase() { this->clear(); }
};

/// An aggregate's accumulator a key, fed with values of `T`.
template <class A, class T>
class aggregate_state : public keyed_state<accumulator_of<A, T>> {
  using base = keyed_state<accumulator_of<A, T>>;

public:
  explicit aggregate_state(std::string name, A aggregate = A{},
                           std::optional<time_to_live> ttl = {})
      : base(std::move(name), ttl), aggregate_(std::move(aggregate)) {}

  [[nodiscard]] aggregate_result<A, T> get() const {
    const auto* acc = this->current();
    return aggregate_.result(acc != nullptr ? *acc : initial_accumulator<A, T>(aggregate_));
  }
  /// Adds a value of that time; the time may be left out if the aggregate doesn't ask for it.
  void add(const T& value, timestamp at) {
    if (this->current() == nullptr) this->writable() = initial_accumulator<A, T>(aggregate_);
    add_event(aggregate_, this->writable(), value, at);
  }
  void add(const T& value) {
    static_assert(!timed_aggregate_of<A, T>,
                  "weir: this aggregate wants to know when: add(value, context.at())");
    add(value, timestamp{});
  }
  void erase() { this->clear(); }

private:
  A aggregate_;
};

}  // namespace weir
