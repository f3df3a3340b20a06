// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/cold_row.hpp"
#include "weir/state/cold_store.hpp"
#include "weir/state/key_index.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Makes the slots of a `key_index`, or of `keyed_slots`, a cache of bounded size over a cold
/// store: keys that are asked for are brought into a slot, and those that were not used for a while
/// leave theirs (the clock algorithm), after a change by way of the store. The states themselves
/// belong to the operator; they are touched through `calls`, at misses and writes only.
///
/// A slot that has a timer stays, but what it holds goes (it is hollow) until it is woken.
template <class K, class Keys = key_index<K>>
class slot_cache {
public:
  using slot = std::uint32_t;

  struct calls {
    std::function<void(slot, row_writer&)> write;  ///< The states that the slot holds.
    /// Takes a column; false if it does not decode.
    std::function<bool(slot, std::uint8_t, byte_reader&)> read;
    std::function<void(slot)> drop;               ///< Frees the states.
    std::function<bool(slot)> stays;              ///< Whether it has a timer.
    std::function<std::size_t(slot)> heap_bytes;  ///< Of the states; null if they never have any.
    std::size_t slot_bytes = 0;                   ///< Of states in their slots.
  };

  slot_cache(cold_store& store, std::uint16_t table, std::uint32_t groups, calls states)
      : store_(&store),
        table_(table),
        groups_(groups),
        states_(std::move(states)),
        slot_bytes_(states_.slot_bytes + 3 * sizeof(K) + sizeof(note) + 16) {}

  // Between two calls at most the slot in hand is in use: others may leave theirs.

  /// Returns the key's slot, with what the key has in it.
  slot enter(Keys& keys, const K& key) {
    if (over_) [[unlikely]]
      make_room(keys);
    if (const slot found = keys.slot_of(key); found != Keys::none) [[likely]] {
      wake(keys, found);
      return found;
    }
    return bring(keys, key, true);
  }
  /// Returns the key's slot, and leaves what the key has where it is; for one that gets a timer.
  slot enter_hollow(Keys& keys, const K& key) {
    const slot found = keys.slot_of(key);
    return found != Keys::none ? found : bring(keys, key, false);
  }
  /// To be called before the states of a slot are used that was not entered for it.
  void wake(Keys& keys, slot s) {
    keys.touch(s);
    notes_[s].used = true;
    if (notes_[s].hollow) [[unlikely]]
      fill(keys, s);
  }
  /// Lets slots go if there are too many.
  void settle(Keys& keys) {
    if (over_) make_room(keys);
  }

  /// The states of the slot have changed. What they take is measured at the first change, and the
  /// more rarely the larger they are: measuring may take time by their size.
  void changed(slot s) {
    note& n = notes_[s];
    n.changed_in = store_->epoch();
    if (!states_.heap_bytes || (n.unmeasured != 0 && --n.unmeasured != 0)) return;
    charge(s, states_.heap_bytes(s));
    n.unmeasured = 4 + n.heap / 64;
  }
  /// The slot holds nothing and has no timer.
  void emptied(Keys& keys, slot s) {
    if (notes_[s].stored)
      changed(s);  // it stays until the store knows
    else
      leave(keys, s);
  }

  /// Saves what the store has to be told for its checkpoint. @pre the store takes one
  void save(Keys& keys, snapshot_writer& to) {
    std::vector<std::uint64_t> dirty((notes_.size() + 63) / 64);
    for (slot s = 0; s < notes_.size(); ++s)
      if (notes_[s].taken && notes_[s].changed_in > store_->saved())
        dirty[s / 64] |= std::uint64_t{1} << s % 64;
    keys.save_slots(
        to, std::move(dirty), [this, &keys](slot s) { save_slot(keys, s); },
        [](snapshot_writer&, bool) {});
  }

  /// Rewrites all rows of the table: `convert(key, column, data)` answers what a column is now, or
  /// nothing for it to stay.
  template <class Convert>
  void convert_rows(Convert convert) {
    store_->each_row(table_, [&](const row_name& name, std::span<const std::byte> row) {
      bytes made;
      row_writer out{made};
      const bool read = each_column(row, [&](std::uint8_t column, std::span<const std::byte> data) {
        const std::optional<bytes> now = convert(name.key, column, data);
        const std::span<const std::byte> content = now ? std::span<const std::byte>{*now} : data;
        bytes& to = out.begin(column);
        to.insert(to.end(), content.begin(), content.end());
        return true;
      });
      out.end();
      if (!read) damaged();
      std::copy_n(row.begin(), row_writer::head, made.begin());
      store_->put(name, made);
    });
  }

private:
  struct note {
    std::uint32_t changed_in = 0;  ///< An epoch.
    std::uint32_t heap = 0;        ///< Bytes that were measured.
    std::uint32_t unmeasured = 0;  ///< Changes until they are measured again; 0: never measured.
    bool taken = false;
    bool used = false;    ///< Since the hand was here.
    bool hollow = false;  ///< What the key has is in the store alone.
    bool stored = false;  ///< The store may have a row.
  };

