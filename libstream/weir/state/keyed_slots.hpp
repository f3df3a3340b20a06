// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/table_hash.hpp"
#include "weir/core/prefetch.hpp"
#include "weir/state/gradual_slots.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/slot_cells.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

/// A value a key, in a slot whose number holds as long as the key is there. A look-up reads one
/// cell of `slot_cells` and the key's slot, in which key and value lie side by side, so two places
/// in memory; both can be fetched ahead. Constant time; references hold until the next `enter`.
///
/// Can be saved while it goes on changing. For that `enter` and `leave` count as changes of the
/// slot; changes that come otherwise, of firings say, need a `touch` before them.
template <class K, class V>
class keyed_slots {
public:
  using slot = slot_cells::slot;
  static constexpr slot none = slot_cells::none;

  /// Returns the key's slot, giving it one with an empty value if it has none.
  slot enter(const K& key) {
    const auto [s, fresh] =
        cells_.find_or(slot_hash(key), has(key), [&] { return take_slot(key); });
    if (!fresh) saving_.touch(s);
    return s;
  }
  /// To be called before the value of a slot changes that was not entered for it.
  void touch(slot s) { saving_.touch(s); }
  /// Empties the key's slot and forgets the key.
  void leave(slot s) {
    saving_.touch(s);
    cells_.erase(slot_hash(slots_[s].first), s);
    slots_[s] = {};
    free_.push_back(s);
  }
  /// Forgets all keys and gives their memory back.
  void clear() {
    saving_.write_all();
    *this = {};
  }

  /// Returns the key's value, or null if it has none.
  [[nodiscard]] V* find(const K& key) {
    const slot s = slot_of(key);
    return s == none ? nullptr : &slots_[s].second;
  }
  /// Returns the key's slot, or `none`.
  [[nodiscard]] slot slot_of(const K& key) const { return cells_.find(slot_hash(key), has(key)); }
  [[nodiscard]] V& operator[](slot s) { return slots_[s].second; }
  [[nodiscard]] const V& operator[](slot s) const { return slots_[s].second; }
  [[nodiscard]] const K& key(slot s) const { return slots_[s].first; }
  [[nodiscard]] std::size_t size() const noexcept { return cells_.size(); }

  /// Whether all of it probably lies in a core's own cache, so that calling for it ahead costs more
  /// than it spares.
  [[nodiscard]] bool is_small() const noexcept {
    constexpr std::size_t own_cache = std::size_t{512} * 1024;
    constexpr std::size_t each = sizeof(std::pair<K, V>) + 2 * sizeof(std::uint64_t);
    return slots_.size() <= own_cache / each;
  }

  /// Calls `f(key, slot)` for every key.
  template <class F>
  void each(F f) const {
    cells_.each([&](slot s) { f(slots_[s].first, s); });
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
  /// Saves what is in the slots whose bits are set, 64 a word, as `key_index` does.
  void save_slots(snapshot_writer& to, std::vector<std::uint64_t> of,
                  gradual_slots::write_slot write, gradual_slots::hand_on on) {
    saving_.begin(to, std::move(of), std::move(write), std::move(on));
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
    auto parts = std::make_shared<keyed_parts<K>>(to, groups);
    saving_.begin(
        to, bits_of(slots_.size()),
        [this, parts, write](slot s) {
          if (is_taken(s)) write(s, parts->begin(slots_[s].first));
        },
        [parts, name = std::string{state}](snapshot_writer& w, bool all) {
          parts->hand_on(w, name, all);
        });
  }

  // What is about to be used may be called for ahead, first the cell, and a while later the slot.
  // Hints: they change nothing.

  /// Returns the key's hash, which the other two want.
  std::uint32_t fetch_cell(const K& key) const {
    const std::uint32_t hash = slot_hash(key);
    cells_.fetch(hash);
    return hash;
  }
  void fetch_slot(std::uint32_t hash) const {
    if (const slot s = cells_.guess(hash); s != none) fetch_slot_of(s);
  }
  void fetch_cell_of(slot s) const { fetch_cell(slots_[s].first); }
  void fetch_slot_of(slot s) const {
    prefetch_line(&slots_[s].first);
    if (sizeof slots_[s] > 32) prefetch_line(&slots_[s].second + 1);  // the next line
  }
  /// The value, if the first cell of the hash already shows where it is.
  [[nodiscard]] const V* guess(std::uint32_t hash) const {
    const slot s = cells_.guess(hash);
    return s == none ? nullptr : &slots_[s].second;
  }

private:
  /// A bit each for the first `n` slots, 64 a word.
  static std::vector<std::uint64_t> bits_of(std::size_t n) {
    std::vector<std::uint64_t> bits((n + 63) / 64, ~std::uint64_t{0});
    if (n % 64 != 0) bits.back() >>= 64 - n % 64;
    return bits;
  }
  [[nodiscard]] bool is_taken(slot s) const { return slot_of(slots_[s].first) == s; }

  [[nodiscard]] auto has(const K& key) const {
    return [this, &key](slot s) { return slots_[s].first == key; };
  }

  slot take_slot(const K& key) {
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

  slot_cells cells_;
  std::vector<std::pair<K, V>> slots_;
  std::vector<slot> free_;
  gradual_slots saving_;
};

}  // namespace weir
