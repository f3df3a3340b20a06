// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/byte_stream.hpp"
#include "weir/connectors/file/record_scanner.hpp"
#include "weir/core/clock.hpp"
#include "weir/core/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace weir::file {

/// Whether a line of the file begins at `offset`, or why not.
[[nodiscard]] result<void> check_offset(const std::string& path, std::uint64_t offset,
                                        const file_options& options);

/// One file that is being read: opens it, goes on at an offset, and follows it over rotations.
class file_lane {
public:
  /// Opens nothing yet. Throws `weir::exception` if the file's kind can't be told.
  file_lane(std::string path, std::uint64_t offset, const file_options& options);

  /// Gives the next record if it is in memory. A CSV file's header comes first, whatever the
  /// offset, and anew when a rotation begins another file.
  bool next(raw_record& out);

  enum class progress : std::uint8_t {
    more,     ///< Read a block, or took another step; see `next`.
    waiting,  ///< At the end of a followed file.
    ended,
  };
  /// Reads at most a few blocks; called when `next` has no more. Throws `weir::exception` naming
  /// the file.
  progress advance(steady_time now);

  [[nodiscard]] std::uint64_t position() const noexcept { return scanner_.position(); }
  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const file_kind& kind() const noexcept { return kind_; }

private:
  enum class phase : std::uint8_t { unopened, reading, skipping, finishing };

  progress open();
  progress read();
  progress skip();
  progress check_resumed();
  progress at_end(steady_time now);
  progress start_over();
  void resume();
  void begin_at(std::uint64_t offset);
  [[nodiscard]] error changed(const std::string& how) const;

  std::string path_;
  file_kind kind_;
  bool follow_;
  duration poll_interval_;
  record_scanner scanner_;
  phase phase_ = phase::unopened;
  std::unique_ptr<byte_stream> stream_;
  std::uint64_t resume_at_;      ///< Where to go on; 0 once that is done.
  std::uint64_t skip_left_ = 0;  ///< Bytes that are read and dropped to get there.
  bool resuming_ = false;        ///< The next block begins at the last byte before `resume_at_`.

  // Of a followed file:
  posix::file_status opened_;
  std::uint64_t read_to_ = 0;
  std::optional<steady_time> rotated_;  ///< Since when the name means another file.
};

}  // namespace weir::file
