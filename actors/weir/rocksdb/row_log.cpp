// SPDX-License-Identifier: BSD-3-Clause
#include "weir/rocksdb/row_log.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iterator>
#include <system_error>
#include <utility>

namespace weir::rocks {

namespace {

constexpr std::string_view head{"weirlog\1", 8};
constexpr std::string_view extension{".changes"};
constexpr std::size_t block_bytes = std::size_t{4} << 20;
constexpr std::size_t length_bytes = 4;

[[noreturn]] void damaged(const std::string& path) {
  throw exception({errc::incompatible, "'" + path + "' is no log of rows, or is damaged"});
}

/// Reads a log through a window that moves on.
class log_reader {
public:
  explicit log_reader(const std::string& path)
      : path_(path), file_(posix::open_to_read(path).value()) {
    if (take(head.size()) != head) damaged(path_);
  }

  /// Calls `f(key, row)` for each row.
  template <class F>
  void each(F f) {
    while (!at_end()) {
      key_ = take(length());
      const std::string_view row = take(length());
      if (key_.size() < key_prefix) damaged(path_);
      f(rocksdb::Slice{key_}, rocksdb::Slice{row.data(), row.size()});
    }
  }

private:
  bool at_end() {
    if (at_ == window_.size()) more(1);
    return at_ == window_.size();
  }
  /// The next bytes; they hold until the next call.
  std::string_view take(std::size_t n) {
    if (window_.size() - at_ < n) more(n);
    if (window_.size() - at_ < n) damaged(path_);
    return std::string_view{window_}.substr(std::exchange(at_, at_ + n), n);
  }
  std::size_t length() {
    std::size_t n = 0;
    const std::string_view in = take(length_bytes);
    for (std::size_t i = 0; i < length_bytes; ++i)
      n |= std::size_t{static_cast<std::uint8_t>(in[i])} << 8 * i;
    return n;
  }
  /// Reads on until `n` bytes are there, or the file ends: a length that is wrong must not take
  /// more memory than there is in the file.
  void more(std::size_t n) {
    window_.erase(0, std::exchange(at_, 0));
    while (window_.size() < n) {
      const std::size_t had = window_.size();
      window_.resize(had + block_bytes);
      const std::size_t got = posix::read_some(file_, &window_[had], block_bytes, path_);
      window_.resize(had + got);
      if (got == 0) return;
    }
  }

  std::string path_;
  posix::descriptor file_;
  std::string window_;
  std::size_t at_ = 0;
  std::string key_;
};

/// Hashes and compares the rows of a block, by their numbers, and keys.
struct by_key {
  using is_transparent = void;
  const row_block* rows;

  [[nodiscard]] rocksdb::Slice key(std::size_t i) const { return rows->key(i); }
  [[nodiscard]] static rocksdb::Slice key(const rocksdb::Slice& k) { return k; }

  template <class A>
  std::size_t operator()(const A& a) const {
    return std::hash<std::string_view>{}(key(a).ToStringView());
  }
  template <class A, class B>
  bool operator()(const A& a, const B& b) const {
    return key(a) == key(b);
  }
};

}  // namespace

void row_log::append_sized(const char* data, std::size_t n) {
  for (std::size_t i = 0; i < length_bytes; ++i)
    open_.push_back(static_cast<char>(n >> 8 * i & 0xFF));
  open_.append(data, n);
}

void row_log::add(const row_name& name, std::span<const std::byte> row) {
  if (open_.empty()) open_.reserve(block_bytes + block_bytes / 8);
  key_.clear();
  append_key(name, key_);
  append_sized(key_.data(), key_.size());
  append_sized(reinterpret_cast<const char*>(row.data()), row.size());
  if (open_.size() >= block_bytes) write_block();
}

void row_log::write_block() {
  constexpr std::size_t most = 16;
  bytes_ += open_.size();
  writing_.add(
      [file = file_, path = path_, block = std::exchange(open_, {})] {
        if (!*file) {
          *file = posix::open_to_replace(path).value();
          posix::write_all(file->get(), head, path).value();
        }
        posix::write_all(file->get(), block, path).value();
      },
      most);
}

std::uint64_t row_log::finish() {
  write_block();
  for (std::size_t i = 0; i < writing_.size(); ++i) writing_.get(i);
  *file_ = {};
  return head.size() + bytes_;
}

void row_log::give_up() noexcept {
  writing_ = {};
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

bool is_log(std::string_view name) { return name.ends_with(extension); }

std::string log_name(std::uint64_t number) {
  char name[32];
  std::snprintf(name, sizeof name, "%012llu", static_cast<unsigned long long>(number));
  return name + std::string{extension};
}

row_block rows_of_logs(const std::string& directory, const std::vector<std::string>& names,
                       group_range of) {
  std::vector<std::string> logs;
  std::copy_if(names.begin(), names.end(), std::back_inserter(logs), is_log);
  std::sort(logs.begin(), logs.end(), std::greater<>{});  // the newest first
  row_block newest;
  boost::unordered_flat_set<std::size_t, by_key, by_key> known(0, by_key{&newest}, by_key{&newest});
  for (const std::string& name : logs) {
    std::string path = directory;
    path.append("/").append(name);
    log_reader{path}.each([&](const auto& key, const auto& row) {
      const std::uint32_t group = name_of(key).group;
      if (group < of.first || group >= of.end || known.contains(key)) return;
      newest.add(key, row);
      known.insert(newest.size() - 1);
    });
  }
  newest.sort();
  return newest;
}

}  // namespace weir::rocks
