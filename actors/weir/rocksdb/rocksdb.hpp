// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/state/cold_store.hpp"

#include <cstddef>
#include <memory>
#include <string>

namespace weir {

struct rocksdb_settings {
  /// For the databases of a run, which are removed with it. On the file system of the checkpoints:
  /// their files are linked, not copied.
  std::string directory;
  /// Bytes for all of them together: half for what is kept in memory of the states themselves, half
  /// for RocksDB's blocks and write buffers.
  std::size_t memory = std::size_t{512} << 20;
};

/// A backend that keeps state by key in RocksDB: a database a stage instance, one budget of memory.
/// An error if the library was built without RocksDB.
[[nodiscard]] result<std::shared_ptr<state_backend>> open_rocksdb(rocksdb_settings settings);

/// Visits the rows of a part with files that such a backend saved. Throws `weir::exception`.
void visit_rocksdb_rows(const snapshot_part& part, const cold_store::row_visitor& visit);

}  // namespace weir
