// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/journal/recording.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::journal {

/// A recording in a directory.
struct stored_recording {
  std::uint64_t number = 0;
  std::string path;
  std::uint64_t size = 0;  ///< Bytes of its files.
};

/// The recordings in a journal's directory, the oldest first.
[[nodiscard]] result<std::vector<stored_recording>> list_recordings(const std::string& directory);

/// Opens a recording to be read from its beginning. What is torn or damaged ends it; an error says
/// that not even its beginning is whole.
[[nodiscard]] result<std::unique_ptr<recording>> open_recording_at(const std::string& path);

// Files. A block is its length (32 bits), the XXH3-64 of what follows, and entries: number,
// instance and length in 7 bits a byte, and then so many bytes.

[[nodiscard]] std::string segment_name(std::uint64_t number);
void begin_block(bytes& block);
void add_entry(std::uint64_t number, std::uint32_t instance, const bytes& data, bytes& block);
/// Fills in length and sum.
void end_block(bytes& block);

/// Writes what a recording begins with, and makes it durable.
[[nodiscard]] result<void> write_start(const std::string& path, const recorded_start& start);

}  // namespace weir::journal
