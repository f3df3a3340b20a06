// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/cold_table.hpp"
#include "weir/state/keyed_slots.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace weir::operators {

/// The rows of a table, one a key: in `keyed_slots`, or over a cold store. Saved as "@rows".
template <class K, class V>
class kept_rows {
public:
  void open(const flow::operator_environment& e) {
    groups_ = e.key_groups;
    store_ = e.cold;
    if (store_ != nullptr)
      cold_ = std::make_shared<cold_table<K, V>>(*store_, e.id, state, groups_);
  }

  /// Returns the key's row, or null. Holds until the next call.
  [[nodiscard]] const V* find(const K& key) {
    if (cold_) [[unlikely]]
      return cold_->find(key);
    return rows_.find(key);
  }
  /// ... to be changed.
  [[nodiscard]] V* change(const K& key) {
    if (cold_) [[unlikely]]
      return cold_->change(key);
    const auto slot = rows_.slot_of(key);
    if (slot == rows_.none) return nullptr;
    rows_.touch(slot);
    return &rows_[slot];
  }
  void put(const K& key, V row) {
    if (cold_)
      cold_->put(key, std::move(row));
    else
      rows_[rows_.enter(key)] = std::move(row);
  }
  void erase(const K& key) {
    if (cold_)
      cold_->erase(key);
    else if (const auto slot = rows_.slot_of(key); slot != rows_.none)
      rows_.leave(slot);
  }
  /// Forgets all rows and gives their memory back; those of a cold store go with the run.
  void clear() { rows_.clear(); }

  /// Rows in memory.
  [[nodiscard]] std::size_t size() const noexcept {
    return cold_ ? cold_->in_memory() : rows_.size();
  }
  [[nodiscard]] const keyed_slots<K, V>& slots() const noexcept { return rows_; }

  void save(snapshot_writer& to) {
    if (!cold_)
      rows_.save_values(to, state, groups_);
    else if (store_->taking())
      cold_->save(to, state);
  }
  void restore(const snapshot_reader& from) {
    if (cold_)
      cold_->restore(from, state);
    else
      rows_.restore_values(from, state);
  }

private:
  static constexpr const char* state = "@rows";

  keyed_slots<K, V> rows_;
  std::shared_ptr<cold_table<K, V>> cold_;  ///< In their place, if there is a cold store.
  cold_store* store_ = nullptr;
  std::uint32_t groups_ = default_key_groups;
};

}  // namespace weir::operators
