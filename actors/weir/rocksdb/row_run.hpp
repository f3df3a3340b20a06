// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/rocksdb/database.hpp"

#include <cstdint>
#include <future>
#include <string>
#include <vector>

namespace weir::rocks {

/// Rows that belong to a checkpoint and are not in the database yet, each once: gathered by the
/// stage's thread, and sorted into table files by others when there are many.
class row_run {
public:
  /// Files are made in `directory`, with names that begin with `name`.
  row_run(std::string directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)) {}

  /// An empty row is one that is erased.
  void add(const row_name& name, std::span<const std::byte> row);
  /// Puts all rows into a database. Not for the stage's thread. Throws `weir::exception`.
  void put_into(rocksdb::DB& to);

private:
  struct entry {
    std::uint64_t prefix = 0;  ///< The key's first 8 bytes, big-endian.
    std::uint32_t at = 0;
    std::uint32_t key_size = 0;
    std::uint32_t row_size = 0;
  };
  struct chunk {
    std::string data;
    std::vector<entry> entries;

    [[nodiscard]] rocksdb::Slice key(const entry& e) const { return {&data[e.at], e.key_size}; }
    [[nodiscard]] rocksdb::Slice row(const entry& e) const {
      return {data.data() + e.at + e.key_size, e.row_size};
    }
    void make_room();
    void sort();
    void fetch(std::size_t number) const;
  };

  static void write_file(chunk from, const std::string& path);
  void write_batch(rocksdb::DB& to) const;
  void begin_file();

  std::string directory_;
  std::string name_;
  chunk open_;
  std::vector<std::string> paths_;
  std::vector<std::shared_future<void>> writing_;  ///< A chunk each, one after the other.
};

}  // namespace weir::rocks
