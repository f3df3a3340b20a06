// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/byte_stream.hpp"

#include <unistd.h>

#include <cerrno>

namespace weir::file {

namespace {

class plain_stream final : public byte_stream {
public:
  plain_stream(posix::descriptor from, std::string path)
      : from_(std::move(from)), path_(std::move(path)) {}

  std::size_t read(char* to, std::size_t n) override {
    return posix::read_some(from_, to, n, path_);
  }

  bool seek(std::uint64_t offset) override {
    if (::lseek(from_.get(), static_cast<off_t>(offset), SEEK_SET) < 0)
      throw exception(posix::system_error("cannot read '" + path_ + "'", errno));
    return true;
  }

private:
  posix::descriptor from_;
  std::string path_;
};

}  // namespace

std::unique_ptr<byte_stream> open_plain(posix::descriptor from, const std::string& path) {
  return std::make_unique<plain_stream>(std::move(from), path);
}

std::unique_ptr<byte_stream> open_stream(packing packed, posix::descriptor from,
                                         const std::string& path) {
  switch (packed) {
    case packing::none:
      return open_plain(std::move(from), path);
    case packing::zstd:
      return open_zstd(std::move(from), path);
    case packing::gzip:
      return open_gzip(std::move(from), path);
  }
  return nullptr;
}

}  // namespace weir::file
