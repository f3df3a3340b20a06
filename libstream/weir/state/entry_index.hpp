// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/cold_store.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/slot_cache.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

/// The keys of an operator that keeps one entry of each: in an array of its own by the slots of a
/// `key_index`, or with the keys in `keyed_slots`. With a cold store they are a cache over that:
/// entries that were not used for a while leave memory; what a key is due for stays, with its slot.
/// In the store an entry is one column, which holds what follows the key where the entry is saved
/// in memory, so each backend reads what the other saved.
///
/// In memory it costs what its keys do, and a branch that is always the same.
template <class K, class Keys = key_index<K>>
class entry_index {
public:
  using slot = typename Keys::slot;
  static constexpr slot none = Keys::none;

  /// How the operator's entries are dealt with.
  struct calls {
    std::function<void(slot, bytes&)> save;        ///< Appends what the slot holds.
    std::function<bool(slot, byte_reader&)> load;  ///< False if it does not decode.
    std::function<void(slot)> drop;                ///< Frees it, but for what it is due for.
    std::function<bool(slot)> holds;               ///< Whether there is anything to save.
    std::function<bool(slot)> due;                 ///< Whether its time will come by itself.
    /// What it has on the heap; if it can't tell, that is taken for twice what it is when saved.
    std::function<std::size_t(slot)> heap_bytes;
  };

  entry_index() = default;
  // `calls` are those of the operator that it is a member of; one that is copied opens it anew.
  entry_index(const entry_index& other) : keys_(other.keys_) {}
  entry_index(entry_index&& other) noexcept : keys_(std::move(other.keys_)) {}
  entry_index& operator=(const entry_index& other) { return *this = entry_index{other}; }
  entry_index& operator=(entry_index&& other) noexcept {
    keys_ = std::move(other.keys_);
    return *this;
  }
  ~entry_index() = default;

  /// To be called first, for the state of that name of an operator. `entry_bytes` is what an entry
  /// takes in its slot.
  void open(cold_store* store, std::string_view operator_id, std::uint32_t groups,
            std::string state, std::size_t entry_bytes, calls entries) {
    state_ = std::move(state);
    groups_ = groups;
    calls_ = std::move(entries);
    if (store == nullptr) return;
    store_ = store;
    const cold_store::opened_table table = store->open_table(operator_id, {state_}, false);
    table_ = table.number;
    column_ = table.columns.front();
    cold_ = std::make_shared<slot_cache<K, Keys>>(*store, table_, groups, cache_calls(entry_bytes));
  }

  /// Returns the key's slot with its entry in it, giving it one if it has none.
  slot enter(const K& key) {
    if (cold_) [[unlikely]]
      return cold_->enter(keys_, key);
    return keys_.enter(key);
  }
  /// To be called before the entry of a slot is used that was not entered for it.
  void touch(slot s) {
    if (cold_) [[unlikely]]
      return cold_->wake(keys_, s);
    keys_.touch(s);
  }
  /// To be called after an entry was used: it may have changed.
  void changed(slot s) noexcept {
    if (cold_) [[unlikely]]
      cold_->changed(s);
  }
  /// Does so when it goes, also if what is done with the entry throws.
  class noting_change {
  public:
    noting_change(entry_index& of, slot s) noexcept : of_(of), slot_(s) {}
    noting_change(const noting_change&) = delete;
    noting_change& operator=(const noting_change&) = delete;
    ~noting_change() { of_.changed(slot_); }

  private:
    entry_index& of_;
    slot slot_;
  };
  /// The slot holds nothing, and is due for nothing.
  void leave(slot s) {
    if (cold_) [[unlikely]]
      return cold_->emptied(keys_, s);
    keys_.leave(s);
  }
  /// Forgets all keys. @pre not cold()
  void clear() { keys_.clear(); }
  /// As those of the index. @pre not cold()
  void write_all() noexcept { keys_.write_all(); }
  void save_slots(snapshot_writer& to, gradual_slots::write_slot write, gradual_slots::hand_on on) {
    keys_.save_slots(to, std::move(write), std::move(on));
  }
  /// To be called where no slot is in hand, in loops that touch many.
  void settle() {
    if (cold_) [[unlikely]]
      cold_->settle(keys_);
  }

  [[nodiscard]] const K& key(slot s) const { return keys_.key(s); }
  /// Whether a key has the slot now, for one that was noted once.
  [[nodiscard]] bool holds_key(slot s) const { return keys_.slot_of(keys_.key(s)) == s; }
  /// The value in a slot of `keyed_slots`.
  [[nodiscard]] decltype(auto) operator[](slot s) { return keys_[s]; }
  [[nodiscard]] const Keys& index() const noexcept { return keys_; }
  /// Whether entries may be elsewhere than in memory.
  [[nodiscard]] bool cold() const noexcept { return cold_ != nullptr; }