  [[nodiscard]] bool is_dirty(const note& n) const noexcept {
    return n.changed_in > store_->stored();
  }
  [[noreturn]] static void damaged() {
    throw exception({errc::incompatible, "a row of the cold store does not decode"});
  }

  row_name name_of(const Keys& keys, slot s) {
    const K& key = keys.key(s);
    key_.clear();
    encode(key, key_);
    return {table_, static_cast<key_group>(group_of_hash(key_hash(key), groups_)), key_};
  }

  slot bring(Keys& keys, const K& key, bool filled) {
    if (store_->cached + slot_bytes_ > store_->cache_limit()) make_room(keys);
    // While a checkpoint is made what has changed must stay.
    if (store_->crowded()) store_->wait_for(std::chrono::milliseconds{1});
    const slot s = keys.enter(key);
    try {
      if (s >= notes_.size()) notes_.resize(s + std::size_t{1});
    } catch (...) {
      keys.leave(s);
      throw;
    }
    notes_[s] = {};
    notes_[s].taken = notes_[s].used = notes_[s].hollow = true;
    store_->cached += slot_bytes_;
    if (!filled) return s;
    try {
      fill(keys, s);
    } catch (...) {
      leave(keys, s);
      throw;
    }
    return s;
  }
  void fill(const Keys& keys, slot s) {
    note& n = notes_[s];
    n.stored = store_->get(name_of(keys, s), row_);
    n.hollow = false;
    if (!n.stored) return;
    const bool read = each_column(row_, [&](std::uint8_t column, std::span<const std::byte> data) {
      byte_reader in{data};
      return states_.read(s, column, in);
    });
    if (!read) damaged();
    if (states_.heap_bytes) charge(s, states_.heap_bytes(s));
  }

  void charge(slot s, std::size_t heap) {
    note& n = notes_[s];
    const auto now = static_cast<std::uint32_t>(
        std::min<std::size_t>(heap, std::numeric_limits<std::uint32_t>::max()));
    store_->cached = store_->cached - n.heap + now;
    n.heap = now;
    over_ = store_->cached > store_->cache_limit();
  }
  void leave(Keys& keys, slot s) {
    states_.drop(s);
    keys.leave(s);
    store_->cached -= slot_bytes_ + notes_[s].heap;
    notes_[s] = {};
  }

  void make_room(Keys& keys) {
    const std::size_t limit = store_->cache_limit();
    constexpr int steps = 64;  // the rest when it comes to it
    for (int i = 0; i < steps && store_->cached + slot_bytes_ > limit && !notes_.empty(); ++i) {
      hand_ = hand_ + 1 < notes_.size() ? hand_ + 1 : 0;
      note& n = notes_[hand_];
      if (!n.taken || n.hollow || std::exchange(n.used, false)) continue;
      evict(keys, hand_);
    }
    // Keys that are there may have grown meanwhile.
    if (store_->cached > 2 * limit && store_->busy() && !store_->taking()) store_->wait();
    over_ = store_->cached > limit;
  }
  void evict(Keys& keys, slot s) {
    note& n = notes_[s];
    if (is_dirty(n)) {
      if (store_->busy()) return;
      const row_name name = name_of(keys, s);
      if (write_row(s))
        store_->put(name, row_);
      else if (n.stored)
        store_->erase(name);
    }
    if (!states_.stays(s)) return leave(keys, s);
    states_.drop(s);
    store_->cached -= std::exchange(n.heap, 0);
    n.changed_in = 0;
    n.hollow = true;
  }
  /// Writes a slot's row to `row_`; false if it holds nothing.
  bool write_row(slot s) {
    row_writer out{row_};
    states_.write(s, out);
    out.end();
    return !out.empty();
  }
  void save_slot(const Keys& keys, slot s) {
    const row_name name = name_of(keys, s);
    if (write_row(s)) {
      notes_[s].stored = true;
      store_->save(name, row_);
    } else if (notes_[s].stored) {
      store_->save(name, {});
    }
  }

  cold_store* store_;
  std::uint16_t table_;
  std::uint32_t groups_;
  calls states_;
  std::size_t slot_bytes_;
  std::vector<note> notes_;  ///< By slot.
  slot hand_ = 0;
  bool over_ = false;  ///< More is in memory than may be.
  bytes key_, row_;
};

}  // namespace weir
