// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/block_file.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>
#include <system_error>
#include <utility>

#include <unistd.h>

namespace weir::checkpoints {

namespace {

constexpr std::size_t alignment = 4096;
/// Summed up and copied at a time, so that it is in the processor's cache for both.
constexpr std::size_t at_once = std::size_t{64} << 10U;

}  // namespace

block_memory::block_memory(std::size_t size)
    : at_(static_cast<char*>(std::aligned_alloc(alignment, size))) {
  if (!at_) throw std::bad_alloc{};
}
void block_memory::release::operator()(char* p) const noexcept { std::free(p); }

result<block_writer> block_writer::open(const std::string& path) {
  auto to = posix::open_to_replace(path);
  if (!to) return to.error();
  return block_writer{*std::move(to), path};
}

block_writer::block_writer(posix::descriptor to, std::string path)
    : to_(std::move(to)), path_(std::move(path)), direct_(posix::set_direct(to_, true)) {}

result<void> block_writer::write(std::string_view text) {
  while (!text.empty()) {
    const std::size_t n = std::min({text.size(), block_size - used_, at_once});
    sum_.add(text.data(), n);
    std::memcpy(block_.data() + used_, text.data(), n);
    used_ += n;
    text.remove_prefix(n);
    if (used_ == block_size)
      if (auto done = flush(); !done) return done;
  }
  return {};
}

void block_writer::go_through_cache() {
  static_cast<void>(posix::set_direct(to_, false));
  direct_ = false;
}

result<void> block_writer::flush() {
  std::string_view rest{block_.data(), std::exchange(used_, 0)};
  while (!rest.empty()) {
    // Only whole blocks can go past the page cache.
    if (direct_ && rest.size() != block_size) go_through_cache();
    const ssize_t n = ::write(to_.get(), rest.data(), rest.size());
    if (n >= 0)
      rest.remove_prefix(static_cast<std::size_t>(n));
    else if (errno == EINVAL && direct_)
      go_through_cache();
    else if (errno != EINTR)
      return posix::system_error("cannot write '" + path_ + "'", errno);
  }
  return {};
}

result<file_sum> block_writer::finish() {
  if (auto done = flush(); !done) return done.error();
  if (auto durable = posix::sync(to_, path_); !durable) return durable.error();
  return sum_.sum();
}

block_reader::block_reader(posix::descriptor from, std::string path, std::uint64_t size)
    : from_(std::move(from)), path_(std::move(path)) {
  if (size < 2 * block_size) return;
  try {
    reader_ = std::thread{[this] { read_ahead(); }};
  } catch (const std::system_error&) {
    // No more threads: block by block, then.
  }
}

block_reader::~block_reader() {
  if (!reader_.joinable()) return;
  {
    const std::lock_guard lock{mutex_};
    stopped_ = true;
  }
  changed_.notify_all();
  reader_.join();
}

std::string_view block_reader::next() {
  if (!reader_.joinable()) return {slots_[0].memory.data(), read_block(slots_[0].memory.data())};
  std::unique_lock lock{mutex_};
  given_back_ = taken_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return read_ != taken_ || ended_; });
  if (read_ == taken_) {
    if (failure_) std::rethrow_exception(failure_);
    return {};
  }
  const slot& s = slots_[taken_++ % ahead];
  return {s.memory.data(), s.size};
}

void block_reader::read_ahead() {
  set_direct(true);
  std::unique_lock lock{mutex_};
  while (!stopped_ && !ended_) {
    changed_.wait(lock, [this] { return stopped_ || read_ - given_back_ < ahead; });
    if (stopped_) return;
    slot& s = slots_[read_ % ahead];
    lock.unlock();
    std::exception_ptr failure;
    try {
      s.size = read_block(s.memory.data());
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    failure_ = failure;
    if (failure || s.size == 0)
      ended_ = true;
    else
      ++read_;
    changed_.notify_all();
  }
}

void block_reader::set_direct(bool direct) {
  direct_ = posix::set_direct(from_, direct) ? direct : false;
}

/// Reads as much as a block holds, or there is.
std::size_t block_reader::read_block(char* to) {
  std::size_t at = 0;
  while (at < block_size) {
    const ssize_t n = ::read(from_.get(), to + at, block_size - at);
    if (n == 0) break;
    if (n > 0) {
      at += static_cast<std::size_t>(n);
      // What is left of a block may begin anywhere.
      if (at % alignment != 0) set_direct(false);
    } else if (errno == EINVAL && direct_) {
      set_direct(false);
    } else if (errno != EINTR) {
      throw exception(posix::system_error("cannot read '" + path_ + "'", errno));
    }
  }
  return at;
}

}  // namespace weir::checkpoints
