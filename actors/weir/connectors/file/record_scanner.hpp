// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv.hpp"
#include "weir/connectors/file/byte_stream.hpp"
#include "weir/connectors/file/file_kind.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir::file {

/// A record as it stands in a file.
struct raw_record {
  std::string_view text;  ///< Without its line end; lives until the scanner is used again.
  std::uint64_t offset = 0;
  std::uint64_t end = 0;        ///< Behind its line end.
  const char* fault = nullptr;  ///< Why it is rejected without being decoded.
  bool header = false;          ///< The first record of a CSV file.
};

/// Cuts a file's bytes into records: lines, or for CSV lines that are joined while a quote is open.
/// Line ends are \n or \r\n; empty lines and a byte-order mark are skipped. A record longer than
/// the limit is a fault and never held whole. Of a CSV record whose quote is never closed only the
/// first line is a fault; the next line begins a new record. Holds the record at hand and a block
/// of 256 KiB.
class record_scanner {
public:
  record_scanner(file_format format, char separator, std::size_t max_record)
      : csv_(format == file_format::csv), separator_(separator), max_record_(max_record) {}

  /// Begins anew at `offset`; whether a CSV file's header comes next.
  void restart(std::uint64_t offset, bool header_next);
  /// Gives the next record, if it is in memory. Never reads.
  bool next(raw_record& out);
  /// Reads a block; false at the end of the stream.
  bool fill(byte_stream& from);
  /// Says that no more will come: what is left is a record without a line end.
  void finish() noexcept { finished_ = true; }
  /// Drops the first byte at hand.
  void drop_byte() noexcept;

  /// The offset behind all that was given or skipped.
  [[nodiscard]] std::uint64_t position() const noexcept { return position_; }
  [[nodiscard]] std::string_view at_hand() const noexcept {
    return {buffer_.data() + begin_, end_ - begin_};
  }

private:
  enum class found : std::uint8_t { nothing, record, again };

  found scan(raw_record& out);
  found end_of_line(std::size_t text_end, std::size_t line_end, raw_record& out);
  found no_line_end(raw_record& out);
  bool go_on_discarding(raw_record& out);
  void begin_discarding();
  bool closes_record(std::string_view line);
  void give(std::string_view text, std::size_t line_end, const char* fault, raw_record& out);
  found give_first_line(const char* fault, raw_record& out);
  void advance_to(std::size_t index) noexcept;
  [[nodiscard]] std::string_view between(std::size_t from, std::size_t to) const noexcept {
    return {buffer_.data() + from, to - from};
  }

  bool csv_;
  char separator_;
  std::size_t max_record_;

  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< Of the record at hand,
  std::size_t line_ = 0;   ///< of its last line,
  std::size_t seen_ = 0;   ///< and up to where that has no line end.
  std::size_t end_ = 0;
  std::uint64_t position_ = 0;  ///< Of `begin_` in the file.

  csv_quotes quotes_;
  std::size_t first_line_end_ = 0;  ///< Of a CSV record of several lines, else 0.
  bool header_next_ = false;
  bool finished_ = false;
  bool discarding_ = false;  ///< Inside a line that is too long.
  std::uint64_t discarded_from_ = 0;
  std::string kept_;  ///< The beginning of that line.
};

}  // namespace weir::file
