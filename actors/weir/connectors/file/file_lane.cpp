// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/file_lane.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace weir::file {

result<void> check_offset(const std::string& path, std::uint64_t offset,
                          const file_options& options) try {
  if (offset == 0) return {};
  const auto kind = kind_of(path, options);
  if (!kind) return kind.error();
  auto opened = posix::open_to_read(path);
  if (!opened) return opened.error();
  const auto stream = open_stream(kind->packed, *std::move(opened), path);
  std::uint64_t left = stream->seek(offset - 1) ? 1 : offset;
  std::array<char, 64 << 10> block;
  char last = '\n';
  while (left != 0) {
    const auto wanted = std::min<std::uint64_t>(block.size(), left);
    const std::size_t got = stream->read(block.data(), static_cast<std::size_t>(wanted));
    if (got == 0)
      return error{errc::invalid_argument,
                   "'" + path + "' ends before byte " + std::to_string(offset)};
    last = block[got - 1];
    left -= got;
  }
  // A last line may have no end, but for one that may still grow.
  if (last == '\n' || (!options.follow && stream->read(block.data(), 1) == 0)) return {};
  return error{errc::invalid_argument, "no line of '" + path + "' begins at byte " +
                                           std::to_string(offset) + ": say where one does"};
} catch (const exception& e) {
  return e.why();
}

file_lane::file_lane(std::string path, std::uint64_t offset, const file_options& options)
    : path_(std::move(path)),
      kind_(kind_of(path_, options).value()),
      follow_(options.follow),
      poll_interval_(options.poll_interval),
      scanner_(kind_.format, kind_.csv.separator, options.max_record),
      resume_at_(offset) {
  scanner_.restart(offset, false);
}

bool file_lane::next(raw_record& out) {
  if (phase_ != phase::reading && phase_ != phase::finishing) return false;
  if (resuming_ || !scanner_.next(out)) return false;
  // A header lies before the offset, and so does what follows it up to there.
  if (out.header && resume_at_ > out.end) phase_ = phase::unopened;
  if (out.header && resume_at_ <= out.end) resume_at_ = 0;
  return true;
}

file_lane::progress file_lane::advance(steady_time now) {
  switch (phase_) {
    case phase::unopened:
      if (stream_ == nullptr) return open();
      resume();
      return progress::more;
    case phase::skipping:
      return skip();
    case phase::reading: {
      const progress made = read();
      return made == progress::ended ? at_end(now) : made;
    }
    case phase::finishing:
      if (follow_) return start_over();
      if (resume_at_ != 0) throw exception(changed("is shorter"));  // not even a header was left
      return progress::ended;
  }
  return progress::ended;
}

file_lane::progress file_lane::open() {
  auto opened = posix::open_to_read(path_);
  if (!opened && follow_ && opened.error().code == errc::not_found) return progress::waiting;
  if (!opened) throw exception(opened.error());
  opened_ = posix::status_of(*opened).value_or(posix::file_status{});
  stream_ = open_stream(kind_.packed, *std::move(opened), path_);
  begin_at(0);
  // The header of a CSV file comes first; JSON lines go on at the offset at once.
  if (kind_.format == file_format::jsonl && resume_at_ != 0) resume();
  return progress::more;
}

void file_lane::begin_at(std::uint64_t offset) {
  scanner_.restart(offset, offset == 0);
  read_to_ = offset;
  phase_ = phase::reading;
  rotated_.reset();
}

/// Goes to the last byte before the offset, to see that it still ends a line.
void file_lane::resume() {
  const std::uint64_t from = resume_at_ - 1;
  scanner_.restart(from, false);
  resuming_ = true;
  if (stream_->seek(from)) {
    read_to_ = from;
    phase_ = phase::reading;
    return;
  }
  stream_ = open_stream(kind_.packed, posix::open_to_read(path_).value(), path_);
  skip_left_ = from;
  phase_ = phase::skipping;
}

file_lane::progress file_lane::skip() {
  std::array<char, 64 << 10> dropped;
  for (int blocks = 0; blocks < 64 && skip_left_ != 0; ++blocks) {
    const auto n = std::min<std::uint64_t>(dropped.size(), skip_left_);
    const std::size_t got = stream_->read(dropped.data(), static_cast<std::size_t>(n));
    if (got == 0) throw exception(changed("is shorter"));
    skip_left_ -= got;
  }
  if (skip_left_ == 0) phase_ = phase::reading;
  return progress::more;
}

file_lane::progress file_lane::read() {
  const std::size_t before = scanner_.at_hand().size();
  const bool got = scanner_.fill(*stream_);
  read_to_ += scanner_.at_hand().size() - before;
  if (resuming_) return check_resumed();
  return got ? progress::more : progress::ended;
}

file_lane::progress file_lane::check_resumed() {
  const std::string_view found = scanner_.at_hand();
  resuming_ = false;
  const bool ends_a_line = found.starts_with('\n');
  // A last line may have no end; a followed one is not given before it has.
  if (ends_a_line || (found.size() == 1 && !follow_)) {
    scanner_.drop_byte();
    resume_at_ = 0;
    return progress::more;
  }
  if (!follow_) throw exception(changed(found.empty() ? "is shorter" : "has changed"));
  resume_at_ = 0;
  stream_->seek(0);
  begin_at(0);
  return progress::more;
}

error file_lane::changed(const std::string& how) const {
  return {errc::incompatible, "'" + path_ + "' " + how + " since it was read to byte " +
                                  std::to_string(resume_at_) +
                                  "; put the old file back, or begin without the checkpoint"};
}

file_lane::progress file_lane::at_end(steady_time now) {
  if (!follow_) {
    scanner_.finish();
    phase_ = phase::finishing;
    return progress::more;
  }
  const std::optional<posix::file_status> named = posix::status_of(path_);
  if (!named) return progress::waiting;
  if (named->same_file(opened_)) {
    rotated_.reset();
    if (named->size >= read_to_) return progress::waiting;
  } else {
    // Who writes to the old file may need a moment to notice.
    if (!rotated_) rotated_ = now;
    if (now - *rotated_ < poll_interval_) return progress::waiting;
  }
  scanner_.finish();  // a line that the old file leaves without an end is its last record
  phase_ = phase::finishing;
  return progress::more;
}

/// The old content is read to its end.
file_lane::progress file_lane::start_over() {
  stream_.reset();
  phase_ = phase::unopened;
  resume_at_ = 0;
  return open();
}

}  // namespace weir::file