  /// Calls `f(slot)` for each key that is in memory or due; its entry is there meanwhile. `f` may
  /// not let any go.
  template <class F>
  void each_due(F f) {
    std::vector<slot> all;
    keys_.each([&](const K&, slot s) { all.push_back(s); });
    for (const slot s : all) {
      touch(s);
      f(s);
      settle();
    }
  }
  /// Calls `f(in)` with the saved entry of each key that is in the store alone.
  template <class F>
  void each_elsewhere(F f) {
    if (!cold_) return;
    store_->each_row(table_, [&](const row_name& name, std::span<const std::byte> row) {
      byte_reader key_in{name.key};
      K key{};
      bool read = decode(key_in, key);
      if (read && keys_.slot_of(key) != none) return;
      read = read && each_column(row, [&](std::uint8_t column, std::span<const std::byte> data) {
               byte_reader in{data};
               if (column == column_) f(in);
               return true;
             });
      if (!read) throw exception({errc::incompatible, "a row of the cold store does not decode"});
    });
  }

  /// Saves all entries as the state; each is an `Entry` in the binary codec, a tuple of the key and
  /// what `save` appends.
  template <class Entry>
  void save(snapshot_writer& to) {
    if (!cold_)
      return keys_.template save<Entry>(to, state_, groups_,
                                        [this](slot s, bytes& part) { calls_.save(s, part); });
    save_form<Entry>(to, state_);
    if (store_->taking()) cold_->save(keys_, to);
  }
  /// ... and reads them, by `load`. Throws `weir::exception` if they can't be read.
  template <class Entry>
  void restore(const snapshot_reader& from) {
    convert_rows<Entry>(from);
    read_keyed_parts<Entry>(from, state_, [&](const K& key, byte_reader& in) {
      const slot s = enter(key);
      const bool loaded = calls_.load(s, in);
      changed(s);
      return loaded;
    });
  }

  /// Rows of the store may have been written by a program whose types were others. Part of
  /// `restore`, for those who read entries themselves.
  template <class Entry>
  void convert_rows(const snapshot_reader& from) {
    if (!cold_) return;
    const saved_form form = form_of_entry<Entry>(from, state_);
    if (!form.changes()) return;
    cold_->convert_rows(
        [&](std::span<const std::byte> key, std::uint8_t column, std::span<const std::byte> data) {
          return column != column_ ? std::optional<bytes>{}
                                   : convert_column<K>(form, state_, key, data);
        });
  }

  // What keys are due for must be known of those whose entries are in the store, too. In memory
  // entries tell it.

  /// Saves `due_of(slot)`, a `Due`, of each slot that is due.
  template <class Due, class DueOf>
  void save_due(snapshot_writer& to, DueOf due_of) {
    save_all_due<Due>(to, [&](auto put) {
      keys_.each([&](const K&, slot s) {
        if (calls_.due(s)) put(s, due_of(s));
      });
    });
  }
  /// ... and where a slot is due for several things: `each` calls the function that it is given
  /// with each slot and `Due`.
  template <class Due, class Each>
  void save_all_due(snapshot_writer& to, Each each) {
    if (!cold_) return;
    keyed_parts<K> parts{to, groups_};
    each([&](slot s, const Due& due) { encode(due, parts.begin(keys_.key(s))); });
    parts.template write<std::tuple<K, Due>>(to, due_name());
  }
  /// Calls `set(slot, due)` for each.
  template <class Due, class Set>
  void restore_due(const snapshot_reader& from, Set set) {
    if (!cold_) return;
    read_keyed_parts<std::tuple<K, Due>>(from, due_name(), [&](const K& key, byte_reader& in) {
      Due due{};
      if (!decode(in, due)) return false;
      set(cold_->enter_hollow(keys_, key), due);
      return true;
    });
  }

private:
  [[nodiscard]] std::string due_name() const { return "@due of " + state_; }

  typename slot_cache<K, Keys>::calls cache_calls(std::size_t entry_bytes) {
    typename slot_cache<K, Keys>::calls c;
    c.write = [this](slot s, row_writer& row) {
      if (calls_.holds(s)) calls_.save(s, row.begin(column_));
    };
    c.read = [this](slot s, std::uint8_t column, byte_reader& in) {
      return column != column_ || calls_.load(s, in);
    };
    c.drop = calls_.drop;
    c.stays = calls_.due;
    c.heap_bytes = [this](slot s) { return calls_.heap_bytes ? calls_.heap_bytes(s) : measure(s); };
    c.slot_bytes = entry_bytes;
    return c;
  }

  /// A codec that throws does so where the entry is saved.
  std::size_t measure(slot s) noexcept {
    measured_.clear();
    try {
      if (calls_.holds(s)) calls_.save(s, measured_);
    } catch (...) {
      return 0;
    }
    return 2 * measured_.size();
  }

  Keys keys_;
  std::shared_ptr<slot_cache<K, Keys>> cold_;  ///< What makes `keys_` a cache.
  cold_store* store_ = nullptr;
  std::uint16_t table_ = 0;
  std::uint8_t column_ = 0;
  std::uint32_t groups_ = default_key_groups;
  std::string state_;
  calls calls_;
  bytes measured_;
};

}  // namespace weir
