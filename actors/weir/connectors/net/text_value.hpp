// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv_column.hpp"
#include "weir/codec/json.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/core/result.hpp"

#include <string>
#include <string_view>

namespace weir::net {

/// A value as a key, a field or a message of another system: text as it is, other single values as
/// in CSV, and all else as JSON.
template <class T>
concept text_value = detail::is_csv_cell<T>() || json_type<T>;

template <text_value T>
void append_text(const T& x, std::string& out) {
  if constexpr (detail::is_csv_cell<T>())
    detail::write_cell(x, out);
  else
    write_json(x, out);
}

template <text_value T>
[[nodiscard]] std::string as_text(const T& x) {
  std::string out;
  append_text(x, out);
  return out;
}

/// Reads what `append_text` writes. `reader` is for JSON.
template <text_value T>
[[nodiscard]] result<void> read_text(std::string_view text, T& out, json_reader& reader) {
  if constexpr (detail::is_csv_cell<T>()) {
    if (detail::read_cell(text, out)) return {};
    std::string expected;
    detail::describe_expected<T>(expected);
    return error{errc::decode_failed,
                 "'" + std::string{text.substr(0, 40)} + "' is no " + expected};
  } else {
    return reader.parse(text, out);
  }
}

}  // namespace weir::net
