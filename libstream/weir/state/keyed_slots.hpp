// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/gradual_slots.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/table_hash.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

/// A value a key, in a slot whose number holds as long as the key is there. A look-up reads one
/// cell of a table of 8-byte cells and the key's slot, in which key and value lie side by side, so
/// two places in memory; both can be fetched ahead. Linear probing, with deletion by moving back
/// (Knuth, TAOCP volume 3, 6.4). Constant time; references hold until the next `enter`.
///
/// Can be saved while it goes on changing. For that `enter` and `leave` count as changes of the
/// slot; changes that come otherwise, of firings say, need a `touch` before them.
template <class K, class V>
class keyed_slots {
public:
  using slot = std::uint32_t;
  static constexpr slot none = std::numeric_limits<slot>::max();

  /// Returns the key's slot, giving it one with an empty value if it has none.
  slot enter(const K& key) {
    if ((size_ + 1) * 3 > cells_.size() * 2) grow();
    const std::uint32_t hash = hash_of(key);
    std::size_t at = place_of(hash, key);
    if (cells_[at].of == none)
      cells_[at] = {hash, take_slot(key)};
    else
      saving_.touch(cells_[at].of);
    return cells_[at].of;
  }
  /// To be called before the value of a slot changes that was not entered for it.
  void touch(slot s) { saving_.touch(s); }
  /// Empties the key's slot and forgets the key.
  void leave(slot s) {
    saving_.touch(s);
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
  void clear() {
    saving_.write_all();
    *this = {};
  }

  /// Returns the key's value, or null if it has none.
  [[nodiscard]] V* find(const K& key) {
    if (size_ == 0) return nullptr;
    const cell& c = cells_[place_of(hash_of(key), key)];
    return c.of == none ? nullptr : &slots_[c.of].second;
  }
  /// Returns the key's slot, or `none`.
  [[nodiscard]] slot slot_of(const K& key) const {
    return size_ == 0 ? none : cells_[place_of(hash_of(key), key)].of;
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

  /// Saves what the keys have now as a state whose entries are the key and what `write(slot,
  /// bytes&)` appends to it, an `Entry` together, as those of `keyed_parts`. Each is written once,
  /// before it changes.
  template <class Entry, class Write>
  void save(snapshot_writer& to, std::string_view state, std::uint32_t groups, Write write) {
    static_assert(std::is_same_v<std::tuple_element_t<0, Entry>, K>);
    save_form<Entry>(to, state);
    save_entries(to, state, groups, std::move(write));
  }
  /// Saves keys and values, as `keyed_table` does.
  void save_values(snapshot_writer& to, std::string_view state, std::uint32_t groups) {
    save_form<std::pair<K, V>>(to, state);
    save_entries(to, state, groups,
                 [this](slot s, bytes& part) { encode(slots_[s].second, part); });
  }
  void restore_values(const snapshot_reader& from, std::string_view state) {
    const saved_form saved = form_of_keyed<K, V>(from, state);
    const auto read = [this](byte_reader& in) {
      K key{};
      return decode(in, key) && decode(in, slots_[enter(key)].second);
    };
    from.each(state, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      if (!saved.each_entry(in, read))
        throw exception({errc::incompatible,
                         "state '" + std::string{state} + "': a saved entry does not decode"});
    });
  }
  /// ... where the form of the entries has been written.
  template <class Write>
  void save_entries(snapshot_writer& to, std::string_view state, std::uint32_t groups,
                    Write write) {
    auto parts = std::make_shared<keyed_parts<K>>(groups);
    saving_.begin(
        to, bits_of(slots_.size()),
        [this, parts, write](slot s) {
          if (is_taken(s)) write(s, parts->begin(slots_[s].first));
        },
        [parts, name = std::string{state}](snapshot_writer& w) { parts->write_entries(w, name); });
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
  struct cell {
    std::uint32_t hash = 0;
    slot of = none;
  };

  /// A bit each for the first `n` slots, 64 a word.
  static std::vector<std::uint64_t> bits_of(std::size_t n) {
    std::vector<std::uint64_t> bits((n + 63) / 64, ~std::uint64_t{0});
    if (n % 64 != 0) bits.back() >>= 64 - n % 64;
    return bits;
  }
  [[nodiscard]] bool is_taken(slot s) const {
    const K& k = slots_[s].first;
    return size_ != 0 && cells_[place_of(hash_of(k), k)].of == s;
  }

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
    saving_.touch(s);
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
  gradual_slots saving_;
};

}  // namespace weir
