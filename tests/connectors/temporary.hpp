// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

/// A directory that is removed with the object.
class temporary_directory {
public:
  temporary_directory();
  temporary_directory(const temporary_directory&) = delete;
  temporary_directory& operator=(const temporary_directory&) = delete;
  ~temporary_directory();

  [[nodiscard]] std::string path() const { return path_.string(); }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return (path_ / name).string();
  }
  /// Returns the names of all files in it, hidden ones too, sorted.
  [[nodiscard]] std::vector<std::string> names() const;

private:
  std::filesystem::path path_;
};

void write_file(const std::string& path, std::string_view content);
void append_file(const std::string& path, std::string_view content);
[[nodiscard]] std::string read_file(const std::string& path);

/// Compresses as one zstd frame, with a checksum, or as one gzip member.
[[nodiscard]] std::string zstd_frame(std::string_view content);
[[nodiscard]] std::string gzip_member(std::string_view content);

}  // namespace weir::test
