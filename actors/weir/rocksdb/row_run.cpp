// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/row_run.hpp"

#include "weir/core/prefetch.hpp"

#include <rocksdb/sst_file_writer.h>
#include <rocksdb/write_batch.h>
#include <boost/sort/spreadsort/integer_sort.hpp>

#include <algorithm>
#include <utility>

namespace weir::rocks {

namespace {

constexpr std::size_t chunk_bytes = std::size_t{32} << 20;
/// Fewer rows than that go the usual way, through the write buffer.
constexpr std::size_t file_rows = 16'384;

std::uint64_t prefix_of(const char* key, std::size_t size) {
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < sizeof n; ++i)
    n = n << 8 | (i < size ? static_cast<std::uint8_t>(key[i]) : 0U);
  return n;
}

}  // namespace

/// By the prefixes' digits first, which takes half the time of comparing; then those of one prefix
/// by the whole key.
void row_run::chunk::sort() {
  const auto by_prefix = [](const entry& a, const entry& b) { return a.prefix < b.prefix; };
  boost::sort::spreadsort::integer_sort(
      entries.begin(), entries.end(),
      [](const entry& e, unsigned digits) { return e.prefix >> digits; }, by_prefix);
  for (auto from = entries.begin(); from != entries.end();) {
    const auto to =
        std::find_if(from, entries.end(), [&](const entry& e) { return e.prefix != from->prefix; });
    if (to - from > 1)
      std::sort(from, to,
                [this](const entry& a, const entry& b) { return key(a).compare(key(b)) < 0; });
    from = to;
  }
}

/// Calls for a row that is soon to be written: in the order of the keys rows lie all over.
void row_run::chunk::fetch(std::size_t number) const {
  if (number >= entries.size()) return;
  const entry& e = entries[number];
  prefetch_line(&data[e.at]);
  prefetch_line(&data[e.at] + e.key_size + e.row_size - 1);
}

void row_run::add(const row_name& name, std::span<const std::byte> row) {
  entry e;
  e.at = static_cast<std::uint32_t>(open_.data.size());
  append_key(name, open_.data);
  e.key_size = static_cast<std::uint32_t>(open_.data.size() - e.at);
  e.row_size = static_cast<std::uint32_t>(row.size());
  e.prefix = prefix_of(&open_.data[e.at], e.key_size);
  open_.data.append(reinterpret_cast<const char*>(row.data()), row.size());
  open_.entries.push_back(e);
  if (open_.entries.size() == file_rows) open_.make_room();
  if (open_.data.size() >= chunk_bytes) begin_file();
}

/// For as many rows as a file gets, if those to come are like those there are.
void row_run::chunk::make_room() {
  const std::size_t rows = entries.size() * (chunk_bytes / (data.size() + 1) + 1);
  data.reserve(chunk_bytes + data.size());
  entries.reserve(rows);
}

/// Has a file made of what has been gathered, behind those before it: one thread at a time has
/// enough of a core. Waits if there are too many that wait.
void row_run::begin_file() {
  constexpr std::size_t most = 8;
  if (writing_.size() >= most) writing_[writing_.size() - most].wait();
  const std::shared_future<void> before =
      writing_.empty() ? std::shared_future<void>{} : writing_.back();
  paths_.push_back(directory_ + "/" + name_ + "-" + std::to_string(paths_.size()) + ".sst");
  writing_.push_back(std::async(std::launch::async, [before, from = std::exchange(open_, {}),
                                                     path = paths_.back()]() mutable {
    if (before.valid()) before.wait();
    write_file(std::move(from), path);
  }));
}

void row_run::write_file(chunk from, const std::string& path) {
  from.sort();
  rocksdb::Options options = options_for(nullptr, nullptr);
  options.compression_per_level.clear();
  options.compression = rocksdb::kNoCompression;
  rocksdb::SstFileWriter out{rocksdb::EnvOptions{}, options};
  check(out.Open(path), "to make '" + path + "'");
  const std::string doing = "to write '" + path + "'";
  constexpr std::size_t ahead = 16;
  for (std::size_t i = 0; i < from.entries.size(); ++i) {
    from.fetch(i + ahead);
    const entry& e = from.entries[i];
    check(e.row_size == 0 ? out.Delete(from.key(e)) : out.Put(from.key(e), from.row(e)), doing);
  }
  check(out.Finish(), doing);
}

void row_run::write_batch(rocksdb::DB& to) const {
  rocksdb::WriteBatch batch;
  for (const entry& e : open_.entries)
    check(e.row_size == 0 ? batch.Delete(open_.key(e)) : batch.Put(open_.key(e), open_.row(e)),
          "to write");
  rocksdb::WriteOptions how;
  how.disableWAL = true;
  check(to.Write(how, &batch), "to write");
}

void row_run::put_into(rocksdb::DB& to) {
  if (!paths_.empty() || open_.entries.size() >= file_rows) {
    if (!open_.entries.empty()) begin_file();
  } else if (!open_.entries.empty()) {
    write_batch(to);
  }
  for (std::size_t i = 0; i < writing_.size(); ++i) {
    writing_[i].get();
    rocksdb::IngestExternalFileOptions how;
    how.move_files = true;
    how.snapshot_consistency = false;
    how.write_global_seqno = false;
    check(to.IngestExternalFile({paths_[i]}, how), "to take in '" + paths_[i] + "'");
  }
}

}  // namespace weir::rocks
