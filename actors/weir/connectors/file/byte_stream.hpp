// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/file/file_kind.hpp"
#include "weir/posix/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace weir::file {

/// The content of a file from front to back, decompressed. Holds at most a few blocks, and what the
/// decompressor needs: a window of at most 128 MiB.
class byte_stream {
public:
  virtual ~byte_stream() = default;

  /// Reads at most `n` bytes; 0 at the end. Throws `weir::exception` that names the file and, for
  /// damaged data, the byte of the file; what comes before the damage is given first.
  virtual std::size_t read(char* to, std::size_t n) = 0;
  /// Goes on at `offset` if that takes no reading; else answers false and does nothing.
  virtual bool seek(std::uint64_t /*offset*/) { return false; }
};

[[nodiscard]] std::unique_ptr<byte_stream> open_plain(posix::descriptor from,
                                                      const std::string& path);
[[nodiscard]] std::unique_ptr<byte_stream> open_zstd(posix::descriptor from,
                                                     const std::string& path);
[[nodiscard]] std::unique_ptr<byte_stream> open_gzip(posix::descriptor from,
                                                     const std::string& path);

/// Reads `from` as it is packed.
[[nodiscard]] std::unique_ptr<byte_stream> open_stream(packing packed, posix::descriptor from,
                                                       const std::string& path);

}  // namespace weir::file
