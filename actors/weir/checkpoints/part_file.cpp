// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/part_file.hpp"

#include "weir/codec/binary.hpp"
#include "weir/posix/descriptor.hpp"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace weir::checkpoints {

namespace {

constexpr std::size_t block = 1 << 20;
/// Tells the file from others, and its layout from later ones.
constexpr std::string_view magic = "weir state 1\n";

class running_sum {
public:
  running_sum() : state_(XXH3_createState()) { XXH3_64bits_reset(state_.get()); }
  void add(const void* from, std::size_t n) {
    XXH3_64bits_update(state_.get(), from, n);
    size_ += n;
  }
  [[nodiscard]] file_sum sum() const { return {size_, XXH3_64bits_digest(state_.get())}; }

private:
  struct free_state {
    void operator()(XXH3_state_t* s) const { XXH3_freeState(s); }
  };
  std::unique_ptr<XXH3_state_t, free_state> state_;
  std::uint64_t size_ = 0;
};

class block_writer {
public:
  block_writer(const posix::descriptor& to, const std::string& path) : to_(&to), path_(&path) {}

  result<void> write(std::string_view text) {
    sum_.add(text.data(), text.size());
    if (held_.size() + text.size() < block) {
      held_ += text;
      return {};
    }
    if (auto done = flush(); !done || text.size() < block / 2) {
      held_ = text;
      return done;
    }
    return posix::write_all(to_->get(), text, *path_);
  }
  result<void> flush() {
    auto done = posix::write_all(to_->get(), held_, *path_);
    held_.clear();
    return done;
  }
  [[nodiscard]] file_sum sum() const { return sum_.sum(); }

private:
  const posix::descriptor* to_;
  const std::string* path_;
  std::string held_;
  running_sum sum_;
};

result<file_sum> finish(block_writer& out, const posix::descriptor& to, const std::string& path) {
  if (auto done = out.flush(); !done) return done.error();
  if (auto durable = posix::sync(to, path); !durable) return durable.error();
  return out.sum();
}

/// What stands before a part's data.
struct part_head {
  std::string operator_id;
  std::string state;
  state_kind kind = state_kind::list;
  key_group group = 0;
  std::uint64_t size = 0;
};
BOOST_DESCRIBE_STRUCT(part_head, (), (operator_id, state, kind, group, size))

error damaged(const std::string& path, const std::string& how) {
  return {errc::incompatible, "'" + path + "' is damaged: " + how};
}

/// Reads a file of parts from front to back, each part's data to where it stays.
class part_reader {
public:
  part_reader(const posix::descriptor& from, const std::string& path, std::uint64_t size)
      : from_(&from), path_(&path), left_(size) {}

  result<std::vector<snapshot_part>> read_all() {
    if (!text_left(magic.size()).starts_with(magic))
      return damaged(*path_, "it is no state file, or one of a later version");
    used_ += magic.size();
    std::vector<snapshot_part> parts;
    while (left_ + held() != 0) {
      part_head head;
      if (!take_head(head) || head.size > left_ + held())
        return damaged(*path_, "an entry does not decode");
      bytes data(head.size);
      take(data);
      parts.push_back({std::move(head.operator_id), std::move(head.state), head.kind, head.group,
                       std::move(data), nullptr});
    }
    return parts;
  }
  /// Of the whole file, whatever has been made of it. To be asked once.
  [[nodiscard]] file_sum sum() {
    while (left_ != 0) {
      used_ = held_.size();
      fill();
    }
    return sum_.sum();
  }

private:
  [[nodiscard]] std::size_t held() const { return held_.size() - used_; }
  /// What has been read and not taken: so many bytes if there are, or more.
  std::string_view text_left(std::size_t wanted) {
    while (held() < wanted && left_ != 0) fill();
    return std::string_view{held_}.substr(used_);
  }
  /// Reads one more block.
  void fill() {
    held_.erase(0, std::exchange(used_, 0));
    const std::size_t before = held_.size();
    held_.resize(before + static_cast<std::size_t>(std::min<std::uint64_t>(left_, block)));
    read(held_.data() + before, held_.size() - before);
  }
  void take(std::span<std::byte> to) {
    const std::size_t n = std::min(held(), to.size());
    if (n != 0) std::memcpy(to.data(), held_.data() + used_, n);
    used_ += n;
    to = to.subspan(n);
    read(reinterpret_cast<char*>(to.data()), to.size());
  }
  bool take_head(part_head& head) {
    for (std::size_t wanted = 4096;; wanted = held() + block) {
      byte_reader in{as_bytes(text_left(wanted))};
      if (decode(in, head)) {
        used_ = held_.size() - in.remaining();
        return true;
      }
      if (left_ == 0) return false;
    }
  }
  void read(char* to, std::size_t n) {
    for (std::size_t at = 0; at < n;) {
      const std::size_t got = posix::read_some(*from_, to + at, std::min(n - at, block), *path_);
      if (got == 0) throw exception(damaged(*path_, "it became shorter while it was read"));
      sum_.add(to + at, got);  // while it is in the processor's cache
      at += got;
    }
    left_ -= n;
  }

