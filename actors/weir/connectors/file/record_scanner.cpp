// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/file/record_scanner.hpp"

#include <algorithm>
#include <cstring>

namespace weir::file {

namespace {

constexpr std::size_t block_size = 256 << 10;
constexpr std::size_t kept_of_discarded = 64 << 10;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr const char* too_long = "the record is longer than the limit (file_options::max_record)";
constexpr const char* never_closed = "malformed CSV: a quote is never closed";

std::string_view without_line_end(std::string_view line) noexcept {
  if (line.ends_with('\n')) line.remove_suffix(1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace

void record_scanner::restart(std::uint64_t offset, bool header_next) {
  begin_ = line_ = seen_ = end_ = first_line_end_ = 0;
  position_ = offset;
  quotes_ = csv_quotes{separator_};
  header_next_ = csv_ && header_next;
  finished_ = discarding_ = false;
}

bool record_scanner::fill(byte_stream& from) {
  if (begin_ != 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    line_ -= begin_;
    seen_ -= begin_;
    end_ -= begin_;
    first_line_end_ -= std::min(first_line_end_, begin_);
    begin_ = 0;
  }
  if (buffer_.size() - end_ < block_size)
    buffer_.resize(std::max(2 * buffer_.size(), end_ + block_size));
  const std::size_t n = from.read(buffer_.data() + end_, block_size);
  end_ += n;
  return n != 0;
}

void record_scanner::drop_byte() noexcept { advance_to(begin_ + 1); }

bool record_scanner::next(raw_record& out) {
  found what = found::again;
  while (what == found::again) what = scan(out);
  return what == found::record;
}

record_scanner::found record_scanner::scan(raw_record& out) {
  if (discarding_) return go_on_discarding(out) ? found::record : found::nothing;
  if (seen_ < end_) {
    const void* at = std::memchr(buffer_.data() + seen_, '\n', end_ - seen_);
    if (at != nullptr) {
      const auto line_end =
          static_cast<std::size_t>(static_cast<const char*>(at) - buffer_.data()) + 1;
      return end_of_line(line_end - 1, line_end, out);
    }
    seen_ = end_;
  }
  return no_line_end(out);
}

record_scanner::found record_scanner::no_line_end(raw_record& out) {
  constexpr std::size_t line_end_size = 2;
  if (end_ - begin_ > max_record_ + line_end_size) {
    if (first_line_end_ != 0) return give_first_line(never_closed, out);
    begin_discarding();
    return found::again;
  }
  if (!finished_ || begin_ == end_) return found::nothing;
  if (line_ != end_) return end_of_line(end_, end_, out);
  return give_first_line(never_closed, out);
}

record_scanner::found record_scanner::end_of_line(std::size_t text_end, std::size_t line_end,
                                                  raw_record& out) {
  const bool complete = closes_record(between(line_, line_end));
  const std::string_view text = without_line_end(between(begin_, text_end));
  if (text.size() > max_record_ && first_line_end_ != 0) return give_first_line(never_closed, out);
  if (!complete && line_end == text_end) {  // no more will come
    if (first_line_end_ == 0) first_line_end_ = line_end;
    return give_first_line(never_closed, out);
  }
  if (!complete) {
    if (first_line_end_ == 0) first_line_end_ = line_end;
    line_ = seen_ = line_end;
    return found::again;
  }
  const bool skipped = text.empty() || (position_ == 0 && text == byte_order_mark);
  if (skipped) {
    advance_to(line_end);
    return found::again;
  }
  give(text, line_end, text.size() > max_record_ ? too_long : nullptr, out);
  return found::record;
}

/// Most lines hold no quote and are a record.
bool record_scanner::closes_record(std::string_view line) {
  if (!csv_) return true;
  const bool no_quote = std::memchr(line.data(), '"', line.size()) == nullptr;
  if (no_quote && first_line_end_ == 0) return true;
  if (position_ == 0 && line_ == begin_ && line.starts_with(byte_order_mark))
    line.remove_prefix(byte_order_mark.size());
  return quotes_.add(line);
}

void record_scanner::give(std::string_view text, std::size_t line_end, const char* fault,
                          raw_record& out) {
  if (position_ == 0 && text.starts_with(byte_order_mark))
    text.remove_prefix(byte_order_mark.size());
  out = {text, position_, 0, fault, std::exchange(header_next_, false)};
  advance_to(line_end);
  out.end = position_;
}

record_scanner::found record_scanner::give_first_line(const char* fault, raw_record& out) {
  const std::size_t line_end = first_line_end_;
  quotes_ = csv_quotes{separator_};
  give(without_line_end(between(begin_, line_end)), line_end, fault, out);
  return found::record;
}

void record_scanner::advance_to(std::size_t index) noexcept {
  position_ += index - begin_;
  begin_ = line_ = seen_ = index;
  first_line_end_ = 0;
}

void record_scanner::begin_discarding() {
  discarding_ = true;
  discarded_from_ = position_;
  kept_.clear();
  quotes_ = csv_quotes{separator_};
}

bool record_scanner::go_on_discarding(raw_record& out) {
  const std::string_view rest = at_hand();
  const std::size_t line_end = rest.find('\n');
  const bool ends = line_end != rest.npos;
  if (kept_.size() < kept_of_discarded)
    kept_.append(rest.substr(0, std::min(line_end, kept_of_discarded - kept_.size())));
  advance_to(ends ? begin_ + line_end + 1 : end_);
  if (!ends && !finished_) return false;
  discarding_ = false;
  out = {without_line_end(kept_), discarded_from_, position_, too_long,
         std::exchange(header_next_, false)};
  return true;
}

}  // namespace weir::file
