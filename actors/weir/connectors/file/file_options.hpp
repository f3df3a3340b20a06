// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv.hpp"
#include "weir/core/time.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace weir {

/// How a file holds its records.
enum class file_format : std::uint8_t {
  jsonl,  ///< A JSON document a line.
  csv,    ///< A header line, then a record a line; quoted cells may hold line ends.
};

/// How files are read; see `files`.
struct file_options {
  /// Unset: from the name, behind which .zst or .gz may stand: .jsonl, .ndjson, .json; .csv, .tsv.
  std::optional<file_format> format;
  std::optional<csv_format> csv;  ///< Unset: as `csv_format` says, and a tab for .tsv.
  /// Goes on at the end of a file, as `tail -F` does; for files that aren't compressed.
  bool follow = false;
  duration poll_interval = std::chrono::milliseconds{100};  ///< How often to look for more.
  /// How often a followed directory or pattern is searched for new files.
  duration find_interval = std::chrono::seconds{1};
  std::size_t max_record = 16 << 20;  ///< In bytes; a longer record is rejected.
  /// So many files are read at a time by one instance, in turn; the next is opened when one ends.
  /// Followed files are all read at a time.
  std::size_t files_at_once = 16;
};

/// How files are written; see `to_files`.
struct file_sink_options {
  file_format format = file_format::jsonl;
  std::optional<csv_format> csv;  ///< Unset: as `csv_format` says.
  std::string name;               ///< Of the files, without extension; empty for the sink's name.
};

}  // namespace weir
