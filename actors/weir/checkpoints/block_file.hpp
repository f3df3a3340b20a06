// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoints/running_sum.hpp"
#include "weir/core/result.hpp"
#include "weir/posix/descriptor.hpp"

#include <array>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

namespace weir::checkpoints {

/// Whole blocks go past the page cache where the file system allows it: copying there takes time of
/// the cores that the stream wants, fresh memory, and the place of what others read.
inline constexpr std::size_t block_size = std::size_t{1} << 20U;

/// Memory for blocks, as direct access to files needs it.
class block_memory {
public:
  explicit block_memory(std::size_t size);
  [[nodiscard]] char* data() const noexcept { return at_.get(); }

private:
  struct release {
    void operator()(char* p) const noexcept;
  };
  std::unique_ptr<char, release> at_;
};

/// Writes a file from front to back.
class block_writer {
public:
  /// One that is there is replaced.
  [[nodiscard]] static result<block_writer> open(const std::string& path);

  [[nodiscard]] result<void> write(std::string_view text);
  /// Writes the rest, and makes the file durable.
  [[nodiscard]] result<file_sum> finish();

private:
  block_writer(posix::descriptor to, std::string path);
  result<void> flush();
  void go_through_cache();

  posix::descriptor to_;
  std::string path_;
  bool direct_;
  block_memory block_{block_size};
  std::size_t used_ = 0;  ///< Of the block.
  running_sum sum_;
};

/// Reads a file from front to back; a long one by a thread that is some blocks ahead.
class block_reader {
public:
  block_reader(posix::descriptor from, std::string path, std::uint64_t size);
  block_reader(const block_reader&) = delete;
  block_reader& operator=(const block_reader&) = delete;
  ~block_reader();

  /// Returns the next block, which is there until the next call; empty at the file's end. Throws
  /// `weir::exception`.
  [[nodiscard]] std::string_view next();

private:
  static constexpr std::size_t ahead = 4;

  struct slot {
    block_memory memory{block_size};
    std::size_t size = 0;
  };

  std::size_t read_block(char* to);
  void set_direct(bool direct);
  void read_ahead();

  posix::descriptor from_;
  std::string path_;
  bool direct_ = false;
  std::array<slot, ahead> slots_;
  // Shared with the thread, which has no mailbox: blocks that were read and taken, by number. A
  // slot is used again once its block was given back.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t read_ = 0;
  std::uint64_t given_back_ = 0;
  bool ended_ = false;
  bool stopped_ = false;
  std::exception_ptr failure_;
  std::uint64_t taken_ = 0;
  std::thread reader_;  ///< None for a short file.
};

}  // namespace weir::checkpoints
