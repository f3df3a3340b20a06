// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/table_hash.hpp"
#include "weir/core/plain_array.hpp"
#include "weir/core/prefetch.hpp"
#include "weir/state/gradual_slots.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/slot_cells.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

/// Numbers the keys that have state: the states of a key all live in the slot of that number, so
/// that an event costs one look-up however many states it touches. Constant time.
///
/// They can be saved while they go on changing. For that `enter` and `leave` count as changes of
/// the slot; changes that come otherwise, of firings say, need a `touch` before them.
template <class K>
class key_index {
public:
  using slot = slot_cells::slot;
  static constexpr slot none = slot_cells::none;

  /// Returns the key's slot, giving it one if it has none.
  slot enter(const K& key) {
    const auto [s, fresh] =
        cells_.find_or(slot_hash(key), has(key), [&] { return take_slot(key); });
    if (!fresh) saving_.touch(s);
    return s;
  }
  /// Writes what is still to be saved, for somebody who is about to change all slots.
  void write_all() noexcept { saving_.write_all(); }
  /// To be called before the state of a slot changes that was not entered for it.
  void touch(slot s) { saving_.touch(s); }

  /// Returns the key's slot, or `none`.
  [[nodiscard]] slot slot_of(const K& key) const { return cells_.find(slot_hash(key), has(key)); }

  void leave(slot s) {
    saving_.touch(s);
    cells_.erase(slot_hash(keys_[s]), s);
    free_.push_back(s);
    used_[s / 64] &= ~bit_of(s);
  }

  /// Forgets all keys; what they have in their slots is saved first, if it is to be.
  void clear() {
    saving_.write_all();
    *this = {};
  }

  [[nodiscard]] const K& key(slot s) const { return keys_[s]; }
  [[nodiscard]] std::size_t size() const noexcept { return cells_.size(); }

  /// Calls `f(key, slot)` for every key that has state.
  template <class F>
  void each(F f) const {
    cells_.each([&](slot s) { f(keys_[s], s); });
  }

  // What is about to be used may be called for ahead, first the cell, and a while later the slot.
  // Hints: they change nothing.

  /// Returns the key's hash, which the other two want.
  std::uint32_t fetch_cell(const K& key) const {
    const std::uint32_t hash = slot_hash(key);
    cells_.fetch(hash);
    return hash;
  }
  /// Calls for the key in its slot; returns that, if the first cell already shows it, or `none`.
  slot fetch_slot(std::uint32_t hash) const {
    const slot s = guess(hash);
    if (s != none) prefetch_line(&keys_[s]);
    return s;
  }
  [[nodiscard]] slot guess(std::uint32_t hash) const { return cells_.guess(hash); }

  /// Saves what the keys that have state now have in their slots: `write(slot)` is called once for
  /// each, before that changes, and `on` now and then to hand on what has been written.
  void save_slots(snapshot_writer& to, gradual_slots::write_slot write, gradual_slots::hand_on on) {
    saving_.begin(to, used_, std::move(write), std::move(on));
  }
  /// ... of the slots whose bits are set, 64 a word.
  void save_slots(snapshot_writer& to, std::vector<std::uint64_t> of,
                  gradual_slots::write_slot write, gradual_slots::hand_on on) {
    saving_.begin(to, std::move(of), std::move(write), std::move(on));
  }
  /// ... as a state whose entries are the key and what `write(slot, bytes&)` appends to it, an
  /// `Entry` together, as those of `keyed_parts`.
  template <class Entry, class Write>
  void save(snapshot_writer& to, std::string_view state, std::uint32_t groups, Write write) {
    static_assert(std::is_same_v<std::tuple_element_t<0, Entry>, K>);
    save_form<Entry>(to, state);
    auto parts = std::make_shared<keyed_parts<K>>(to, groups);
    save_slots(
        to, [this, parts, write](slot s) { write(s, parts->begin(keys_[s])); },
        [parts, name = std::string{state}](snapshot_writer& w, bool all) {
          parts->hand_on(w, name, all);
        });
  }

private:
  [[nodiscard]] auto has(const K& key) const {
    return [this, &key](slot s) { return keys_[s] == key; };
  }
  static std::uint64_t bit_of(slot s) noexcept { return std::uint64_t{1} << s % 64; }

  [[gnu::noinline]] slot take_slot(const K& key) {
    if (free_.empty()) {
      const auto s = static_cast<slot>(keys_.size());
      used_.resize(s / 64 + std::size_t{1});
      keys_.push_back(key);
      used_[s / 64] |= bit_of(s);
      return s;
    }
    const slot s = free_.back();
    free_.pop_back();
    saving_.touch(s);
    keys_[s] = key;
    used_[s / 64] |= bit_of(s);
    return s;
  }

  slot_cells cells_;
  std::conditional_t<is_plain_value<K>, plain_array<K>, std::vector<K>> keys_;  ///< By slot.
  plain_array<slot> free_;
  std::vector<std::uint64_t> used_;  ///< A bit a slot: whether a key has it.
  gradual_slots saving_;
};

}  // namespace weir
