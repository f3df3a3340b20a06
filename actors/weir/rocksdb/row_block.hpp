// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/rocksdb/database.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weir::rocks {

/// Rows one after the other in memory, each once, and their order by key.
class row_block {
public:
  /// An empty row is one that is erased.
  void add(const row_name& name, std::span<const std::byte> row);
  /// As above, by the key as a database has it.
  void add(const rocksdb::Slice& key, const rocksdb::Slice& row);
  /// Makes room for rows like those there are, until they take so many bytes.
  void make_room(std::size_t bytes);
  /// Puts the rows in the order of their keys.
  void sort();

  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }
  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t bytes() const noexcept { return data_.size(); }
  [[nodiscard]] rocksdb::Slice key(std::size_t i) const {
    return {&data_[entries_[i].at], entries_[i].key_size};
  }
  [[nodiscard]] rocksdb::Slice row(std::size_t i) const {
    return {data_.data() + entries_[i].at + entries_[i].key_size, entries_[i].row_size};
  }
  /// The first row of this key or a later one. @pre they are sorted
  [[nodiscard]] std::size_t lower_bound(const rocksdb::Slice& key) const;
  /// Calls for a row that is soon to be read: in the order of the keys rows lie all over.
  void fetch(std::size_t i) const;

private:
  struct entry {
    std::uint64_t prefix = 0;  ///< The key's first 8 bytes, big-endian.
    std::uint64_t at = 0;
    std::uint32_t key_size = 0;
    std::uint32_t row_size = 0;
  };

  void note(std::size_t at, std::size_t key_size, std::size_t row_size);
  [[nodiscard]] rocksdb::Slice key(const entry& e) const { return {&data_[e.at], e.key_size}; }

  std::string data_;
  std::vector<entry> entries_;
};

}  // namespace weir::rocks
