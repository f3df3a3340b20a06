// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace weir::checkpoints {

/// A file's length and the XXH3-64 of its bytes.
struct file_sum {
  std::uint64_t size = 0;
  std::uint64_t checksum = 0;

  friend bool operator==(const file_sum&, const file_sum&) = default;
};

/// Writes a new file and makes it durable; one that is there is replaced.
[[nodiscard]] result<file_sum> write_file(const std::string& path, std::string_view text);
/// Reads a file whole.
[[nodiscard]] result<std::string> read_file(const std::string& path);
[[nodiscard]] file_sum sum_of(std::string_view text);
/// Reads a file for its sum, in blocks. With `durable` it is made so, too.
[[nodiscard]] result<file_sum> sum_of_file(const std::string& path, bool durable);

/// Writes parts as one file, and makes it durable: for each the operator's id, the state's name,
/// its kind, key group and data, in the binary codec. Linear time; holds one block of 1 MiB.
[[nodiscard]] result<file_sum> write_parts(const std::string& path,
                                           const std::vector<snapshot_part>& parts);
/// Reads what `write_parts` wrote. An error if the file is not that of `expected`, to the last bit.
[[nodiscard]] result<std::vector<snapshot_part>> read_parts(const std::string& path,
                                                            const file_sum& expected);

}  // namespace weir::checkpoints
