// SPDX-License-Identifier: BSD-3-Clause
#include "weir/posix/descriptor.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace weir::posix {

namespace {

file_status from_stat(const struct stat& s) {
  return {s.st_dev, s.st_ino, static_cast<std::uint64_t>(s.st_size)};
}

result<descriptor> open_file(const std::string& path, int flags, const char* to_do) {
  descriptor made{::open(path.c_str(), flags | O_CLOEXEC, 0666)};
  if (!made) return system_error(std::string{"cannot "} + to_do + " '" + path + "'", errno);
  return made;
}

}  // namespace

descriptor::~descriptor() {
  if (number_ >= 0) ::close(number_);
}

error system_error(std::string what, int number) {
  const errc code = number == ENOENT ? errc::not_found : errc::io_failed;
  return {code, std::move(what) + ": " + std::generic_category().message(number)};
}

result<descriptor> open_to_read(const std::string& path) {
  // Without waiting for the other end, should it be a pipe.
  auto made = open_file(path, O_RDONLY | O_NONBLOCK, "read");
  if (!made) return made;
  struct stat s {};
  if (::fstat(made->get(), &s) != 0) return system_error("cannot read '" + path + "'", errno);
  if (!S_ISREG(s.st_mode)) return error{errc::io_failed, "'" + path + "' is not a regular file"};
  return made;
}

result<descriptor> open_to_append(const std::string& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_APPEND, "write");
}

result<descriptor> open_to_replace(const std::string& path) {
  return open_file(path, O_WRONLY | O_CREAT | O_TRUNC, "write");
}

std::size_t read_some(const descriptor& from, char* to, std::size_t n, const std::string& path) {
  for (;;) {
    const ssize_t got = ::read(from.get(), to, n);
    if (got >= 0) return static_cast<std::size_t>(got);
    if (errno != EINTR) throw exception(system_error("cannot read '" + path + "'", errno));
  }
}

result<void> write_all(int to, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const ssize_t n = ::write(to, text.data(), text.size());
    if (n >= 0)
      text.remove_prefix(static_cast<std::size_t>(n));
    else if (errno != EINTR)
      return system_error("cannot write '" + path + "'", errno);
  }
  return {};
}

bool set_direct(const descriptor& of, bool direct) noexcept {
  const int flags = ::fcntl(of.get(), F_GETFL);
  return flags >= 0 &&
         ::fcntl(of.get(), F_SETFL, direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

result<void> sync(const descriptor& of, const std::string& path) {
  if (::fsync(of.get()) == 0) return {};
  return system_error("cannot make '" + path + "' durable", errno);
}

result<void> sync_directory(const std::string& path) {
  auto opened = open_file(path, O_RDONLY | O_DIRECTORY, "open the directory");
  if (!opened) return opened.error();
  return sync(*opened, path);
}

result<void> cut(const descriptor& of, std::uint64_t size, const std::string& path) {
  if (::ftruncate(of.get(), static_cast<off_t>(size)) == 0) return {};
  return system_error("cannot shorten '" + path + "'", errno);
}

std::optional<file_status> status_of(const descriptor& of) {
  struct stat s {};
  if (::fstat(of.get(), &s) != 0) return std::nullopt;
  return from_stat(s);
}

std::optional<file_status> status_of(const std::string& path) {
  struct stat s {};
  if (::stat(path.c_str(), &s) != 0) return std::nullopt;
  return from_stat(s);
}

}  // namespace weir::posix
