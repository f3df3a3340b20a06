// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/net/watched_file.hpp"

#include <sys/stat.h>

namespace weir::net {

file_stamp file_stamp::of(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return {};
  return {static_cast<std::int64_t>(s.st_mtim.tv_sec) * 1'000'000'000 + s.st_mtim.tv_nsec,
          static_cast<std::int64_t>(s.st_size), static_cast<std::uint64_t>(s.st_ino)};
}

}  // namespace weir::net
