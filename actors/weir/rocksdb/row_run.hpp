// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/rocksdb/row_block.hpp"
#include "weir/rocksdb/task_line.hpp"

#include <string>
#include <vector>

namespace weir::rocks {

/// Rows that are to be put into a database, each once: gathered by one thread, and sorted into
/// table files by others when there are many.
class row_run {
public:
  /// Files are made in `directory`, with names that begin with `name`.
  row_run(std::string directory, std::string name)
      : directory_(std::move(directory)), name_(std::move(name)) {}

  /// An empty row is one that is erased.
  void add(const row_name& name, std::span<const std::byte> row);
  /// Puts all rows into a database. Not for the stage's thread. Throws `weir::exception`.
  void put_into(rocksdb::DB& to);
  /// Removes the files that were made.
  void give_up() noexcept;

private:
  static void write_file(row_block from, const std::string& path);
  void write_batch(rocksdb::DB& to) const;
  void begin_file();

  std::string directory_;
  std::string name_;
  row_block open_;
  std::vector<std::string> paths_;
  task_line writing_;  ///< A block each.
};

}  // namespace weir::rocks
