// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_options.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <string>

namespace weir::file {

enum class packing : std::uint8_t { none, zstd, gzip };

/// What is known of a file before it is opened.
struct file_kind {
  file_format format = file_format::jsonl;
  packing packed = packing::none;
  csv_format csv;
};

/// Tells a file's kind from its name, as far as the options don't say.
[[nodiscard]] result<file_kind> kind_of(const std::string& path, const file_options& options);

}  // namespace weir::file
