// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/store.hpp"

#include "weir/codec/binary.hpp"
#include "weir/state/cold_row.hpp"

#include <rocksdb/utilities/checkpoint.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

namespace weir::rocks {

namespace fs = std::filesystem;

namespace {

rocksdb::WriteOptions without_log() {
  rocksdb::WriteOptions how;
  how.disableWAL = true;
  return how;
}

/// The number of each of `names` among the columns of a table, to which those that it has not are
/// added.
std::vector<std::uint8_t> number_columns(std::vector<std::string>& of,
                                         const std::vector<std::string>& names) {
  std::vector<std::uint8_t> numbers;
  for (const std::string& name : names) {
    const auto at = std::find(of.begin(), of.end(), name);
    numbers.push_back(static_cast<std::uint8_t>(at - of.begin()));
    if (at == of.end()) of.push_back(name);
  }
  if (of.size() > 255)
    throw exception({errc::unsupported, "an operator in RocksDB has 127 states at most"});
  return numbers;
}

/// A row whose columns have other numbers.
bytes renumbered(std::span<const std::byte> row, const std::vector<std::uint8_t>& numbers) {
  bytes made;
  row_writer out{made};
  const bool read = each_column(row, [&](std::uint8_t column, std::span<const std::byte> data) {
    if (column >= numbers.size()) return false;
    bytes& to = out.begin(numbers[column]);
    to.insert(to.end(), data.begin(), data.end());
    return true;
  });
  out.end();
  if (!read) throw exception({errc::incompatible, "a saved row does not decode"});
  std::copy_n(row.begin(), row_writer::head, made.begin());
  return made;
}

}  // namespace

store::store(std::shared_ptr<shared_memory> memory, instance_place where, std::string directory,
             std::vector<snapshot_part> restored)
    : memory_(std::move(memory)),
      where_(std::move(where)),
      directory_(std::move(directory)),
      restored_(std::move(restored)) {
  stored_ = 0;
}

store::~store() {
  if (maker_.joinable()) maker_.join();
  if (!db_) return;
  rows_.reset();
  found_.Reset();
  db_.reset();
  --memory_->stores;
  std::error_code ignored;
  fs::remove_all(directory_, ignored);
}

/// Whether a saved database may go on as it is: it has the groups of this instance, and nothing of
/// operators that are elsewhere now.
bool store::fits(const snapshot_part& part) const {
  const cold_part head = read_cold_part(part);
  return head.first_group == where_.first_group && head.end_group == where_.end_group &&
         std::all_of(head.tables.begin(), head.tables.end(), [&](const saved_table& t) {
           const auto& ids = where_.operators;
           return std::find(ids.begin(), ids.end(), t.operator_id) != ids.end();
         });
}

void store::open() {
  std::error_code why;
  fs::remove_all(directory_, why);
  fs::create_directories(directory_, why);
  if (why)
    throw exception(
        {errc::io_failed, "cannot make the directory '" + directory_ + "': " + why.message()});
  const std::string place = directory_ + "/db";
  if (restored_.size() == 1 && restored_.front().files && fits(restored_.front())) {
    link_database(restored_.front().files->list().value(), place);
    tables_ = read_cold_part(restored_.front()).tables;
    restored_.clear();
    adopted_ = true;
  }
  db_ = open_database(place, *memory_, expiry_);
  ++memory_->stores;
}

cold_store::opened_table store::open_table(std::string_view operator_id,
                                           const std::vector<std::string>& columns, bool expires) {
  if (!db_) open();
  auto at = std::find_if(tables_.begin(), tables_.end(),
                         [&](const saved_table& t) { return t.operator_id == operator_id; });
  if (at == tables_.end()) at = tables_.insert(tables_.end(), {std::string{operator_id}, {}});
  const auto number = static_cast<std::uint16_t>(at - tables_.begin());
  for (const snapshot_part& part : restored_) copy_rows(part, number);
  opened_table made{number, number_columns(tables_[number].columns, columns)};
  // A state that came to the table since never forgets what it does not have.
  if (expires) expiry_.set_expires(number);
  return made;
}

void store::copy_rows(const snapshot_part& part, std::uint16_t table) {
  const cold_part head = read_cold_part(part);
  const auto source = std::find_if(
      head.tables.begin(), head.tables.end(),
      [&](const saved_table& t) { return t.operator_id == tables_[table].operator_id; });
  if (source == head.tables.end() || !part.files) return;
  const std::vector<std::uint8_t> numbers = number_columns(tables_[table].columns, source->columns);
  const auto from = open_to_read(part.files->list().value().directory);
  const auto theirs = static_cast<std::uint16_t>(source - head.tables.begin());
  row_run rows{directory_, "restored-" + std::to_string(checkpoints_++)};
  const std::uint32_t end = std::min(head.end_group, where_.end_group);
  for (std::uint32_t g = std::max(head.first_group, where_.first_group); g < end; ++g) {
    std::string prefix;
    append_key({theirs, static_cast<key_group>(g), {}}, prefix);
    visit_rows(*from, prefix, [&](const row_name& name, std::span<const std::byte> row) {
      rows.add({table, name.group, name.key}, renumbered(row, numbers));
    });
  }
  rows.put_into(*db_);
}

rocksdb::Slice store::key_of(const row_name& name) {
  key_.clear();
  append_key(name, key_);
  return key_;
}

void store::check_kept(const rocksdb::Status& s, const std::string& doing) {
  try {
    check(s, doing);
  } catch (const exception& e) {
    failure_ = e.why();
    throw;
  }
}

bool store::get(const row_name& name, bytes& row) {
  found_.Reset();
  const rocksdb::Status s =
      db_->Get(rocksdb::ReadOptions{}, db_->DefaultColumnFamily(), key_of(name), &found_);
  if (s.IsNotFound()) return false;
  check_kept(s, "to read");
  const auto data = span_of(found_);
  row.assign(data.begin(), data.end());
  return true;
}

void store::put(const row_name& name, std::span<const std::byte> row) {
  check_kept(db_->Put(without_log(), key_of(name), slice_of(row)), "to write");
}

void store::erase(const row_name& name) {
  check_kept(db_->Delete(without_log(), key_of(name)), "to write");
}

void store::each_row(std::uint16_t table, const row_visitor& visit) {
  for (std::uint32_t g = where_.first_group; g < where_.end_group; ++g) {
    std::string prefix;
    append_key({table, static_cast<key_group>(g), {}}, prefix);
    visit_rows(*db_, prefix, visit);
  }
}

void store::begin_checkpoint() {
  wait();
  cancel_checkpoint();
  taking_ = true;
  taken_epoch_ = epoch_++;
  rows_.emplace(directory_, "rows-" + std::to_string(checkpoints_++));
}

void store::save(const row_name& name, std::span<const std::byte> row) { rows_->add(name, row); }

void store::cancel_checkpoint() noexcept {
  taking_ = false;
  rows_.reset();
}

void store::wait() {
  if (maker_.joinable()) maker_.join();
}

void store::wait_for(std::chrono::milliseconds time) {
  if (made_.valid()) made_.wait_for(time);
}

std::optional<snapshot_part> store::end_checkpoint() {
  taking_ = false;
  if (!db_) return std::nullopt;
  const std::string to = directory_ + "-checkpoint-" + std::to_string(checkpoints_++);
  making_ = true;
  std::packaged_task<void()> make{[this, to, rows = *std::exchange(rows_, std::nullopt)]() mutable {
    make_checkpoint(std::move(rows), to);
  }};
  made_ = make.get_future().share();
  auto files = std::make_shared<made_files>(to, made_);
  maker_ = std::thread{[this, make = std::move(make)]() mutable {
    make();
    making_ = false;
  }};
  cold_part head{"rocksdb", where_.first_group, where_.end_group, tables_};
  snapshot_part part{{}, "@rows", state_kind::files, 0, {}, std::move(files)};
  encode(head, part.data);
  return part;
}

void store::make_checkpoint(row_run rows, const std::string& to) {
  rows.put_into(*db_);
  rocksdb::Checkpoint* opened = nullptr;
  check(rocksdb::Checkpoint::Create(db_.get(), &opened), "to begin a checkpoint");
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint{opened};
  check(checkpoint->CreateCheckpoint(to), "to make a checkpoint");
  stored_ = taken_epoch_;
}

std::size_t store::cache_limit() const {
  return memory_->tables / std::max<std::uint32_t>(1, memory_->stores.load());
}

}  // namespace weir::rocks
