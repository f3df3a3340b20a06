// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoints/block_file.hpp"
#include "weir/core/result.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::checkpoints {

/// Writes a new file and makes it durable; one that is there is replaced.
[[nodiscard]] result<file_sum> write_file(const std::string& path, std::string_view text);
/// Reads a file whole.
[[nodiscard]] result<std::string> read_file(const std::string& path);
[[nodiscard]] file_sum sum_of(std::string_view text);
/// Reads a file for its sum, in blocks. With `durable` it is made so, too.
[[nodiscard]] result<file_sum> sum_of_file(const std::string& path, bool durable);

/// Writes parts as one file: for each the operator's id, the state's name, its kind, key group and
/// data, in the binary codec. Linear time; holds one block of 1 MiB.
class part_writer {
public:
  [[nodiscard]] static result<part_writer> open(const std::string& path);

  [[nodiscard]] result<void> add(const snapshot_part& part);
  /// Makes the file durable.
  [[nodiscard]] result<file_sum> finish() { return out_.finish(); }

private:
  explicit part_writer(block_writer out) : out_(std::move(out)) {}

  block_writer out_;
  bytes head_;
};

/// Reads what `part_writer` wrote. An error if the file is not that of `expected`, to the last bit.
[[nodiscard]] result<std::vector<snapshot_part>> read_parts(const std::string& path,
                                                            const file_sum& expected);

}  // namespace weir::checkpoints
