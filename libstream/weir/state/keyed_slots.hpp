// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/table_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

/// A value a key, in a slot whose number holds as long as the key is there. A look-up reads one
/// cell of a table of 8-byte cells and the key's slot, in which key and value lie side by side, so
/// two places in memory; both can be fetched ahead. Linear probing, with deletion by moving back
/// (Knuth, TAOCP volume 3, 6.4). Constant time; references hold until the next `enter`.
template <class K, class V>
class keyed_slots {
public:
  using slot = std::uint32_t;

  /// Returns the key's slot, giving it one with an empty value if it has none.
  slot enter(const K& key) {
    if ((size_ + 1) * 3 > cells_.size() * 2) grow();
    const std::uint32_t hash = hash_of(key);
    std::size_t at = place_of(hash, key);
    if (cells_[at].of == none) cells_[at] = {hash, take_slot(key)};
    return cells_[at].of;
  }
  /// Empties the key's slot and forgets the key.
  void leave(slot s) {
    std::size_t hole = home(hash_of(slots_[s].first));
    while (cells_[hole].of != s) hole = after(hole);
    for (std::size_t at = after(hole); cells_[at].of != none; at = after(at)) {
      // What lies behind moves into the hole unless that is before its home.
      if (distance(home(cells_[at].hash), at) < distance(hole, at)) continue;
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole].of = none;
    slots_[s] = {};
    free_.push_back(s);
    --size_;
  }
  /// Forgets all keys and gives their memory back.
  void clear() { *this = {}; }

  /// Returns the key's value, or null if it has none.
  [[nodiscard]] V* find(const K& key) {
    if (size_ == 0) return nullptr;
    const cell& c = cells_[place_of(hash_of(key), key)];
    return c.of == none ? nullptr : &slots_[c.of].second;
  }
  [[nodiscard]] V& operator[](slot s) { return slots_[s].second; }
  [[nodiscard]] const V& operator[](slot s) const { return slots_[s].second; }
  [[nodiscard]] const K& key(slot s) const { return slots_[s].first; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }

  /// Calls `f(key, slot)` for every key.
  template <class F>
  void each(F f) const {
    for (const cell& c : cells_)
      if (c.of != none) f(slots_[c.of].first, c.of);
  }

  // What is about to be used may be called for ahead, first the cell, and a while later the slot.
  // Hints: they change nothing.

  void fetch_cell(const K& key) const {
    if (!cells_.empty()) __builtin_prefetch(&cells_[home(hash_of(key))]);
  }
  void fetch_slot(const K& key) const {
    if (cells_.empty()) return;
    if (const slot s = cells_[home(hash_of(key))].of; s != none) fetch_slot_of(s);
  }
  void fetch_cell_of(slot s) const { fetch_cell(slots_[s].first); }
  void fetch_slot_of(slot s) const {
    __builtin_prefetch(&slots_[s].first);
    if (sizeof slots_[s] > 32) __builtin_prefetch(&slots_[s].second + 1);  // the next line
  }
  /// The value, if the first cell of the key already shows where it is.
  [[nodiscard]] const V* guess(const K& key) const {
    if (cells_.empty()) return nullptr;
    const slot s = cells_[home(hash_of(key))].of;
    return s == none ? nullptr : &slots_[s].second;
  }

private:
  static constexpr slot none = std::numeric_limits<slot>::max();
  struct cell {
    std::uint32_t hash = 0;
    slot of = none;
  };

  // The half of the hash that, if it is `key_hash`, doesn't say which instance has the key.
  static std::uint32_t hash_of(const K& key) { return static_cast<std::uint32_t>(table_hash(key)); }
  [[nodiscard]] std::size_t home(std::uint32_t hash) const { return hash & (cells_.size() - 1); }
  [[nodiscard]] std::size_t after(std::size_t at) const { return (at + 1) & (cells_.size() - 1); }
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const {
    return (to - from) & (cells_.size() - 1);
  }
  /// The key's cell, or the empty one where it would go.
  [[nodiscard]] std::size_t place_of(std::uint32_t hash, const K& key) const {
    std::size_t at = home(hash);
    while (cells_[at].of != none &&
           !(cells_[at].hash == hash && slots_[cells_[at].of].first == key))
      at = after(at);
    return at;
  }

  slot take_slot(const K& key) {
    ++size_;
    if (free_.empty()) {
      slots_.emplace_back(std::piecewise_construct, std::forward_as_tuple(key), std::tuple<>{});
      return static_cast<slot>(slots_.size() - 1);
    }
    const slot s = free_.back();
    free_.pop_back();
    slots_[s].first = key;
    return s;
  }

  void grow() {
    std::vector<cell> old(cells_.empty() ? 16 : 2 * cells_.size());
    old.swap(cells_);
    for (const cell& c : old) {
      if (c.of == none) continue;
      std::size_t at = home(c.hash);
      while (cells_[at].of != none) at = after(at);
      cells_[at] = c;
    }
  }

  std::vector<cell> cells_;  ///< A power of two of them, at most two thirds in use.
  std::vector<std::pair<K, V>> slots_;
  std::vector<slot> free_;
  std::size_t size_ = 0;
};

}  // namespace weir
