// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/plain_array.hpp"
#include "weir/core/prefetch.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

namespace weir {

/// Finds slots by the hashes of their keys, which lie elsewhere: a table of 8-byte cells, so that
/// more of it is in the cache than of a table of keys, and the place of a cell can be called for
/// ahead. Linear probing, with deletion by moving back (Knuth, TAOCP volume 3, 6.4). Constant time.
class slot_cells {
public:
  using slot = std::uint32_t;
  static constexpr slot none = std::numeric_limits<slot>::max();

  /// Returns the slot of that hash that `is_key(slot)` holds for, or `none`.
  template <class IsKey>
  [[nodiscard]] slot find(std::uint32_t hash, IsKey is_key) const {
    return cells_.empty() ? none : cells_[place_of(hash, is_key)].of;
  }
  /// ... or the slot that `make()` returns, which then has that hash; and whether it was made.
  template <class IsKey, class Make>
  std::pair<slot, bool> find_or(std::uint32_t hash, IsKey is_key, Make make) {
    if ((size_ + 1) * 3 > cells_.size() * 2) [[unlikely]]
      grow();
    cell& c = cells_[place_of(hash, is_key)];
    if (c.of != none) return {c.of, false};
    const slot made = make();
    c = {hash, made};
    ++size_;
    return {made, true};
  }
  /// @pre the slot is in the table, with that hash
  void erase(std::uint32_t hash, slot s) {
    std::size_t hole = home(hash);
    while (cells_[hole].of != s) hole = after(hole);
    for (std::size_t at = after(hole); cells_[at].of != none; at = after(at)) {
      // What lies behind moves into the hole unless that is before its home.
      if (distance(home(cells_[at].hash), at) < distance(hole, at)) continue;
      cells_[hole] = cells_[at];
      hole = at;
    }
    cells_[hole].of = none;
    --size_;
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  /// Calls `f(slot)` for each.
  template <class F>
  void each(F f) const {
    for (const cell& c : cells_)
      if (c.of != none) f(c.of);
  }

  /// A hint that `hash` will be looked up soon.
  void fetch(std::uint32_t hash) const {
    if (!cells_.empty()) prefetch_line(&cells_[home(hash)]);
  }
  /// What the first cell of the hash shows: mostly its slot.
  [[nodiscard]] slot guess(std::uint32_t hash) const {
    return cells_.empty() ? none : cells_[home(hash)].of;
  }

private:
  struct cell {
    std::uint32_t hash = 0;
    slot of = none;
  };

  [[nodiscard]] std::size_t home(std::uint32_t hash) const { return hash & (cells_.size() - 1); }
  [[nodiscard]] std::size_t after(std::size_t at) const { return (at + 1) & (cells_.size() - 1); }
  [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const {
    return (to - from) & (cells_.size() - 1);
  }
  /// The cell of the key, or the empty one where it would go.
  template <class IsKey>
  [[nodiscard]] std::size_t place_of(std::uint32_t hash, IsKey is_key) const {
    std::size_t at = home(hash);
    while (cells_[at].of != none && !(cells_[at].hash == hash && is_key(cells_[at].of)))
      at = after(at);
    return at;
  }

  /// Doubles the table where it is, without a second one. A cell moves to its home of old or as far
  /// behind that as the table was long. What lies before the first empty cell, some of it round the
  /// end, waits aside. All others are put anew in their order: then what still lies where it was is
  /// behind the cell in hand, and in nobody's way. Kept out of the loops that look keys up, so that
  /// these stay in registers.
  [[gnu::noinline]] void grow() {
    if (cells_.empty()) return cells_.resize(16);
    const std::size_t old_size = cells_.size();
    std::size_t first_empty = 0;
    while (cells_[first_empty].of != none) ++first_empty;
    const std::vector<cell> aside(cells_.begin(), cells_.begin() + first_empty);
    cells_.resize(2 * old_size);
    for (std::size_t at = 0; at < first_empty; ++at) cells_[at].of = none;
    for (std::size_t at = first_empty + 1; at < old_size; ++at)
      if (cells_[at].of != none) put(std::exchange(cells_[at], cell{}));
    for (const cell& c : aside) put(c);
  }
  void put(const cell& c) {
    std::size_t at = home(c.hash);
    while (cells_[at].of != none) at = after(at);
    cells_[at] = c;
  }

  plain_array<cell> cells_;  ///< A power of two of them, at most two thirds in use.
  std::size_t size_ = 0;
};

}  // namespace weir
