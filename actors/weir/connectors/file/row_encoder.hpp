// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv.hpp"
#include "weir/codec/json.hpp"
#include "weir/connectors/file/file_options.hpp"

#include <exception>
#include <optional>
#include <string>
#include <utility>

namespace weir::file {

/// Writes events as rows of text.
template <class T>
class row_encoder {
public:
  static_assert(json_type<T> || csv_type<T>,
                "weir: a file sink wants an event type with a JSON or CSV form: describe it with "
                "BOOST_DESCRIBE_STRUCT (see weir::json_type, weir::csv_type)");

  /// Throws `weir::exception` if `T` has no such form.
  row_encoder(file_format format, csv_format csv) : format_(format), csv_(std::move(csv)) {
    if (format == file_format::csv ? !csv_type<T> : !json_type<T>)
      throw exception({errc::invalid_argument,
                       format == file_format::csv
                           ? "an event type with vectors or maps can't be written as CSV; use "
                             "file_format::jsonl"
                           : "the event type has no JSON form; use file_format::csv"});
  }

  /// What a file begins with, line end included.
  [[nodiscard]] std::string header() const {
    if constexpr (csv_type<T>)
      if (format_ == file_format::csv) return csv_header<T>(csv_) + '\n';
    return {};
  }

  /// Appends a row and its line end, or nothing and says why.
  [[nodiscard]] std::optional<error> append(const T& event, std::string& out) const {
    const std::size_t before = out.size();
    try {
      if (format_ == file_format::csv) {
        if constexpr (csv_type<T>) write_csv(event, out, csv_);
      } else {
        if constexpr (json_type<T>) write_json(event, out);
      }
    } catch (const std::exception& e) {  // a type's own codec may throw
      out.resize(before);
      return error{errc::stage_failed, e.what()};
    }
    out += '\n';
    return std::nullopt;
  }

private:
  file_format format_;
  csv_format csv_;
};

}  // namespace weir::file
