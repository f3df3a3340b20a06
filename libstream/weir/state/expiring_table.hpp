// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/state/keyed_table.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

namespace weir {

/// Small values by key that are forgotten once a watermark has reached their time: `V` has
/// `timestamp until`. A value whose time has come is never found again; its memory is freed when
/// the watermark has moved on by a quarter of `life`, which costs one pass over the table. So an
/// entry costs constant time on average, and nothing but the table holds a key.
template <class K, class V>
class expiring_table {
public:
  explicit expiring_table(duration life) : step_(std::max(life / 4, duration{1})) {}

  /// Returns the key's value, or null if there is none or its time has come.
  [[nodiscard]] V* find(const K& key) {
    V* v = table_.find(key);
    return v == nullptr || v->until <= watermark_ ? nullptr : v;
  }
  void put(const K& key, const V& value) { *table_.try_emplace(key).first = value; }

  void advance(timestamp watermark) {
    watermark_ = std::max(watermark_, watermark);
    if (watermark_ < next_pass_) return;
    table_.erase_if([this](const auto& entry) { return entry.second.until <= watermark_; });
    next_pass_ = saturating_add(watermark_, step_);
  }

  [[nodiscard]] timestamp watermark() const noexcept { return watermark_; }
  /// Entries in memory, those whose time has come included.
  [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }

  void snapshot(snapshot_writer& to, std::string_view name, std::uint32_t groups) const {
    table_.snapshot(to, name, groups);
  }
  void restore(const snapshot_reader& from, std::string_view name) { table_.restore(from, name); }

private:
  keyed_table<K, V> table_;
  duration step_;
  timestamp watermark_ = min_timestamp;
  timestamp next_pass_ = min_timestamp;
};

}  // namespace weir
