// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/state/keyed_table.hpp"

#include <cstdint>
#include <vector>

namespace weir {

/// Numbers the keys that have state: the states of a key all live in the slot of that number, so
/// that an event costs one look-up however many states it touches. Constant time.
template <class K>
class key_index {
public:
  using slot = std::uint32_t;

  /// Returns the key's slot, giving it one if it has none.
  slot enter(const K& key) {
    const auto [at, fresh] = slots_.try_emplace(key, slot{0});
    if (!fresh) return *at;
    if (free_.empty()) {
      *at = static_cast<slot>(keys_.size());
      keys_.push_back(key);
    } else {
      *at = free_.back();
      free_.pop_back();
      keys_[*at] = key;
    }
    return *at;
  }

  /// Returns the key's slot, or null if it has none.
  [[nodiscard]] const slot* find(const K& key) { return slots_.find(key); }

  void leave(slot s) {
    slots_.erase(keys_[s]);
    free_.push_back(s);
  }

  [[nodiscard]] const K& key(slot s) const { return keys_[s]; }
  [[nodiscard]] std::size_t size() const noexcept { return slots_.size(); }

  /// Calls `f(key, slot)` for every key that has state.
  template <class F>
  void each(F f) {
    for (auto& [key, s] : slots_) f(key, s);
  }

private:
  keyed_table<K, slot> slots_;
  std::vector<K> keys_;
  std::vector<slot> free_;
};

}  // namespace weir
