// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/state/cold_store.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/db.h>
#include <rocksdb/write_buffer_manager.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <string_view>

namespace weir::rocks {

/// What all databases of a backend share.
struct shared_memory {
  std::shared_ptr<rocksdb::Cache> blocks;
  std::shared_ptr<rocksdb::WriteBufferManager> buffers;
  std::size_t buffer_bytes = 0;  ///< Of one write buffer.
  std::size_t tables = 0;        ///< Bytes for what is in memory of all stores' tables.
  std::atomic<std::uint32_t> stores{0};
};

/// Throws `weir::exception` unless `s` is ok.
void check(const rocksdb::Status& s, const std::string& doing);

/// A row's key in a database: key group and table, 2 bytes each, big-endian, then the key.
void append_key(const row_name& name, std::string& to);
constexpr std::size_t key_prefix = 4;
/// Reads one; the name holds as long as `key`. Throws `weir::exception` if it is none.
[[nodiscard]] row_name name_of(const rocksdb::Slice& key);

inline rocksdb::Slice slice_of(std::span<const std::byte> data) {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}
inline std::span<const std::byte> span_of(const rocksdb::Slice& data) {
  return {reinterpret_cast<const std::byte*>(data.data()), data.size()};
}

/// Which rows' time has come, so that compactions leave them out. The stage's thread says what time
/// it is.
class expiry {
public:
  void set_expires(std::uint16_t table) {
    if (table >= expires_.size()) return;
    expires_[table] = true;
    any_ = true;
  }
  [[nodiscard]] bool any() const noexcept { return any_; }
  [[nodiscard]] bool is_over(const rocksdb::Slice& key, const rocksdb::Slice& row) const;
  void set_time(timestamp watermark, timestamp wall) {
    watermark_ = watermark.time_since_epoch().count();
    wall_ = wall.time_since_epoch().count();
  }

private:
  std::array<std::atomic<bool>, 256> expires_{};  ///< By table; further ones are kept.
  std::atomic<bool> any_ = false;
  std::atomic<duration::rep> watermark_{min_timestamp.time_since_epoch().count()};
  std::atomic<duration::rep> wall_{min_timestamp.time_since_epoch().count()};
};

/// Options of a database; `memory` and `over` may be null for one that is only read.
[[nodiscard]] rocksdb::Options options_for(const shared_memory* memory, const expiry* over);

[[nodiscard]] std::unique_ptr<rocksdb::DB> open_database(const std::string& directory,
                                                         const shared_memory& memory,
                                                         const expiry& over);
/// Opens one whose files nobody may change.
[[nodiscard]] std::unique_ptr<rocksdb::DB> open_to_read(const std::string& directory);

}  // namespace weir::rocks
