// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/state/cold_row.hpp"
#include "weir/state/cold_store.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::test {

/// Rows of a cold store, by table, group and key.
using map_rows = std::map<std::tuple<std::uint16_t, key_group, bytes>, bytes>;

/// What stands for the files of a checkpoint.
class map_files final : public state_files {
public:
  explicit map_files(map_rows rows) : rows_(std::move(rows)) {}
  [[nodiscard]] result<listing> list() const override {
    return error{errc::unsupported, "these rows are in memory"};
  }
  [[nodiscard]] const map_rows& rows() const noexcept { return rows_; }

private:
  map_rows rows_;
};

inline void visit_map_rows(const snapshot_part& part, const cold_store::row_visitor& visit) {
  for (const auto& [at, row] : static_cast<const map_files&>(*part.files).rows())
    visit({std::get<0>(at), std::get<1>(at), std::get<2>(at)}, row);
}

/// A cold store that is a map: for tests of what lies in front of it. Checkpoints are made at once.
class map_store final : public cold_store {
public:
  map_store(instance_place where, std::vector<snapshot_part> restored, std::size_t limit)
      : where_(std::move(where)), restored_(std::move(restored)), limit_(limit) {
    stored_ = 0;
  }

  opened_table open_table(std::string_view operator_id, const std::vector<std::string>& columns,
                          bool) override {
    const auto number = static_cast<std::uint16_t>(tables_.size());
    tables_.push_back({std::string{operator_id}, {}});
    for (const snapshot_part& p : restored_) take_rows(p, number);
    return {number, number_columns(number, columns)};
  }
  bool get(const row_name& name, bytes& row) override {
    const auto found = rows_.find(key_of(name));
    if (found == rows_.end()) return false;
    row = found->second;
    return true;
  }
  void put(const row_name& name, std::span<const std::byte> row) override {
    rows_[key_of(name)] = {row.begin(), row.end()};
  }
  void erase(const row_name& name) override { rows_.erase(key_of(name)); }
  void each_row(std::uint16_t table, const row_visitor& visit) override {
    const map_rows all = rows_;
    for (const auto& [at, row] : all)
      if (std::get<0>(at) == table) visit({table, std::get<1>(at), std::get<2>(at)}, row);
  }
  void tell_time(timestamp, timestamp) override {}
  void begin_checkpoint() override {
    taking_ = true;
    saved_ = stored();
    ++epoch_;
  }
  void save(const row_name& name, std::span<const std::byte> row) override {
    row.empty() ? erase(name) : put(name, row);
  }
  std::optional<snapshot_part> end_checkpoint() override {
    taking_ = false;
    stored_ = epoch_ - 1;
    if (tables_.empty()) return std::nullopt;
    snapshot_part part{{}, "@rows", state_kind::files, 0, {}, std::make_shared<map_files>(rows_)};
    encode(cold_part{"map", where_.first_group, where_.end_group, tables_}, part.data);
    return part;
  }
  void cancel_checkpoint() noexcept override { taking_ = false; }
  void wait() override {}
  void wait_for(std::chrono::milliseconds) override {}
  [[nodiscard]] std::size_t cache_limit() const override { return limit_; }
  [[nodiscard]] std::optional<error> failure() const override { return {}; }

private:
  static map_rows::key_type key_of(const row_name& name) {
    return {name.table, name.group, bytes{name.key.begin(), name.key.end()}};
  }
  std::vector<std::uint8_t> number_columns(std::uint16_t table,
                                           const std::vector<std::string>& names) {
    std::vector<std::string>& all = tables_[table].columns;
    std::vector<std::uint8_t> numbers;
    for (const std::string& name : names) {
      const auto at = std::find(all.begin(), all.end(), name);
      numbers.push_back(static_cast<std::uint8_t>(at - all.begin()));
      if (at == all.end()) all.push_back(name);
    }
    return numbers;
  }
  void take_rows(const snapshot_part& part, std::uint16_t table) {
    const cold_part head = read_cold_part(part);
    for (std::uint16_t theirs = 0; theirs < head.tables.size(); ++theirs) {
      if (head.tables[theirs].operator_id != tables_[table].operator_id) continue;
      number_columns(table, head.tables[theirs].columns);  // the same numbers: it is the first
      visit_map_rows(part, [&](const row_name& name, std::span<const std::byte> row) {
        if (name.table == theirs && name.group >= where_.first_group &&
            name.group < where_.end_group)
          put({table, name.group, name.key}, row);
      });
    }
  }

  instance_place where_;
  std::vector<snapshot_part> restored_;
  std::size_t limit_;
  std::vector<saved_table> tables_;
  map_rows rows_;
};

/// Lets tables hold about `limit` bytes in memory each instance.
class map_backend final : public state_backend {
public:
  explicit map_backend(std::size_t limit) : limit_(limit) {}
  std::unique_ptr<cold_store> open(instance_place where,
                                   std::vector<snapshot_part> restored) override {
    return std::make_unique<map_store>(std::move(where), std::move(restored), limit_);
  }

private:
  std::size_t limit_;
};

/// All in memory, or a cold store with room in memory for next to nothing or some keys.
inline std::shared_ptr<state_backend> some_backend(std::mt19937_64& random) {
  if (random() % 2 == 0) return nullptr;
  return std::make_shared<map_backend>(random() % 2 == 0 ? 1 : 600);
}

/// Restarts a run of operators with other options; the backend may be another, too.
template <class Run, class Options>
[[nodiscard]] Run restarted(Run& run, Options options) {
  options.start = run.now();
  std::vector<snapshot_part> state = run.snapshot();
  if (options.backend == nullptr) expand_files(state, visit_map_rows);
  return run.of().with(options).restore(state);
}

}  // namespace weir::test
