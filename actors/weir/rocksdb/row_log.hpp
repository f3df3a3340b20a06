// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/posix/descriptor.hpp"
#include "weir/rocksdb/row_block.hpp"
#include "weir/rocksdb/task_line.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weir::rocks {

/// A changelog: the rows that have changed from one checkpoint to the next, one after the other in
/// a file as they were told. Cheaper than a table file by far, as nothing is sorted and nothing
/// merged; to be read, all of it has to be (Flink's changelog state backend is the model).
///
/// The file: 8 bytes that say what it is, then each row's key and content, either with its length
/// before it in 4 bytes, lowest first. Content of no length erases the row.
class row_log {
public:
  explicit row_log(std::string path) : path_(std::move(path)) {}

  /// An empty row is one that is erased. Others write what has been gathered; waits if they are far
  /// behind.
  void add(const row_name& name, std::span<const std::byte> row);
  /// Writes the rest, and answers the file's length. Not for the stage's thread. Throws
  /// `weir::exception`.
  std::uint64_t finish();
  /// Removes the file.
  void give_up() noexcept;
  [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
  void append_sized(const char* data, std::size_t n);
  void write_block();

  std::string path_;
  std::string key_;
  std::string open_;
  std::uint64_t bytes_ = 0;
  std::shared_ptr<posix::descriptor> file_ = std::make_shared<posix::descriptor>();
  task_line writing_;  ///< A block each.
};

/// Whether a file of a checkpoint is a log, by its name.
[[nodiscard]] bool is_log(std::string_view name);
/// The name of the log that a store writes as its `number`th: later ones are behind in order.
[[nodiscard]] std::string log_name(std::uint64_t number);

/// Key groups, from one to the one before another.
struct group_range {
  std::uint32_t first = 0;
  std::uint32_t end = ~std::uint32_t{0};
};

/// The newest rows of some groups in the logs among the files of a checkpoint, in the order of
/// their keys. They are in memory, older ones are not. Throws `weir::exception` if a log does not
/// decode.
[[nodiscard]] row_block rows_of_logs(const std::string& directory,
                                     const std::vector<std::string>& names, group_range of = {});

}  // namespace weir::rocks
