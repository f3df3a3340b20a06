// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint_store.hpp"
#include "weir/checkpoints/part_file.hpp"
#include "weir/checkpoints/part_files.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::checkpoints {

/// A checkpoint that is being written into a hidden directory beside the others; a commit gives it
/// its name, and without one it is removed.
class directory_draft final : public checkpoint_draft {
public:
  /// `name` is its own while it is being written. `sums` is used by `commit` alone, and must be
  /// there until then.
  directory_draft(const std::string& directory, const std::string& name, known_sums& sums);
  directory_draft(const directory_draft&) = delete;
  directory_draft& operator=(const directory_draft&) = delete;
  ~directory_draft() override;

  void add(std::vector<snapshot_part> parts) override { write(parts); }
  void write(const std::vector<snapshot_part>& parts);
  result<std::uint64_t> commit(const checkpoint_manifest& m) override;

private:
  void give_up();
  [[nodiscard]] result<void> begin();
  [[nodiscard]] result<void> write_some(const std::vector<snapshot_part>& parts);
  [[nodiscard]] result<void> finish(const checkpoint_manifest& m);

  std::string directory_;
  std::string hidden_;
  known_sums* sums_;
  bool made_ = false;  ///< The hidden directory.
  std::optional<part_writer> out_;
  std::vector<part_with_files> files_;
  std::uint32_t parts_ = 0;
  std::optional<error> failure_;
};

}  // namespace weir::checkpoints
