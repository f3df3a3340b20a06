// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "support/temporary_directory.hpp"

#include <string>
#include <string_view>

namespace weir::test {

void write_file(const std::string& path, std::string_view content);
void append_file(const std::string& path, std::string_view content);
[[nodiscard]] std::string read_file(const std::string& path);

/// Compresses as one zstd frame, with a checksum, or as one gzip member.
[[nodiscard]] std::string zstd_frame(std::string_view content);
[[nodiscard]] std::string gzip_member(std::string_view content);

}  // namespace weir::test
