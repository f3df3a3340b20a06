// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/line_output.hpp"

#include "weir/posix/descriptor.hpp"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <ctime>
#include <string_view>

namespace weir::file {

namespace {

/// Keeps SIGPIPE from this thread, and takes back one that a write here has raised.
class no_broken_pipe_signal {
public:
  no_broken_pipe_signal() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  no_broken_pipe_signal(const no_broken_pipe_signal&) = delete;
  no_broken_pipe_signal& operator=(const no_broken_pipe_signal&) = delete;
  ~no_broken_pipe_signal() {
    const timespec at_once{};
    if (!was_pending_)
      while (sigtimedwait(&pipe_, nullptr, &at_once) < 0 && errno == EINTR) {
      }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

private:
  sigset_t pipe_{};
  sigset_t before_{};
  bool was_pending_ = false;
};

class stdout_lock {
public:
  stdout_lock() { ::flockfile(stdout); }
  stdout_lock(const stdout_lock&) = delete;
  stdout_lock& operator=(const stdout_lock&) = delete;
  ~stdout_lock() { ::funlockfile(stdout); }
};

/// Writes all of `text`; waits where the other end made the pipe non-blocking.
int write_lines(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(to, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{to, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      return errno;
    }
  }
  return 0;
}

}  // namespace

result<void> line_output::write_out() {
  if (lines_.empty()) return {};
  const stdout_lock one_at_a_time;
  const no_broken_pipe_signal quietly;
  if (to_ == STDOUT_FILENO) std::fflush(stdout);  // keeps the order with what was printed
  const int number = write_lines(to_, lines_);
  lines_.clear();
  if (number == 0) return {};
  if (number == EPIPE) return error{errc::stopped, "standard output was closed by its reader"};
  return posix::system_error("cannot write to standard output", number);
}

}  // namespace weir::file
