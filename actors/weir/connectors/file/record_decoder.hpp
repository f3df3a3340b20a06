// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv.hpp"
#include "weir/codec/json.hpp"
#include "weir/connectors/file/file_kind.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

namespace weir::file {

/// Turns the records of one file into events; keeps its memory from record to record.
template <class T>
class record_decoder {
public:
  static_assert(json_type<T> || csv_type<T>,
                "weir: files<T>() wants an event type with a JSON or CSV form: describe it with "
                "BOOST_DESCRIBE_STRUCT (see weir::json_type, weir::csv_type)");

  /// Throws `weir::exception` if `T` can't be read from such a file.
  explicit record_decoder(const file_kind& kind) : kind_(kind) {
    if (kind.format == file_format::csv ? !csv_type<T> : !json_type<T>)
      throw exception({errc::invalid_argument, "an event type without a " +
                                                   std::string{kind.format == file_format::csv
                                                                   ? "CSV form (no vectors or maps)"
                                                                   : "JSON form"} +
                                                   " can't be read from such a file"});
  }

  /// Takes the header line of a CSV file.
  [[nodiscard]] result<void> take_header(std::string_view header) {
    if constexpr (csv_type<T>) {
      auto bound = csv_reader<T>::bind(header, kind_.csv);
      if (!bound) return bound.error();
      csv_ = *std::move(bound);
    }
    return {};
  }

  /// @pre a CSV file's header was taken
  [[nodiscard]] result<void> decode(std::string_view record, T& out) {
    if (kind_.format == file_format::csv) {
      if constexpr (csv_type<T>) return csv_->parse(record, out);
    } else {
      if constexpr (json_type<T>) return json_.parse(record, out);
    }
    return {};
  }

private:
  struct nothing {};
  template <class U>
  struct reader_of {
    using type = nothing;
  };
  template <csv_type U>
  struct reader_of<U> {
    using type = csv_reader<U>;
  };

  file_kind kind_;
  json_reader json_;
  std::optional<typename reader_of<T>::type> csv_;
};

}  // namespace weir::file
