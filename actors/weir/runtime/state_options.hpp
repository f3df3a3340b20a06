// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace weir {

/// Where states by key are kept while a pipeline runs.
struct state_options {
  enum class place : std::uint8_t {
    memory,
    rocksdb,  ///< In RocksDB, as far as it does not fit in `memory`: states of `process`, `reduce`.
  };
  place keep_in = place::memory;
  /// For the files of RocksDB, which are removed with the run, and which no other run may use
  /// meanwhile. Empty: beside the checkpoints, or, without any, a directory for temporary files.
  std::string directory;
  /// Bytes of memory for what is kept in RocksDB, of all stages together.
  std::size_t memory = std::size_t{512} << 20;
};

}  // namespace weir
