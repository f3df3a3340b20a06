// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// A checkpoint that a store holds, and where.
struct stored_checkpoint {
  std::uint64_t id = 0;
  flow::checkpoint_kind kind = flow::checkpoint_kind::checkpoint;
  std::string place;  ///< For people, and for `read` by place.
};

/// A checkpoint that is written while it is being taken. Destroyed before its commit, it leaves
/// nothing behind. The store outlives it. Another thread may use the store while a draft is begun,
/// added to or destroyed. After an exception it is only destroyed.
class checkpoint_draft {
public:
  virtual ~checkpoint_draft() = default;

  /// Takes some of its parts. What goes wrong is told by `commit`, or thrown.
  virtual void add(std::vector<snapshot_part> parts) = 0;
  /// Makes what was added durable, whole or not at all; answers its size in bytes. A use of the
  /// store. To be called once.
  virtual result<std::uint64_t> commit(const checkpoint_manifest& m) = 0;
};

/// Keeps the checkpoints of one pipeline. Used by one thread at a time.
class checkpoint_store {
public:
  virtual ~checkpoint_store() = default;

  /// Begins the checkpoint of that number, and never answers null. What this run began before is
  /// gone; what a run left that was killed may still be there. By default parts are gathered for
  /// `write`.
  [[nodiscard]] virtual std::unique_ptr<checkpoint_draft> begin(std::uint64_t id);
  /// Makes a checkpoint durable, whole or not at all; answers its size in bytes.
  virtual result<std::uint64_t> write(const checkpoint& c) = 0;
  /// Those that were written, the newest first. None of them has been read yet: it may be damaged.
  virtual result<std::vector<stored_checkpoint>> list() = 0;
  /// Reads one, and verifies it. An error says what is wrong with it.
  virtual result<checkpoint> read(const stored_checkpoint& which) = 0;
  /// Whether it keeps the files of parts that have some; else only state in memory can be kept.
  [[nodiscard]] virtual bool keeps_files() const noexcept { return false; }
  virtual result<void> remove(const stored_checkpoint& which) = 0;
  /// Takes one that is damaged out of the list; kept elsewhere where that is possible.
  virtual result<void> set_aside(const stored_checkpoint& which) { return remove(which); }
};

/// Reads the newest checkpoint that is whole; nothing if there is none. `damaged` is called for
/// each newer one that is not.
[[nodiscard]] result<std::optional<checkpoint>> read_newest(
    checkpoint_store& from,
    const std::function<void(const stored_checkpoint&, const error&)>& damaged);

/// As above; sets those aside that are damaged, so that they are not in the way of others, and says
/// so to `warn`.
[[nodiscard]] result<std::optional<checkpoint>> take_newest(
    checkpoint_store& from, const std::function<void(const std::string&)>& warn);

/// The id for a checkpoint that is newer than all that are there.
[[nodiscard]] result<std::uint64_t> next_id(checkpoint_store& of);

/// Removes all but the newest `keep` checkpoints; savepoints stay, whoever asked for them deletes
/// them. What can't be removed is left, with one line to `warn`.
void remove_old(checkpoint_store& from, std::size_t keep,
                const std::function<void(const std::string&)>& warn);

}  // namespace weir
