// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/key_hash.hpp"
#include "weir/codec/table_hash.hpp"
#include "weir/core/error.hpp"
#include "weir/state/key_groups.hpp"
#include "weir/state/parted_map.hpp"
#include "weir/state/saved_form.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// The hash of a key, for open-addressing tables.
template <class K>
struct key_hasher {
  using is_avalanching = void;
  std::size_t operator()(const K& key) const { return table_hash(key); }
};

/// One value a key, in memory: an open-addressing table that grows by parts, so that no insertion
/// takes long. Constant time; pointers to values hold until the next insertion.
template <class K, class V>
class keyed_table {
  using map = parted_map<K, V, key_hasher<K>>;

public:
  using iterator = typename map::iterator;

  /// Returns the key's value, made from `args` if there was none, and whether it was made.
  template <class... Args>
  std::pair<V*, bool> try_emplace(const K& key, Args&&... args) {
    if (V* const found = map_.find(key)) [[likely]]
      return {found, false};
    return {insert(key, std::forward<Args>(args)...), true};
  }
  [[nodiscard]] V* find(const K& key) { return map_.find(key); }
  void put(const K& key, V&& value) {
    if (V* const found = map_.find(key))
      *found = std::move(value);
    else
      map_.add(key, std::move(value));
  }
  bool erase(const K& key) { return map_.erase(key) != 0; }
  /// Removes the entry, and returns the place of the next.
  iterator erase(iterator at) { return map_.erase(at); }
  /// Removes the entries, pairs of key and value, that `f` holds for. Linear time.
  template <class F>
  void erase_if(F f) {
    map_.erase_if(f);
  }

  iterator begin() { return map_.begin(); }
  iterator end() { return map_.end(); }
  [[nodiscard]] std::size_t size() const noexcept { return map_.size(); }
  [[nodiscard]] bool empty() const noexcept { return map_.empty(); }
  /// Removes all entries and keeps the memory.
  void clear() { map_.clear(); }

  /// Writes all entries, one part a key group that has some. `prefix` goes before each part.
  void snapshot(snapshot_writer& to, std::string_view name, std::uint32_t groups,
                std::span<const std::byte> prefix = {}) const {
    save_form<std::pair<K, V>>(to, name);
    std::vector<bytes> parts(groups);
    for (const auto& [key, value] : map_) {
      bytes& part = parts[group_of_hash(key_hash(key), groups)];
      if (part.empty()) part.assign(prefix.begin(), prefix.end());
      encode(key, part);
      encode(value, part);
    }
    for (std::uint32_t g = 0; g < groups; ++g)
      if (!parts[g].empty()) to.keyed(name, static_cast<key_group>(g), std::move(parts[g]));
  }

  void restore(const snapshot_reader& from, std::string_view name) {
    const saved_form saved = form(from, name);
    from.each(name, [&](key_group, std::span<const std::byte> data) {
      byte_reader in{data};
      read_entries(in, name, saved);
    });
  }

  [[nodiscard]] static saved_form form(const snapshot_reader& from, std::string_view name) {
    return form_of_keyed<K, V>(from, name);
  }
  /// Adds the entries that are left in `in`.
  void read_entries(byte_reader& in, std::string_view name, const saved_form& form) {
    const auto read = [this](byte_reader& entry) {
      K key{};
      V value{};
      if (!decode(entry, key) || !decode(entry, value)) return false;
      put(key, std::move(value));
      return true;
    };
    if (!form.each_entry(in, read))
      throw exception(
          {errc::incompatible, "state '" + std::string{name} + "': a saved entry does not decode"});
  }

private:
  /// Kept out of the loops that look keys up, so that these stay in registers.
  template <class... Args>
  [[gnu::noinline]] V* insert(const K& key, Args&&... args) {
    return map_.add(key, std::forward<Args>(args)...);
  }

  map map_;
};

}  // namespace weir
