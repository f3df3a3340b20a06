// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/output_file.hpp"

#include "weir/codec/binary.hpp"
#include "weir/connectors/file/append_rows.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

namespace weir::file {

namespace {

constexpr std::size_t write_at = 256 << 10;
constexpr std::string_view ending = ".part";

sink_start start_of(const sink_instance& at) {
  if (at.start) return *at.start;
  return at.attempt == 0 ? sink_start::fresh : sink_start::goes_on;
}

bool take_number(std::string_view& text, std::uint64_t& out) {
  const auto [end, why] = std::from_chars(text.data(), text.data() + text.size(), out);
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return why == std::errc{};
}

result<pending_rows> rows_of(std::span<const std::byte> committable) {
  pending_rows rows;
  byte_reader in{committable};
  if (decode(in, rows)) return rows;
  return error{errc::incompatible, "a saved committable of a file sink is damaged"};
}

}  // namespace

output_file::output_file(std::string path, std::string header, const sink_instance& at)
    : path_(std::move(path)), header_(std::move(header)), start_(start_of(at)) {
  const std::filesystem::path parent = std::filesystem::path{path_}.parent_path();
  directory_ = parent.empty() ? "." : parent.string();
  name_ = std::filesystem::path{path_}.filename().string();
  std::error_code why;
  std::filesystem::create_directories(directory_, why);
  if (why)
    throw exception(
        posix::system_error("cannot make the directory '" + directory_ + "'", why.value()));
  if (start_ == sink_start::goes_on) return;
  // An open file is never part of a checkpoint. A new one says that nothing was committed yet.
  remove_parts(part_kind::open);
  open(0);
}

output_file::~output_file() {
  if (!to_ || rows_.empty()) return;
  if (!posix::write_all(to_.get(), rows_, path_)) (void)posix::cut(to_, size_, path_);
}

void output_file::rows_added() {
  if (!begun_) begin();
  if (!to_) open(base_);
  if (rows_.size() >= write_at) write_out();
}

/// Finds out what is there, once all commits of a restored checkpoint have been made.
void output_file::begin() {
  begun_ = true;
  if (start_ == sink_start::goes_on) return go_on();
  remove_parts(part_kind::prepared);
  if (start_ == sink_start::restored) go_back();
}

/// After a restart without a checkpoint all that was written stands.
void output_file::go_on() {
  const std::vector<part> found = parts();
  for (const part& p : found)
    if (p.kind == part_kind::prepared)
      make_visible(
          {p.path, path_, p.base, posix::status_of(p.path).value_or(posix::file_status{}).size})
          .value();
  const auto is_open = [](const part& p) { return p.kind == part_kind::open; };
  const auto last = std::find_if(found.begin(), found.end(), is_open);
  const bool all_visible = last == found.end();
  exists_ = all_visible || last->base != 0;
  if (all_visible)
    base_ = visible_size();
  else
    open(last->base);
}

/// Rows behind the checkpoint come again.
void output_file::go_back() {
  to_ = {};
  remove_parts(part_kind::open);
  const std::uint64_t visible = visible_size();
  exists_ = resumed_own_ || visible != 0;
  if (!resumed_own_) base_ = visible;
  if (visible <= base_) return;
  auto shown = posix::open_to_append(path_);
  if (!shown) throw exception(shown.error());
  posix::cut(*shown, base_, path_).value();
}

void output_file::open(std::uint64_t base) {
  base_ = base;
  auto opened = posix::open_to_append(open_path());
  if (!opened) throw exception(opened.error());
  to_ = *std::move(opened);
  size_ = posix::status_of(to_).value_or(posix::file_status{}).size;
  if (base_ != 0 || size_ != 0 || header_.empty()) return;
  posix::write_all(to_.get(), header_, path_).value();
  size_ = header_.size();
}

void output_file::write_out() {
  if (!to_) open(base_);
  if (const auto written = posix::write_all(to_.get(), rows_, path_); !written) {
    (void)posix::cut(to_, size_, path_);  // the rows stay in memory, and none is written in part
    throw exception(written.error());
  }
  size_ += rows_.size();
  rows_.clear();
}

result<bytes> output_file::pre_commit(std::uint64_t checkpoint) try {
  if (!begun_) begin();
  pending_rows rows{{}, path_, base_, 0};
  if (!rows_.empty() || !exists_) write_out();
  if (to_ && (size_ != 0 || !exists_)) {
    if (auto durable = posix::sync(to_, path_); !durable) return durable.error();
    rows.pending = part_path(std::to_string(checkpoint) + '.' + std::to_string(base_));
    rows.size = size_;
    if (std::rename(open_path().c_str(), rows.pending.c_str()) != 0)
      return posix::system_error("cannot rename '" + open_path() + "'", errno);
    if (auto durable = posix::sync_directory(directory_); !durable) return durable.error();
    to_ = {};
    exists_ = true;
    base_ += std::exchange(size_, 0);
  }
  bytes encoded;
  encode(rows, encoded);
  return encoded;
} catch (const exception& e) {
  return e.why();
}

result<void> output_file::commit(std::span<const std::byte> committable) {
  const result<pending_rows> rows = rows_of(committable);
  if (!rows) return rows.error();
  if (!begun_) {
    start_ = sink_start::restored;
    if (rows->path == path_) {
      resumed_own_ = true;
      base_ = std::max(base_, rows->base + rows->size);
    }
  }
  return rows->pending.empty() ? result<void>{} : make_visible(*rows);
}

result<void> output_file::make_visible(const pending_rows& rows) const {
  const std::string directory = std::filesystem::path{rows.pending}.parent_path().string();
  if (!posix::status_of(rows.pending)) {  // committed before
    const std::uint64_t shown = posix::status_of(rows.path).value_or(posix::file_status{}).size;
    if (shown >= rows.base + rows.size) return {};
    return error{errc::io_failed,
                 "'" + rows.path + "' lacks committed rows: it has " + std::to_string(shown) +
                     " of " + std::to_string(rows.base + rows.size) + " bytes; put the file back"};
  }
  if (rows.base != 0) {
    if (auto done = append_rows(rows.pending, rows.path, rows.base); !done) return done;
    std::remove(rows.pending.c_str());
  } else if (std::rename(rows.pending.c_str(), rows.path.c_str()) != 0) {
    return posix::system_error("cannot rename '" + rows.pending + "' to '" + rows.path + "'",
                               errno);
  }
  return posix::sync_directory(directory.empty() ? "." : directory);
}

std::string output_file::part_path(const std::string& middle) const {
  return (std::filesystem::path{directory_} / ("." + name_ + "." + middle)).string() +
         std::string{ending};
}

std::string output_file::open_path() const { return part_path(std::to_string(base_) + ".open"); }

std::uint64_t output_file::visible_size() const {
  return posix::status_of(path_).value_or(posix::file_status{}).size;
}

/// The hidden files of this name, in the order of their rows.
std::vector<output_file::part> output_file::parts() const {
  std::vector<part> found;
  const std::string beginning = "." + name_ + ".";
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator{directory_, ignored}) {
    const std::string file = entry.path().filename().string();
    std::string_view rest = file;
    if (!rest.starts_with(beginning) || !rest.ends_with(ending)) continue;
    rest.remove_prefix(beginning.size());
    part p;
    if (rest.size() < ending.size() || !take_number(rest, p.base)) continue;
    if (rest != ".open.part") {
      p.kind = part_kind::prepared;
      p.checkpoint = p.base;
      rest.remove_prefix(1);
      if (!take_number(rest, p.base) || rest != ending) continue;
    }
    p.path = entry.path().string();
    found.push_back(std::move(p));
  }
  std::sort(found.begin(), found.end(), [](const part& a, const part& b) {
    return std::pair{a.base, a.checkpoint} < std::pair{b.base, b.checkpoint};
  });
  return found;
}

void output_file::remove_parts(part_kind kind) const {
  for (const part& p : parts())
    if (p.kind == kind) std::remove(p.path.c_str());
}

}  // namespace weir::file
