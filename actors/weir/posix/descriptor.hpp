// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace weir::posix {

/// Owns an open file of the operating system.
class descriptor {
public:
  descriptor() = default;
  explicit descriptor(int number) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor();

  explicit operator bool() const noexcept { return number_ >= 0; }
  [[nodiscard]] int get() const noexcept { return number_; }

private:
  int number_ = -1;
};

/// Tells whether two names or descriptors mean the same file, and how long it is.
struct file_status {
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::uint64_t size = 0;

  [[nodiscard]] bool same_file(const file_status& other) const noexcept {
    return device == other.device && inode == other.inode;
  }
};

/// Makes an error of an errno: "<what>: <the system's words>".
[[nodiscard]] error system_error(std::string what, int number);

/// Opens a regular file for reading.
[[nodiscard]] result<descriptor> open_to_read(const std::string& path);
/// Opens a file to write behind its end; it is made if it isn't there.
[[nodiscard]] result<descriptor> open_to_append(const std::string& path);
/// Opens a file to write anew; what it held is gone.
[[nodiscard]] result<descriptor> open_to_replace(const std::string& path);
/// Reads at most `n` bytes; 0 at the end of the file. Throws `weir::exception` naming `path`.
std::size_t read_some(const descriptor& from, char* to, std::size_t n, const std::string& path);
/// Writes all of `text`, or says why not; then some of it may have been written.
[[nodiscard]] result<void> write_all(int to, std::string_view text, const std::string& path);
/// Lets a file's reads and writes go past the page cache, or no longer: for much that nobody will
/// read again soon. Memory, offsets and lengths must then be multiples of 4,096. False where the
/// file system has no such thing.
[[nodiscard]] bool set_direct(const descriptor& of, bool direct) noexcept;
/// Makes what was written durable.
[[nodiscard]] result<void> sync(const descriptor& of, const std::string& path);
/// Makes the names in a directory durable.
[[nodiscard]] result<void> sync_directory(const std::string& path);
[[nodiscard]] result<void> cut(const descriptor& of, std::uint64_t size, const std::string& path);

[[nodiscard]] std::optional<file_status> status_of(const descriptor& of);
/// Nothing if the file does not exist or can't be reached.
[[nodiscard]] std::optional<file_status> status_of(const std::string& path);

}  // namespace weir::posix
