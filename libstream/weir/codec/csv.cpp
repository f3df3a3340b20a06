// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/csv.hpp"

#include "weir/codec/json_write.hpp"

#include <algorithm>

namespace weir {

namespace {

constexpr char quote = '"';

error malformed(std::string why) {
  return {errc::decode_failed, "malformed CSV: " + std::move(why)};
}

std::string found(std::string_view text) {
  constexpr std::size_t enough = 40;
  std::string out;
  detail::write_json_string(text.substr(0, enough), out);
  return text.size() > enough ? out + "..." : out;
}

bool is_special(char c, char separator) noexcept {
  return c == separator || c == quote || c == '\r' || c == '\n';
}

bool is_valid(const csv_format& format) noexcept {
  return format.separator != quote && format.separator != '\r' && format.separator != '\n' &&
         std::none_of(format.null_text.begin(), format.null_text.end(),
                      [&](char c) { return is_special(c, format.separator); });
}

std::string_view without_line_end(std::string_view record) noexcept {
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

struct cell {
  std::string_view text;
  bool quoted = false;
};

/// Takes a record apart.
class cells {
public:
  cells(std::string_view record, char separator) noexcept
      : rest_(without_line_end(record)), separator_(separator) {}

  [[nodiscard]] bool at_end() const noexcept { return at_end_; }

  /// Gives the next cell; it lives as long as the record and until `buffer` changes. Answers why
  /// not if the cell is malformed.
  const char* next(cell& out, std::string& buffer) {
    out.quoted = rest_.starts_with(quote);
    if (out.quoted) {
      if (!take_quoted(out.text, buffer)) return "a quote is never closed";
    } else {
      const std::size_t end = std::min(rest_.find(separator_), rest_.size());
      out.text = rest_.substr(0, end);
      rest_.remove_prefix(end);
      if (out.text.find(quote) != out.text.npos) return "a quote inside a cell that is not quoted";
    }
    at_end_ = rest_.empty();
    if (at_end_) return nullptr;
    if (rest_.front() != separator_) return "text after a closing quote";
    rest_.remove_prefix(1);
    return nullptr;
  }

private:
  bool take_quoted(std::string_view& out, std::string& buffer) {
    rest_.remove_prefix(1);
    buffer.clear();
    for (;;) {
      const std::size_t end = rest_.find(quote);
      if (end == rest_.npos) return false;
      const bool doubled = end + 1 < rest_.size() && rest_[end + 1] == quote;
      if (!doubled && buffer.empty()) {
        out = rest_.substr(0, end);
      } else {
        buffer.append(rest_, 0, end + (doubled ? 1 : 0));
        out = buffer;
      }
      rest_.remove_prefix(end + (doubled ? 2 : 1));
      if (!doubled) return true;
    }
  }

  std::string_view rest_;
  char separator_;
  bool at_end_ = false;
};

/// Quotes what was appended after `from` if it would be read as something else.
void quote_if_needed(std::size_t from, const csv_format& format, bool force, std::string& out) {
  const auto begin = out.begin() + static_cast<std::ptrdiff_t>(from);
  if (!force &&
      std::none_of(begin, out.end(), [&](char c) { return is_special(c, format.separator); }))
    return;
  const std::string text = out.substr(from);
  out.resize(from);
  out += quote;
  for (const char c : text) {
    if (c == quote) out += quote;
    out += c;
  }
  out += quote;
}

}  // namespace

bool csv_quotes::add(std::string_view piece) noexcept {
  for (const char c : piece) {
    if (place_ == place::quoted)
      place_ = c == quote ? place::after_quote : place::quoted;
    else if (c == separator_ || c == '\n')
      place_ = place::cell_start;
    else if (c == quote && place_ != place::plain)
      place_ = place::quoted;
    else
      place_ = place::plain;
  }
  if (place_ == place::quoted) return false;
  place_ = place::cell_start;
  return true;
}

bool csv_is_complete(std::string_view text, char separator) noexcept {
  return csv_quotes{separator}.add(text);
}

namespace detail {

result<csv_binding> csv_binding::make(std::string_view header, std::span<const csv_column> columns,
                                      csv_format format) {
  if (!is_valid(format))
    return error{errc::invalid_argument,
                 "the separator or null text of a CSV format holds a quote, line end or separator"};
  csv_binding made{columns, std::move(format)};
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  if (header.starts_with(byte_order_mark)) header.remove_prefix(byte_order_mark.size());
  std::vector<bool> seen(columns.size());
  for (cells in{header, made.format_.separator}; !in.at_end();) {
    cell name;
    if (const char* why = in.next(name, made.unquoted_)) return malformed(why);
    const auto at = std::find_if(columns.begin(), columns.end(),
                                 [&](const csv_column& c) { return c.name == name.text; });
    const auto index = static_cast<std::size_t>(at - columns.begin());
    made.targets_.push_back(at == columns.end() ? unknown : index);
    if (at == columns.end()) continue;
    if (seen[index])
      return error{errc::decode_failed, "column " + at->name + " comes twice in the CSV header"};
    seen[index] = true;
  }
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (seen[i]) continue;
    made.absent_.push_back(i);
    if (columns[i].reset != nullptr) continue;
    std::string why = "column " + columns[i].name + " is missing in the CSV header; expected ";
    columns[i].expected(why);
    return error{errc::decode_failed, std::move(why)};
  }
  return made;
}

result<void> csv_binding::parse(std::string_view record, void* out) {
  std::size_t position = 0;
  for (cells in{record, format_.separator}; !in.at_end(); ++position) {
    cell at_hand;
    if (const char* why = in.next(at_hand, unquoted_))
      return malformed("cell " + std::to_string(position + 1) + ": " + why);
    if (position == targets_.size())
      return malformed("more than the " + std::to_string(targets_.size()) + " cells of the header");
    if (targets_[position] == unknown) continue;
    if (auto done = set(position, at_hand.text, at_hand.quoted, out); !done) return done;
  }
  if (position != targets_.size())
    return malformed(std::to_string(position) + " cells where the header has " +
                     std::to_string(targets_.size()));
  for (const std::size_t i : absent_) columns_[i].reset(out);
  return {};
}

result<void> csv_binding::set(std::size_t position, std::string_view text, bool quoted,
                              void* out) const {
  const csv_column& column = columns_[targets_[position]];
  if (column.reset != nullptr && !quoted && text == format_.null_text) {
    column.reset(out);
    return {};
  }
  if (column.set(out, text)) return {};
  std::string why = "column " + column.name + ": expected ";
  column.expected(why);
  return error{errc::decode_failed, why + ", found " + found(text)};
}

void write_csv_header(std::span<const csv_column> columns, const csv_format& format,
                      std::string& out) {
  for (const csv_column& column : columns) {
    if (&column != columns.data()) out += format.separator;
    const std::size_t from = out.size();
    out += column.name;
    quote_if_needed(from, format, false, out);
  }
}

void write_csv_record(std::span<const csv_column> columns, const void* record,
                      const csv_format& format, std::string& out) {
  for (const csv_column& column : columns) {
    if (&column != columns.data()) out += format.separator;
    const std::size_t from = out.size();
    if (!column.write(record, out)) {
      out += format.null_text;
      continue;
    }
    const bool looks_null =
        column.reset != nullptr && std::string_view{out}.substr(from) == format.null_text;
    const bool looks_blank = columns.size() == 1 && out.size() == from;
    quote_if_needed(from, format, looks_null || looks_blank, out);
  }
}

}  // namespace detail

}  // namespace weir