  const posix::descriptor* from_;
  const std::string* path_;
  std::uint64_t left_;  ///< In the file.
  std::string held_;
  std::size_t used_ = 0;  ///< Of what is held.
  running_sum sum_;
};

}  // namespace

file_sum sum_of(std::string_view text) {
  return {text.size(), XXH3_64bits(text.data(), text.size())};
}

result<file_sum> write_file(const std::string& path, std::string_view text) {
  auto to = posix::open_to_replace(path);
  if (!to) return to.error();
  block_writer out{*to, path};
  if (auto done = out.write(text); !done) return done.error();
  return finish(out, *to, path);
}

result<std::string> read_file(const std::string& path) try {
  auto from = posix::open_to_read(path);
  if (!from) return from.error();
  std::string text(posix::status_of(*from).value_or(posix::file_status{}).size, '\0');
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t n = posix::read_some(*from, text.data() + at, text.size() - at, path);
    if (n == 0) break;
    at += n;
  }
  text.resize(at);
  return text;
} catch (const exception& e) {
  return e.why();
}

result<file_sum> sum_of_file(const std::string& path, bool durable) try {
  auto from = posix::open_to_read(path);
  if (!from) return from.error();
  running_sum sum;
  std::string held(block, '\0');
  while (const std::size_t n = posix::read_some(*from, held.data(), held.size(), path))
    sum.add(held.data(), n);
  if (durable)
    if (auto synced = posix::sync(*from, path); !synced) return synced.error();
  return sum.sum();
} catch (const exception& e) {
  return e.why();
}

result<file_sum> write_parts(const std::string& path, const std::vector<snapshot_part>& parts) {
  auto to = posix::open_to_replace(path);
  if (!to) return to.error();
  block_writer out{*to, path};
  if (auto done = out.write(magic); !done) return done.error();
  bytes head;
  for (const snapshot_part& p : parts) {
    head.clear();
    encode(part_head{p.operator_id, p.state, p.kind, p.group, p.data.size()}, head);
    if (auto done = out.write(as_text(head)); !done) return done.error();
    if (auto done = out.write(as_text(p.data)); !done) return done.error();
  }
  return finish(out, *to, path);
}

result<std::vector<snapshot_part>> read_parts(const std::string& path,
                                              const file_sum& expected) try {
  auto from = posix::open_to_read(path);
  if (!from) return from.error();
  const std::uint64_t size = posix::status_of(*from).value_or(posix::file_status{}).size;
  if (size != expected.size)
    return damaged(
        path, "it has " + std::to_string(size) + " of " + std::to_string(expected.size) + " bytes");
  part_reader in{*from, path, size};
  auto parts = in.read_all();
  // Bytes that are not the written ones may happen to decode, or not to.
  if (in.sum() != expected) return damaged(path, "its checksum differs");
  return parts;
} catch (const exception& e) {
  return e.why();
}

}  // namespace weir::checkpoints
