// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_shape.hpp"
#include "weir/codec/json_type.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/core/result.hpp"

#include <memory>
#include <string_view>

namespace weir {

/// Fills objects from JSON text without a tree in between. Kept and reused, it allocates only what
/// the values it fills need. For one thread; a reader that was moved from can only be assigned to.
class json_reader {
public:
  json_reader();
  ~json_reader();
  json_reader(json_reader&&) noexcept;
  json_reader& operator=(json_reader&&) noexcept;

  /// Reads one JSON document, of any type, into `out`:
  ///
  /// - every member of a described class is required, with a default or not, except optionals,
  ///   which are reset where the member is missing or null; unknown members are skipped; of a
  ///   member given twice the last one counts;
  /// - integers are checked for range and may be written as 5.0 or 5e0; floats are rounded to the
  ///   nearest;
  /// - time points are RFC 3339 text (system clock only) or a count of their unit, for `timestamp`
  ///   microseconds; durations a count of their unit;
  /// - described enumerations are names or the number of an enumerator; others a number that fits;
  /// - pairs, tuples and std::array are arrays of exactly their length; `bytes` are base64.
  ///
  /// Fails with errc::decode_failed: the message names the path of the member (`lines[2].price`),
  /// the type expected and what was found, or for text that is not JSON (RFC 8259, UTF-8, nested at
  /// most 128 deep) the byte it breaks off at. `out` is then valid but unspecified.
  template <class T>
  result<void> parse(std::string_view text, T& out) {
    static_assert(json_type<T>, "this type has no JSON form: see weir::json_type");
    if constexpr (json_type<T>)
      return parse_into(text, {&detail::json_shape_of<T>, &out});
    else
      return {};
  }

private:
  struct impl;

  result<void> parse_into(std::string_view text, detail::json_slot root);

  std::unique_ptr<impl> impl_;
};

/// Returns the value that `text` holds; see `json_reader::parse`. For many texts keep a reader.
template <class T>
[[nodiscard]] result<T> from_json(std::string_view text) {
  T value{};
  const result<void> parsed = json_reader{}.parse(text, value);
  if (!parsed) return parsed.error();
  return value;
}

}  // namespace weir
