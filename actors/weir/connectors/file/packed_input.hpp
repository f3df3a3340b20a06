// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/byte_stream.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::file {

/// What the decompressing streams share: a block of compressed bytes, and the way they fail.
class packed_input {
public:
  packed_input(posix::descriptor from, std::string path)
      : from_(std::move(from)), path_(std::move(path)) {}

  /// The compressed bytes at hand.
  [[nodiscard]] std::string_view at_hand() const noexcept {
    return {block_.data() + at_, end_ - at_};
  }
  void take(std::size_t n) noexcept { at_ += n; }
  /// Reads the next block if none is at hand; false at the end of the file.
  bool refill() {
    if (at_ != end_) return true;
    before_ += end_;
    at_ = end_ = 0;
    end_ = posix::read_some(from_, block_.data(), block_.size(), path_);
    return end_ != 0;
  }

  /// Says that the data are wrong where they are at hand.
  [[nodiscard]] error damaged(std::string_view why) const {
    return {errc::io_failed, "'" + path_ + "' is damaged at byte " + offset() + ": " +
                                 std::string{why} + "; write or fetch it again"};
  }
  [[nodiscard]] error truncated() const {
    return {errc::io_failed, "'" + path_ + "' is cut off at byte " + offset() +
                                 ": its compressed data go on; write or fetch it again"};
  }

private:
  [[nodiscard]] std::string offset() const { return std::to_string(before_ + at_); }

  static constexpr std::size_t block_size = 128 << 10;

  posix::descriptor from_;
  std::string path_;
  std::vector<char> block_ = std::vector<char>(block_size);
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::uint64_t before_ = 0;  ///< Bytes of the file before this block.
};

/// Holds back a failure until what came before it has been given.
class failure_after_data {
public:
  /// Throws what was noted before.
  void check() const {
    if (noted_) throw exception(*noted_);
  }
  /// Throws now if nothing was given in this call, else at the next check.
  void note(error why, std::size_t given) {
    noted_ = std::move(why);
    if (given == 0) check();
  }

private:
  std::optional<error> noted_;
};

}  // namespace weir::file
