// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/dead_letters/letter_file.hpp"
#include "weir/runtime/dead_letter_buffer.hpp"
#include "weir/sink/sink.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir {

/// A sink that writes dead letters to a file, as lines of JSON, and keeps the newest in memory,
/// too. They are in the file as soon as they are written. A restart from a checkpoint takes back
/// those behind it, since their events come again; so each is there once. A file of an earlier run
/// is gone on with. See `letter_file_limits` for what is kept of many.
class dead_letter_file {
public:
  dead_letter_file(std::string path, dead_letter_buffer newest, letter_file_limits limits = {});

  template <class T>
  requires std::same_as<T, dead_letter>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance& at) const {
    return make(at);
  }
  [[nodiscard]] std::string kind() const { return "dead-letter-file"; }
  [[nodiscard]] bool blocking() const { return true; }
  /// The same for another connected part of the pipeline; see `letters::numbered_path`.
  [[nodiscard]] dead_letter_file numbered(std::uint32_t n) const;

  /// Letters of all parts that were removed with the oldest files. Safe from any thread.
  [[nodiscard]] std::uint64_t removed() const noexcept { return *removed_; }

private:
  struct line_of_runs;
  [[nodiscard]] std::unique_ptr<sink_writer<dead_letter>> make(const sink_instance& at) const;

  std::string path_;
  dead_letter_buffer newest_;
  letter_file_limits limits_;
  std::shared_ptr<std::atomic<std::uint64_t>> removed_;
  std::shared_ptr<line_of_runs> began_;
};

}  // namespace weir
