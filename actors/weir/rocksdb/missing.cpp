// SPDX-License-Identifier: BSD-3-Clause
// In place of the backend where RocksDB is not there.
#include "weir/rocksdb/rocksdb.hpp"

namespace weir {

namespace {

error not_built() {
  return {errc::unsupported,
          "the state backend 'rocksdb' is not in this build: install RocksDB 7 or newer (Debian: "
          "librocksdb-dev) and build again, or use the backend 'memory'"};
}

}  // namespace

// NOLINTNEXTLINE(performance-unnecessary-value-param): the signature is the real one's
result<std::shared_ptr<state_backend>> open_rocksdb(rocksdb_settings) { return not_built(); }

void visit_rocksdb_rows(const snapshot_part&, const cold_store::row_visitor&) {
  throw exception(not_built());
}

}  // namespace weir
