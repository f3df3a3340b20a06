// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint_store.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

namespace weir {

namespace checkpoints {
class known_sums;
}

/// Keeps checkpoints in a local directory, which it makes, and which no other process may use
/// meanwhile. Each is a directory, `checkpoint-<id>` or `savepoint-<id>`, with
///
/// - `manifest.json`: what it is of, and length and checksum of the file of state,
/// - `manifest.sum`: length and checksum of the manifest,
/// - `state`: the parts,
/// - `files/<part>/`: files of parts that have some, linked, so that those that did not change
/// since
///   the checkpoint before take no room.
///
/// It is written under a hidden name while it is taken, made durable, and put in place by a rename;
/// so it is there whole or not at all, whenever the process or the machine ends. What is damaged
/// later, be it a single bit, is found when it is read.
class directory_store final : public checkpoint_store {
public:
  /// Fails if the directory can't be made or is in use: the message names the process.
  [[nodiscard]] static result<std::shared_ptr<directory_store>> open(std::string directory);
  ~directory_store() override;

  [[nodiscard]] std::unique_ptr<checkpoint_draft> begin(std::uint64_t id) override;
  result<std::uint64_t> write(const checkpoint& c) override;
  result<std::vector<stored_checkpoint>> list() override;
  result<checkpoint> read(const stored_checkpoint& which) override;
  [[nodiscard]] bool keeps_files() const noexcept override { return true; }
  result<void> remove(const stored_checkpoint& which) override;
  /// Renames it to `damaged-<what it was called>`.
  result<void> set_aside(const stored_checkpoint& which) override;

  [[nodiscard]] const std::string& directory() const noexcept { return directory_; }

private:
  struct lock;
  directory_store(std::string directory, std::unique_ptr<lock> held);
  std::string draft_name(std::uint64_t id);

  std::string directory_;
  std::unique_ptr<lock> lock_;
  std::unique_ptr<checkpoints::known_sums> sums_;
  std::atomic<std::uint64_t> drafts_{0};  ///< Begun so far.
};

/// Reads the checkpoint or savepoint in a directory such as `<dir>/savepoint-12`, and verifies it.
/// Takes no lock.
[[nodiscard]] result<checkpoint> read_checkpoint(const std::string& place);

/// Lists the checkpoints and savepoints of a directory, the newest first. Takes no lock.
[[nodiscard]] result<std::vector<stored_checkpoint>> list_checkpoints(const std::string& directory);

}  // namespace weir
