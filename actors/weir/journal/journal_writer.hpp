// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoints/directory_lock.hpp"
#include "weir/journal/journal_options.hpp"
#include "weir/journal/recording.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weir::journal {

/// A recording that is being written: entries gather in memory, bounded, and a thread writes them.
/// An instance that comes while the memory is full waits for the disk.
class open_recording : public entry_sink {
public:
  /// Writes what it has, and ends the file.
  virtual void close() = 0;
};

/// A directory of recordings, one for each time that instances were made: `recording-<number>`,
/// with what they were made with in `start`, and entries in `entries-<number>`. For one run at a
/// time. Safe to call from any thread.
class journal_writer {
public:
  /// `log` is told, in a line, when recording ends early.
  [[nodiscard]] static result<std::shared_ptr<journal_writer>> open(
      journal_options options, std::function<void(const std::string&)> log);

  /// Begins a recording; the oldest others go where it would be too much.
  [[nodiscard]] result<std::shared_ptr<open_recording>> begin(const recorded_start& start);

private:
  journal_writer(journal_options options, std::function<void(const std::string&)> log,
                 checkpoints::directory_lock lock)
      : options_(std::move(options)), log_(std::move(log)), lock_(std::move(lock)) {}

  journal_options options_;
  std::function<void(const std::string&)> log_;
  checkpoints::directory_lock lock_;
};

}  // namespace weir::journal
