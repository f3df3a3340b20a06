// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/part_file.hpp"

#include "weir/codec/binary.hpp"
#include "weir/posix/descriptor.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace weir::checkpoints {

namespace {

/// Tells the file from others, and its layout from later ones.
constexpr std::string_view magic = "weir state 1\n";

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
  part_reader(posix::descriptor from, const std::string& path, std::uint64_t size)
      : in_(std::move(from), path, size), path_(&path), left_(size) {}

  result<std::vector<snapshot_part>> read_all() {
    if (!at_least(magic.size()).starts_with(magic))
      return damaged(*path_, "it is no state file, or one of a later version");
    rest_.remove_prefix(magic.size());
    std::vector<snapshot_part> parts;
    while (left_ + rest_.size() != 0) {
      part_head head;
      if (!take_head(head) || head.size > left_ + rest_.size())
        return damaged(*path_, "an entry does not decode");
      parts.push_back({std::move(head.operator_id), std::move(head.state), head.kind, head.group,
                       take(head.size), nullptr});
    }
    return parts;
  }
  /// Of the whole file, whatever has been made of it. To be asked once.
  [[nodiscard]] file_sum sum() {
    while (left_ != 0) {
      rest_ = {};
      fill();
    }
    return sum_.sum();
  }

private:
  /// Reads one more block, behind what has not been taken.
  void fill() {
    if (in_held_)
      held_.erase(0, held_.size() - rest_.size());
    else
      held_ = rest_;
    const std::string_view block = in_.next();
    if (block.empty() || block.size() > left_)
      throw exception(damaged(*path_, "its length changed while it was read"));
    left_ -= block.size();
    sum_.add(block.data(), block.size());
    in_held_ = !held_.empty();
    if (in_held_) held_ += block;
    rest_ = in_held_ ? held_ : block;
  }
  /// What has been read and not taken: so many bytes if there are, or more.
  std::string_view at_least(std::size_t wanted) {
    while (rest_.size() < wanted && left_ != 0) fill();
    return rest_;
  }
  bytes take(std::size_t n) {
    bytes data;
    data.reserve(n);
    while (data.size() != n) {
      if (rest_.empty()) fill();
      const auto some = as_bytes(rest_.substr(0, n - data.size()));
      data.insert(data.end(), some.begin(), some.end());
      rest_.remove_prefix(some.size());
    }
    return data;
  }
  bool take_head(part_head& head) {
    for (std::size_t wanted = 4096;; wanted = rest_.size() + 1) {
      byte_reader in{as_bytes(at_least(wanted))};
      if (decode(in, head)) {
        rest_.remove_prefix(rest_.size() - in.remaining());
        return true;
      }
      if (left_ == 0) return false;
    }
  }

  block_reader in_;
  const std::string* path_;
  std::uint64_t left_;     ///< In the file.
  std::string_view rest_;  ///< What has been read and not taken: of the block, or
  std::string held_;       ///< of this, where a head lies across two.
  bool in_held_ = false;
  running_sum sum_;
};

}  // namespace

file_sum sum_of(std::string_view text) {
  running_sum sum;
  sum.add(text.data(), text.size());
  return sum.sum();
}

result<file_sum> write_file(const std::string& path, std::string_view text) {
  auto out = block_writer::open(path);
  if (!out) return out.error();
  if (auto done = out->write(text); !done) return done.error();
  return out->finish();
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
  std::string held(block_size, '\0');
  while (const std::size_t n = posix::read_some(*from, held.data(), held.size(), path))
    sum.add(held.data(), n);
  if (durable)
    if (auto synced = posix::sync(*from, path); !synced) return synced.error();
  return sum.sum();
} catch (const exception& e) {
  return e.why();
}

result<part_writer> part_writer::open(const std::string& path) {
  auto out = block_writer::open(path);
  if (!out) return out.error();
  if (auto done = out->write(magic); !done) return done.error();
  return part_writer{*std::move(out)};
}

result<void> part_writer::add(const snapshot_part& part) {
  head_.clear();
  encode(part_head{part.operator_id, part.state, part.kind, part.group, part.data.size()}, head_);
  if (auto done = out_.write(as_text(head_)); !done) return done;
  return out_.write(as_text(part.data));
}

result<std::vector<snapshot_part>> read_parts(const std::string& path,
                                              const file_sum& expected) try {
  auto from = posix::open_to_read(path);
  if (!from) return from.error();
  const std::uint64_t size = posix::status_of(*from).value_or(posix::file_status{}).size;
  if (size != expected.size)
    return damaged(
        path, "it has " + std::to_string(size) + " of " + std::to_string(expected.size) + " bytes");
  part_reader in{*std::move(from), path, size};
  auto parts = in.read_all();
  // Bytes that are not the written ones may happen to decode, or not to.
  if (in.sum() != expected) return damaged(path, "its checksum differs");
  return parts;
} catch (const exception& e) {
  return e.why();
}

}  // namespace weir::checkpoints
