// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/database.hpp"

#include "weir/state/cold_row.hpp"

#include <rocksdb/convenience.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>

#include <algorithm>
#include <cstdarg>

namespace weir::rocks {

namespace {

/// RocksDB would write a log beside the data.
class no_log final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, va_list) override {}
};

void append_number(std::uint16_t n, std::string& to) {
  to.push_back(static_cast<char>(n >> 8));
  to.push_back(static_cast<char>(n & 0xFF));
}
std::uint16_t number_at(const rocksdb::Slice& key, std::size_t at) {
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(key[at]) << 8 |
                                    static_cast<std::uint8_t>(key[at + 1]));
}

rocksdb::CompressionType fast_compression() {
  const auto all = rocksdb::GetSupportedCompressions();
  const bool lz4 = std::find(all.begin(), all.end(), rocksdb::kLZ4Compression) != all.end();
  return lz4 ? rocksdb::kLZ4Compression : rocksdb::kNoCompression;
}

}  // namespace

void check(const rocksdb::Status& s, const std::string& doing) {
  if (!s.ok())
    throw exception(
        {errc::io_failed, "the state backend 'rocksdb' failed " + doing + ": " + s.ToString()});
}

void append_key(const row_name& name, std::string& to) {
  append_number(name.group, to);
  append_number(name.table, to);
  to.append(reinterpret_cast<const char*>(name.key.data()), name.key.size());
}

row_name name_of(const rocksdb::Slice& key) {
  if (key.size() < key_prefix)
    throw exception({errc::incompatible, "a key of the state backend 'rocksdb' is too short"});
  return {number_at(key, 2), number_at(key, 0), span_of(key).subspan(key_prefix)};
}

bool expiry::is_over(const rocksdb::Slice& key, const rocksdb::Slice& row) const {
  if (key.size() < key_prefix) return false;
  const std::uint16_t table = number_at(key, 2);
  return table < expires_.size() && expires_[table] &&
         row_is_over(span_of(row), timestamp{duration{watermark_.load()}},
                     timestamp{duration{wall_.load()}});
}

namespace {

class expiry_filter final : public rocksdb::CompactionFilter {
public:
  explicit expiry_filter(const expiry& over) : over_(&over) {}
  [[nodiscard]] const char* Name() const override { return "weir.expiry"; }
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& row, std::string*,
              bool*) const override {
    return over_->is_over(key, row);
  }

private:
  const expiry* over_;
};

/// Makes filters for compactions of a store in which something expires: of others each row would be
/// asked for nothing.
class expiry_filters final : public rocksdb::CompactionFilterFactory {
public:
  explicit expiry_filters(const expiry& over) : over_(&over) {}
  [[nodiscard]] const char* Name() const override { return "weir.expiry"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return over_->any() ? std::make_unique<expiry_filter>(*over_) : nullptr;
  }

private:
  const expiry* over_;
};

}  // namespace

rocksdb::Options options_for(const shared_memory* memory, const expiry* over) {
  rocksdb::BlockBasedTableOptions table;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.cache_index_and_filter_blocks = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.format_version = 5;
  rocksdb::Options o;
  o.info_log = std::make_shared<no_log>();
  o.create_if_missing = true;
  o.avoid_flush_during_shutdown = true;
  o.max_open_files = 256;
  o.max_background_jobs = 2;
  o.level_compaction_dynamic_level_bytes = true;
  // Of keys that change with every checkpoint each file has all: of more at once fewer are merged.
  o.level0_file_num_compaction_trigger = 8;
  o.target_file_size_base = std::uint64_t{32} << 20;
  o.max_bytes_for_level_base = std::uint64_t{128} << 20;
  // What is rewritten often is not packed.
  o.compression_per_level = {rocksdb::kNoCompression, rocksdb::kNoCompression, fast_compression()};
  if (memory != nullptr) {
    table.block_cache = memory->blocks;
    o.write_buffer_manager = memory->buffers;
    o.write_buffer_size = memory->buffer_bytes;
    o.max_write_buffer_number = 3;
  }
  if (over != nullptr) {
    o.compaction_filter_factory = std::make_shared<expiry_filters>(*over);
    o.periodic_compaction_seconds = 3600;  // else what has expired might stay in old files
  }
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return o;
}

std::unique_ptr<rocksdb::DB> open_database(const std::string& directory,
                                           const shared_memory& memory, const expiry& over) {
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::Open(options_for(&memory, &over), directory, &opened),
        "to open '" + directory + "'");
  return std::unique_ptr<rocksdb::DB>{opened};
}

std::unique_ptr<rocksdb::DB> open_to_read(const std::string& directory) {
  rocksdb::DB* opened = nullptr;
  check(rocksdb::DB::OpenForReadOnly(options_for(nullptr, nullptr), directory, &opened),
        "to open '" + directory + "'");
  return std::unique_ptr<rocksdb::DB>{opened};
}

}  // namespace weir::rocks
