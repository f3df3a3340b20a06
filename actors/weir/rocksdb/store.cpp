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
  if (adopting_.valid()) adopting_.wait();
  if (!db_) return;
  rows_.reset();
  log_.reset();
  newest_.reset();
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
  state_files::listing saved;
  if (restored_.size() == 1 && restored_.front().files && fits(restored_.front())) {
    saved = restored_.front().files->list().value();
    link_database(saved, place);
    tables_ = read_cold_part(restored_.front()).tables;
    restored_.clear();
  }
  db_ = open_database(place, *memory_, expiry_);
  ++memory_->stores;
  if (std::any_of(saved.names.begin(), saved.names.end(), is_log))
    adopting_ = std::async(std::launch::async, [this, saved] { adopt_logs(saved); });
}

void store::adopt_logs(const state_files::listing& saved) {
  const row_block newer = rows_of_logs(saved.directory, saved.names);
  row_run rows{directory_, "logged"};
  for (std::size_t i = 0; i < newer.size(); ++i)
    rows.add(name_of(newer.key(i)), span_of(newer.row(i)));
  rows.put_into(*db_);
}

/// Notes for good that the store is broken, if `f` throws.
template <class F>
void store::kept(F f) {
  try {
    f();
  } catch (const exception& e) {
    failure_ = e.why();
    throw;
  } catch (const std::exception& e) {
    failure_ = {errc::io_failed, std::string{"the state backend 'rocksdb' failed: "} + e.what()};
    throw;
  }
}

/// Before the database is used: the instances of a run are opened one after the other, and must not
/// wait for each other's logs.
void store::finish_adopting() {
  if (adopting_.valid()) kept([&] { adopting_.get(); });
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
  const state_files::listing files = part.files->list().value();
  const auto from = open_to_read(files.directory);
  if (!restored_logs_.contains(&part))
    restored_logs_.emplace(
        &part, rows_of_logs(files.directory, files.names, {where_.first_group, where_.end_group}));
  const row_block& newer = restored_logs_.at(&part);
  const auto theirs = static_cast<std::uint16_t>(source - head.tables.begin());
  row_run rows{directory_, "restored-" + std::to_string(checkpoints_++)};
  const std::uint32_t end = std::min(head.end_group, where_.end_group);
  for (std::uint32_t g = std::max(head.first_group, where_.first_group); g < end; ++g) {
    std::string prefix;
    append_key({theirs, static_cast<key_group>(g), {}}, prefix);
    visit_rows(*from, newer, prefix, [&](const row_name& name, std::span<const std::byte> row) {
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
  kept([&] { check(s, doing); });
}

bool store::get(const row_name& name, bytes& row) {
  finish_adopting();
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
  finish_adopting();
  row_has_left_ = true;
  check_kept(db_->Put(without_log(), key_of(name), slice_of(row)), "to write");
}

void store::erase(const row_name& name) {
  finish_adopting();
  row_has_left_ = true;
  check_kept(db_->Delete(without_log(), key_of(name)), "to write");
}

void store::each_row(std::uint16_t table, const row_visitor& visit) {
  finish_adopting();
  for (std::uint32_t g = where_.first_group; g < where_.end_group; ++g) {
    std::string prefix;
    append_key({table, static_cast<key_group>(g), {}}, prefix);
    visit_rows(*db_, {}, prefix, visit);
  }
}

/// Whether the next checkpoint may be the one before and a log.
bool store::goes_on_with_logs() const {
  constexpr std::size_t most = 16;
  constexpr std::uint64_t bytes = std::uint64_t{256} << 20;  // which a restore reads and sorts
  return newest_ && newest_->is_made() && !row_has_left_ && logs_ < most &&
         log_bytes_ < std::max(bytes, table_bytes_) && cached < cache_limit() - cache_limit() / 4;
}

void store::begin_checkpoint() {
  wait();
  cancel_checkpoint();
  finish_adopting();
  restored_logs_.clear();
  taking_ = true;
  taken_epoch_ = epoch_++;
  const std::uint64_t number = checkpoints_++;
  if (goes_on_with_logs()) {
    saved_ = newest_epoch_;
    log_.emplace(directory_ + "/" + log_name(number));
  } else {
    saved_ = stored();
    rows_.emplace(directory_, "rows-" + std::to_string(number));
  }
}

void store::save(const row_name& name, std::span<const std::byte> row) {
  log_ ? log_->add(name, row) : rows_->add(name, row);
}

void store::cancel_checkpoint() noexcept {
  taking_ = false;
  if (rows_) rows_->give_up();
  if (log_) log_->give_up();
  rows_.reset();
  log_.reset();
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
  std::packaged_task<void()> make = task_of(to);
  made_ = make.get_future().share();
  const auto files = std::make_shared<const made_files>(to, made_);
  newest_ = files;
  newest_epoch_ = taken_epoch_;
  maker_ = std::thread{[this, make = std::move(make)]() mutable {
    make();
    making_ = false;
  }};
  cold_part head{"rocksdb", where_.first_group, where_.end_group, tables_};
  snapshot_part part{{}, "@rows", state_kind::files, 0, {}, files};
  encode(head, part.data);
  return part;
}

/// Makes the checkpoint that was taken, from what it was told.
std::packaged_task<void()> store::task_of(const std::string& to) {
  // The files of the one before go with the task, and so not in the stage's thread.
  if (log_) {
    ++logs_;
    return std::packaged_task<void()>{[this, to, before = std::exchange(newest_, nullptr),
                                       log = *std::exchange(log_, std::nullopt)]() mutable {
      const std::shared_ptr<const made_files> mine = std::move(before);
      make_with_log(std::move(log), *mine, to);
    }};
  }
  logs_ = 0;
  row_has_left_ = false;
  return std::packaged_task<void()>{[this, to, before = std::exchange(newest_, nullptr),
                                     rows = *std::exchange(rows_, std::nullopt)]() mutable {
    before.reset();
    make_full(std::move(rows), to);
  }};
}

void store::make_full(row_run rows, const std::string& to) {
  try {
    rows.put_into(*db_);
  } catch (...) {
    rows.give_up();
    throw;
  }
  rocksdb::Checkpoint* opened = nullptr;
  check(rocksdb::Checkpoint::Create(db_.get(), &opened), "to begin a checkpoint");
  const std::unique_ptr<rocksdb::Checkpoint> checkpoint{opened};
  check(checkpoint->CreateCheckpoint(to), "to make a checkpoint");
  table_bytes_ = log_bytes_ = 0;
  for (const std::string& name : files_in(to)) table_bytes_ += fs::file_size(fs::path{to} / name);
  stored_ = taken_epoch_;
}

/// The database is as it was at the full checkpoint that `before` began with.
void store::make_with_log(row_log log, const made_files& before, const std::string& to) {
  try {
    log_bytes_ += log.finish();
    link_all(before.list().value(), to);
    fs::rename(log.path(), fs::path{to} / fs::path{log.path()}.filename());
  } catch (...) {
    log.give_up();
    throw;
  }
}

std::size_t store::cache_limit() const {
  return memory_->tables / std::max<std::uint32_t>(1, memory_->stores.load());
}

}  // namespace weir::rocks
