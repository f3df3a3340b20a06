// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint.hpp"
#include "weir/checkpoints/part_file.hpp"
#include "weir/checkpoints/part_files.hpp"

#include <boost/describe/class.hpp>

#include <optional>
#include <string>
#include <vector>

namespace weir::checkpoints {

BOOST_DESCRIBE_STRUCT(file_sum, (), (size, checksum))

/// What a checkpoint's `manifest.json` holds; `manifest.sum` has the sum of that.
struct manifest_file {
  checkpoint_manifest checkpoint;
  file_sum state;
  std::optional<std::vector<linked_file>> files;  ///< From format 2 on.
};
BOOST_DESCRIBE_STRUCT(manifest_file, (), (checkpoint, state, files))

/// Writes both files into a checkpoint's directory, and makes them durable.
[[nodiscard]] result<void> write_manifest(const std::string& place, const manifest_file& m);
/// Reads and verifies them.
[[nodiscard]] result<manifest_file> read_manifest(const std::string& place);

}  // namespace weir::checkpoints
