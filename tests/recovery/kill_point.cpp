// SPDX-License-Identifier: BSD-3-Clause
// Preloaded into a program, kills it with SIGKILL right before or after one of its calls on files:
//
//   KILL_AT=<call>:<before|after>:<part of the path>:<n>
//
// where the call is rename (matched by its target), fsync, remove or open, and n counts the calls
// that match. A process that is killed so leaves what one leaves whose machine fails at that
// instant, but for what the kernel has not written yet.
#include <dlfcn.h>
#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

std::atomic<int> matched{0};

enum class side { none, before, after };

/// Which side of this call the program dies on.
side fatal_side(const char* call, const char* path) {
  const char* at = std::getenv("KILL_AT");
  if (at == nullptr || path == nullptr) return side::none;
  char wanted[16];
  char when[16];
  char part[256];
  int n = 0;
  if (std::sscanf(at, "%15[^:]:%15[^:]:%255[^:]:%d", wanted, when, part, &n) != 4) std::abort();
  if (std::strcmp(call, wanted) != 0 || std::strstr(path, part) == nullptr) return side::none;
  if (++matched != n) return side::none;
  return std::strcmp(when, "before") == 0 ? side::before : side::after;
}

void die() {
  kill(getpid(), SIGKILL);
  pause();
}

/// Makes the call, and dies on the side of it that is asked for.
template <class Call>
int make(const char* name, const char* path, Call call) {
  const side at = fatal_side(name, path);
  if (at == side::before) die();
  const int done = call();
  if (at == side::after) die();
  return done;
}

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int rename(const char* from, const char* to) noexcept {
  static auto* const next = real<int(const char*, const char*)>("rename");
  return make("rename", to, [&] { return next(from, to); });
}

int remove(const char* path) noexcept {
  static auto* const next = real<int(const char*)>("remove");
  return make("remove", path, [&] { return next(path); });
}

int open(const char* path, int flags, ...) {
  static auto* const next = real<int(const char*, int, ...)>("open");
  va_list rest;
  va_start(rest, flags);
  const auto mode = (flags & O_CREAT) != 0 ? va_arg(rest, mode_t) : mode_t{0};
  va_end(rest);
  return make("open", path, [&] { return next(path, flags, mode); });
}

int fsync(int file) {
  static auto* const next = real<int(int)>("fsync");
  char link[64];
  char path[4096];
  std::snprintf(link, sizeof link, "/proc/self/fd/%d", file);
  const ssize_t n = readlink(link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = '\0';
  return make("fsync", path, [&] { return next(file); });
}

}  // extern "C"
