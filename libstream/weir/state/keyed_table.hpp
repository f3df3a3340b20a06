// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/table_hash.hpp"
#include "weir/state/growing_map.hpp"
#include "weir/state/keyed_parts.hpp"
#include "weir/state/saved_entries.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <span>
#include <string_view>
#include <utility>

namespace weir {

/// The hash of a key, for open-addressing tables.
template <class K>
struct key_hasher {
  using is_avalanching = void;
  std::size_t operator()(const K& key) const { return table_hash(key); }
};

/// One value a key, in memory: an open-addressing table that grows by and by, so that no insertion
/// takes long. Constant time; pointers to values hold until the next `try_emplace` or `put`.
template <class K, class V>
class keyed_table {
  using map = growing_map<K, V, key_hasher<K>>;

public:
  /// Returns the key's value, made from `args` if there was none, and whether it was made.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
    if (map_.grows()) [[unlikely]]
      go_on();
    if (auto* const found = map_.find(key)) [[likely]]
      return {&found->second, false};
    return {insert(key, std::forward<Args>(args)...), true};
  }
  [[nodiscard]] V* find(const K& key) {
    auto* const found = map_.find(key);
    return found != nullptr ? &found->second : nullptr;
  }
  void put(const K& key, V&& value) {
    const auto [at, fresh] = try_emplace(key, std::move(value));
    if (!fresh) *at = std::move(value);
  }
  /// A hint that the key's entry will be used soon.
  void fetch(const K& key) { map_.fetch(key); }
  bool erase(const K& key) { return map_.erase(key) != 0; }
  /// Removes the entries, pairs of key and value, that `f` holds for. Linear time.
  template <class F>
  void erase_if(F f) {
    map_.erase_if(f);
  }

  /// Calls `f` with each entry, a pair of key and value.
  template <class F>
  void each(F f) const {
    map_.each(f);
  }
  [[nodiscard]] std::size_t size() const noexcept { return map_.size(); }
  [[nodiscard]] bool empty() const noexcept { return map_.empty(); }
  /// Removes all entries and keeps the memory.
  void clear() { map_.clear(); }

  /// Writes all entries, by key group; `prefix` goes before each piece.
  void snapshot(snapshot_writer& to, std::string_view name, std::uint32_t groups,
                std::span<const std::byte> prefix = {}) const {
    save_form<std::pair<K, V>>(to, name);
    keyed_parts<K> parts{to, groups, prefix};
    map_.each([&](const auto& entry) { parts.add(entry.first, entry.second); });
    parts.hand_on(to, name, true);
  }
  void restore(const snapshot_reader& from, std::string_view name) {
    const saved_form form = form_of_keyed<K, V>(from, name);
    saved_entries<K, V> saved{name, form};
    from.each(name, [&](key_group group, std::span<const std::byte> piece) {
      saved.add(group, byte_reader{piece});
    });
    saved.read_into(*this);
  }
  /// Makes room for as many entries in all.
  void reserve(std::size_t entries) { map_.reserve(entries); }

private:
  /// Also where no more keys come, growing has to come to an end.
  [[gnu::noinline]] void go_on() {
    map_.move_some(
        map::with_each, [](auto&) {}, [](auto&) {});
  }
  /// Kept out of the loops that look keys up, so that these stay in registers.
  template <class... Args>
  [[gnu::noinline]] V* insert(const K& key, Args&&... args) {
    return &map_.add(key, std::forward<Args>(args)...)->second;
  }

  map map_;
};

}  // namespace weir
