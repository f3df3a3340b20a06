// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/row_run.hpp"

#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>

#include <filesystem>
#include <system_error>
#include <utility>

namespace weir::rocks {

namespace {

constexpr std::size_t block_bytes = std::size_t{32} << 20;
/// Fewer rows than that go the usual way, through the write buffer.
constexpr std::size_t file_rows = 16'384;

}  // namespace

void row_run::add(const row_name& name, std::span<const std::byte> row) {
  open_.add(name, row);
  if (open_.size() == file_rows) open_.make_room(block_bytes);
  if (open_.bytes() >= block_bytes) begin_file();
}

/// Has a file made of what has been gathered, behind those before it.
void row_run::begin_file() {
  constexpr std::size_t most = 8;
  paths_.push_back(directory_ + "/" + name_ + "-" + std::to_string(paths_.size()) + ".sst");
  writing_.add([from = std::exchange(open_, {}),
                path = paths_.back()]() mutable { write_file(std::move(from), path); },
               most);
}

void row_run::write_file(row_block from, const std::string& path) {
  from.sort();
  rocksdb::Options options = options_for(nullptr, nullptr);
  options.compression_per_level.clear();
  options.compression = rocksdb::kNoCompression;
  rocksdb::SstFileWriter out{rocksdb::EnvOptions{}, options};
  check(out.Open(path), "to make '" + path + "'");
  const std::string doing = "to write '" + path + "'";
  constexpr std::size_t ahead = 16;
  for (std::size_t i = 0; i < from.size(); ++i) {
    from.fetch(i + ahead);
    check(from.row(i).empty() ? out.Delete(from.key(i)) : out.Put(from.key(i), from.row(i)), doing);
  }
  check(out.Finish(), doing);
}

void row_run::write_batch(rocksdb::DB& to) const {
  rocksdb::WriteBatch batch;
  for (std::size_t i = 0; i < open_.size(); ++i)
    check(open_.row(i).empty() ? batch.Delete(open_.key(i)) : batch.Put(open_.key(i), open_.row(i)),
          "to write");
  rocksdb::WriteOptions how;
  how.disableWAL = true;
  check(to.Write(how, &batch), "to write");
}

void row_run::put_into(rocksdb::DB& to) {
  if (!paths_.empty() || open_.size() >= file_rows) {
    if (!open_.empty()) begin_file();
  } else if (!open_.empty()) {
    write_batch(to);
  }
  for (std::size_t i = 0; i < writing_.size(); ++i) {
    writing_.get(i);
    rocksdb::IngestExternalFileOptions how;
    how.move_files = true;
    how.snapshot_consistency = false;
    how.write_global_seqno = false;
    check(to.IngestExternalFile({paths_[i]}, how), "to take in '" + paths_[i] + "'");
  }
}

void row_run::give_up() noexcept {
  writing_ = {};
  std::error_code ignored;
  for (const std::string& path : paths_) std::filesystem::remove(path, ignored);
  paths_.clear();
}

}  // namespace weir::rocks
