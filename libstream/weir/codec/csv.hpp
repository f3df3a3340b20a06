// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv_column.hpp"
#include "weir/core/result.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

/// How a CSV file differs from RFC 4180. Neither may be or hold a quote, CR or LF, and the null
/// text not the separator.
struct csv_format {
  char separator = ',';
  std::string null_text;  ///< What an unquoted cell says for an optional without a value.
};

/// Tells whether a record that comes in pieces is complete: a quoted cell may hold line ends.
class csv_quotes {
public:
  explicit csv_quotes(char separator = ',') noexcept : separator_(separator) {}

  /// Adds a line of the record; the line end may be left out. Returns whether the record is
  /// complete, that is, no quote is open; then the next line begins a new record.
  bool add(std::string_view piece) noexcept;

private:
  enum class place : std::uint8_t { cell_start, plain, quoted, after_quote };

  char separator_;
  place place_ = place::cell_start;
};

/// Returns whether no quote is open at the end of `text`.
[[nodiscard]] bool csv_is_complete(std::string_view text, char separator = ',') noexcept;

namespace detail {

/// A header line, matched with the columns of a type.
class csv_binding {
public:
  static result<csv_binding> make(std::string_view header, std::span<const csv_column> columns,
                                  csv_format format);

  result<void> parse(std::string_view record, void* out);

private:
  csv_binding(std::span<const csv_column> columns, csv_format format)
      : columns_(columns), format_(std::move(format)) {}

  result<void> set(std::size_t position, std::string_view text, bool quoted, void* out) const;

  static constexpr std::size_t unknown = static_cast<std::size_t>(-1);

  std::span<const csv_column> columns_;
  csv_format format_;
  std::vector<std::size_t> targets_;  ///< The column for each position in the file, or `unknown`.
  std::vector<std::size_t> absent_;   ///< Optional columns that the file lacks.
  std::string unquoted_;              ///< The cell at hand, if it holds doubled quotes.
};

void write_csv_header(std::span<const csv_column> columns, const csv_format& format,
                      std::string& out);
void write_csv_record(std::span<const csv_column> columns, const void* record,
                      const csv_format& format, std::string& out);

}  // namespace detail

/// Fills objects from the records of one CSV file. For one thread.
template <class T>
class csv_reader {
public:
  static_assert(csv_type<T>, "this type has no CSV form (vectors, maps): see weir::csv_type");

  /// Matches the names in `header` with the members of `T`. Columns may come in any order; those
  /// that `T` lacks are skipped. Fails with errc::decode_failed if a column is missing whose member
  /// is not optional, or comes twice, or the line is malformed; with errc::invalid_argument if
  /// `format` is not as `csv_format` says. A byte-order mark is skipped.
  static result<csv_reader> bind(std::string_view header, csv_format format = {}) {
    if constexpr (csv_type<T>) {
      auto bound = detail::csv_binding::make(header, detail::csv_columns<T>(), std::move(format));
      if (!bound) return bound.error();
      return csv_reader{*std::move(bound)};
    } else {
      return error{};
    }
  }

  /// Reads one record, with or without its line end, into `out`. Booleans are true, false, 1 or 0;
  /// time points RFC 3339 or a count of their unit; `bytes` base64; enumerations as in JSON;
  /// optionals are reset for the null text, and quoted text is never null. No blanks are trimmed.
  /// Fails with errc::decode_failed, naming the column, the type expected and the text found, or if
  /// the number of cells is not that of the header; `out` is then valid but unspecified.
  result<void> parse(std::string_view record, T& out) { return binding_.parse(record, &out); }

private:
  explicit csv_reader(detail::csv_binding binding) : binding_(std::move(binding)) {}

  detail::csv_binding binding_;
};

/// Returns the header line for `T`, without a line end.
template <class T>
[[nodiscard]] std::string csv_header(const csv_format& format = {}) {
  static_assert(csv_type<T>, "this type has no CSV form (vectors, maps): see weir::csv_type");
  std::string out;
  if constexpr (csv_type<T>) detail::write_csv_header(detail::csv_columns<T>(), format, out);
  return out;
}

/// Appends `x` as one record without a line end, in the order of `csv_header`; quotes where needed.
/// What is written is read back as an equal value. @pre `format` is as `csv_format` says.
template <class T>
void write_csv(const T& x, std::string& out, const csv_format& format = {}) {
  static_assert(csv_type<T>, "this type has no CSV form (vectors, maps): see weir::csv_type");
  if constexpr (csv_type<T>) detail::write_csv_record(detail::csv_columns<T>(), &x, format, out);
}

}  // namespace weir
