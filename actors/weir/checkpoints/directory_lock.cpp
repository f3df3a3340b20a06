// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/directory_lock.hpp"

#include "weir/checkpoints/part_file.hpp"

#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace weir::checkpoints {

result<directory_lock> directory_lock::take(const std::string& directory) {
  const std::string path = directory + "/lock";
  auto file = posix::open_to_append(path);
  if (!file) return file.error();
  if (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return posix::system_error("cannot lock '" + path + "'", errno);
    const auto written = read_file(path);
    std::string holder = written ? *written : "";
    while (!holder.empty() && holder.back() == '\n') holder.pop_back();
    return error{errc::already_running, "the directory '" + directory + "' is in use by process " +
                                            (holder.empty() ? "(unknown)" : holder) +
                                            ": stop it, or give this run a directory of its own"};
  }
  if (auto done = posix::cut(*file, 0, path); !done) return done.error();
  if (auto done = posix::write_all(file->get(), std::to_string(::getpid()) + "\n", path); !done)
    return done.error();
  return directory_lock{*std::move(file)};
}

}  // namespace weir::checkpoints
