// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/rocksdb/database.hpp"
#include "weir/rocksdb/row_run.hpp"
#include "weir/rocksdb/saved_rows.hpp"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace weir::rocks {

/// The database of a stage instance; there is none before a table is asked for. It has no log: what
/// counts is in checkpoints, and the files are gone with this.
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
  [[nodiscard]] bool fits(const snapshot_part& part) const;
  void copy_rows(const snapshot_part& part, std::uint16_t table);
  void check_kept(const rocksdb::Status& s, const std::string& doing);
  rocksdb::Slice key_of(const row_name& name);
  void make_checkpoint(row_run rows, const std::string& to);

  std::shared_ptr<shared_memory> memory_;
  instance_place where_;
  std::string directory_;
  std::vector<snapshot_part> restored_;
  bool adopted_ = false;  ///< The database began as a restored one.
  expiry expiry_;
  std::unique_ptr<rocksdb::DB> db_;
  std::vector<saved_table> tables_;
  std::optional<row_run> rows_;  ///< Of the checkpoint that is being taken.
  std::uint64_t checkpoints_ = 0;
  std::uint32_t taken_epoch_ = 0;
  std::thread maker_;
  std::shared_future<void> made_;  ///< The checkpoint that `maker_` makes.
  std::optional<error> failure_;
  std::string key_;
  rocksdb::PinnableSlice found_;
};

}  // namespace weir::rocks
