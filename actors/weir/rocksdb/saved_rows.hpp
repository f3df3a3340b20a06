// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/rocksdb/row_block.hpp"
#include "weir/state/state_files.hpp"

#include <future>
#include <string>
#include <vector>

namespace weir::rocks {

/// The files of a checkpoint that is being made, or was; removed with this. Where a checkpoint is
/// kept it links them.
class made_files final : public state_files {
public:
  made_files(std::string directory, std::shared_future<void> made)
      : directory_(std::move(directory)), made_(std::move(made)) {}
  ~made_files() override;

  [[nodiscard]] result<listing> list() const override;
  /// Whether they are all there by now.
  [[nodiscard]] bool is_made() const noexcept;

private:
  std::string directory_;
  std::shared_future<void> made_;
};

/// The files of a directory, by name.
[[nodiscard]] std::vector<std::string> files_in(const std::string& directory);

/// Makes a database of saved files that may be written to: tables are linked, since they never
/// change, the rest is copied; logs are left. Throws `weir::exception`.
void link_database(const state_files::listing& from, const std::string& to);
/// Links all of saved files to another directory, which is made. Throws `weir::exception`.
void link_all(const state_files::listing& from, const std::string& to);

/// Visits the rows of one table and key group, of all if `prefix` is empty, in the order of their
/// keys: those of a database, and those of `newer` in their place.
/// @pre newer is sorted
void visit_rows(rocksdb::DB& from, const row_block& newer, const std::string& prefix,
                const cold_store::row_visitor& visit);

}  // namespace weir::rocks
