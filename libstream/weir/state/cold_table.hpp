// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/dynamic_size.hpp"
#include "weir/state/slot_cache.hpp"
#include "weir/state/state_column.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// A value a key over a cold store: those that were used of late are in memory. Stays where it is
/// made.
template <class K, class V>
class cold_table {
public:
  cold_table(cold_store& store, std::string_view operator_id, const std::string& state,
             std::uint32_t groups)
      : cold_table(store, store.open_table(operator_id, {state}, false), groups) {}
  cold_table(const cold_table&) = delete;
  cold_table& operator=(const cold_table&) = delete;
  ~cold_table() = default;

  /// Returns the key's value, to be changed, made from `args` if there was none; and whether it was
  /// made. The pointer holds until the next call.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
    const auto s = cache_.enter(keys_, key);
    auto& cell = values_.cell(s);
    const bool fresh = !cell;
    if (fresh) cell.emplace(std::forward<Args>(args)...);
    cache_.changed(s);
    return {&*cell, fresh};
  }

  /// Returns the key's value, or null. Holds until the next call.
  [[nodiscard]] const V* find(const K& key) {
    const auto s = cache_.enter(keys_, key);
    if (const V* found = values_.find(s)) return found;
    cache_.emptied(keys_, s);
    return nullptr;
  }
  /// ... to be changed.
  [[nodiscard]] V* change(const K& key) {
    if (find(key) == nullptr) return nullptr;
    const auto s = keys_.slot_of(key);
    cache_.changed(s);
    return &*values_.cell(s);
  }
  void put(const K& key, V value) {
    const auto s = cache_.enter(keys_, key);
    values_.cell(s) = std::move(value);
    cache_.changed(s);
  }
  /// Removes the key's value, if it has one.
  void erase(const K& key) {
    const auto s = cache_.enter(keys_, key);
    values_.erase(s);
    cache_.emptied(keys_, s);
  }
  /// Keys that are in memory.
  [[nodiscard]] std::size_t in_memory() const noexcept { return keys_.size(); }

  /// Saves what has changed, in the checkpoint that the store takes.
  void save(snapshot_writer& to, std::string_view state) {
    save_form<std::pair<K, V>>(to, state);
    cache_.save(keys_, to);
  }
  /// Takes entries that another backend saved; and rewrites those of the store that were saved in
  /// another form.
  void restore(const snapshot_reader& from, std::string_view state) {
    const saved_form form = form_of_keyed<K, V>(from, state);
    if (form.changes())
      cache_.convert_rows(
          [&](std::span<const std::byte> key, std::uint8_t, std::span<const std::byte> data) {
            return convert_column<K>(form, state, key, data);
          });
    from.each(state, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      const auto read = [&](byte_reader& entry) {
        K key{};
        V value{};
        if (!decode(entry, key) || !decode(entry, value)) return false;
        *try_emplace(key).first = std::move(value);
        return true;
      };
      if (!form.each_entry(in, read))
        throw exception({errc::incompatible,
                         "state '" + std::string{state} + "': a saved entry does not decode"});
    });
  }

private:
  cold_table(cold_store& store, const cold_store::opened_table& table, std::uint32_t groups)
      : cache_(store, table.number, groups, calls(table.columns.front())) {}

  typename slot_cache<K>::calls calls(std::uint8_t column) {
    typename slot_cache<K>::calls c;
    c.write = [this, column](std::uint32_t s, row_writer& row) {
      if (const V* v = values_.find(s)) encode(*v, row.begin(column));
    };
    c.read = [this, column](std::uint32_t s, std::uint8_t number, byte_reader& in) {
      return number != column || decode(in, values_.cell(s).emplace());
    };
    c.drop = [this](std::uint32_t s) { values_.erase(s); };
    c.stays = [](std::uint32_t) { return false; };
    if constexpr (has_dynamic_size<V>)
      c.heap_bytes = [this](std::uint32_t s) {
        const V* v = values_.find(s);
        return v == nullptr ? 0 : dynamic_size(*v);
      };
    c.slot_bytes = sizeof(std::optional<V>);
    return c;
  }

  key_index<K> keys_;
  state_column<V> values_;
  slot_cache<K> cache_;
};

}  // namespace weir
