// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/rocksdb/database.hpp"
#include "weir/rocksdb/row_log.hpp"
#include "weir/rocksdb/row_run.hpp"
#include "weir/rocksdb/saved_rows.hpp"

#include <future>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weir::rocks {

/// The database of a stage instance; there is none before a table is asked for. What counts is in
/// checkpoints, and the files are gone with this.
///
/// A checkpoint is the database's files, into which all that has changed was put (a full one), or
/// the files of the checkpoint before with a log of what has changed since. A log is enough while
/// - there are few, and they are not much larger than the database, since a restore reads them all;
/// - memory has room: a row that is in logs alone must be put into the database before it leaves;
/// - none has left since the last full one: a restore would take the row in a log for the newer.
class store final : public cold_store {
public:
  store(std::shared_ptr<shared_memory> memory, instance_place where, std::string directory,
        std::vector<snapshot_part> restored);
  ~store() override;

  opened_table open_table(std::string_view operator_id, const std::vector<std::string>& columns,
                          bool expires) override;

  bool get(const row_name& name, bytes& row) override;
  void put(const row_name& name, std::span<const std::byte> row) override;
  void erase(const row_name& name) override;
  void each_row(std::uint16_t table, const row_visitor& visit) override;
  void tell_time(timestamp watermark, timestamp wall) override {
    expiry_.set_time(watermark, wall);
  }

  void begin_checkpoint() override;
  void save(const row_name& name, std::span<const std::byte> row) override;
  std::optional<snapshot_part> end_checkpoint() override;
  void cancel_checkpoint() noexcept override;
  void wait() override;
  void wait_for(std::chrono::milliseconds time) override;

  [[nodiscard]] std::size_t cache_limit() const override;
  [[nodiscard]] std::optional<error> failure() const override { return failure_; }

private:
  void open();
  void adopt_logs(const state_files::listing& saved);
  void finish_adopting();
  [[nodiscard]] bool fits(const snapshot_part& part) const;
  void copy_rows(const snapshot_part& part, std::uint16_t table);
  template <class F>
  void kept(F f);
  void check_kept(const rocksdb::Status& s, const std::string& doing);
  rocksdb::Slice key_of(const row_name& name);
  [[nodiscard]] bool goes_on_with_logs() const;
  [[nodiscard]] std::packaged_task<void()> task_of(const std::string& to);
  void make_full(row_run rows, const std::string& to);
  void make_with_log(row_log log, const made_files& before, const std::string& to);

  std::shared_ptr<shared_memory> memory_;
  instance_place where_;
  std::string directory_;
  std::vector<snapshot_part> restored_;
  std::map<const snapshot_part*, row_block> restored_logs_;  ///< Until the first checkpoint.
  expiry expiry_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<saved_table> tables_;
  std::future<void> adopting_;   ///< Of restored logs, while others put them into the database.
  std::optional<row_run> rows_;  ///< Of the checkpoint that is being taken, if it is full,
  std::optional<row_log> log_;   ///< or else.
  std::uint64_t checkpoints_ = 0;
  std::uint32_t taken_epoch_ = 0;

  // What the next checkpoint may go on from.
  std::shared_ptr<const made_files> newest_;
  std::uint32_t newest_epoch_ = 0;
  std::size_t logs_ = 0;
  std::uint64_t table_bytes_ = 0;  ///< This and the next are the maker's while there is one.
  std::uint64_t log_bytes_ = 0;
  bool row_has_left_ = false;  ///< A row came into the database since its last full checkpoint.

  std::thread maker_;
  std::shared_future<void> made_;  ///< The checkpoint that `maker_` makes.
  std::optional<error> failure_;
  std::string key_;
  rocksdb::PinnableSlice found_;
};

}  // namespace weir::rocks
