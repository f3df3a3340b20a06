// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_type.hpp"
#include "weir/codec/text_form.hpp"

#include <cmath>
#include <string>
#include <string_view>

namespace weir {

namespace detail {

/// Appends `text` as a JSON string. Control characters, quotes and backslashes are escaped; each
/// byte that is not part of valid UTF-8 becomes U+FFFD.
void write_json_string(std::string_view text, std::string& out);

template <floating F>
void write_json_float(F x, std::string& out) {
  if (!std::isfinite(x))
    out += "null";
  else if (x == 0 && std::signbit(x))
    out += "-0.0";  // "-0" would be read as an integer and lose its sign
  else
    write_number(x, out);
}

template <scalar T>
void write_json_scalar(const T& x, std::string& out) {
  if constexpr (floating<number_type<T>>) {
    write_json_float(number_of(x), out);
  } else if constexpr (described_enum<T> || calendar_time<T>) {  // a name or time needs no escape
    const std::size_t from = out.size();
    out += '"';
    if (write_scalar_text(x, out))
      out += '"';
    else
      out.erase(from, 1);
  } else {
    write_scalar_text(x, out);
  }
}

template <class T>
void write_json_value(const T& x, std::string& out);

template <class T>
void write_json_items(const T& x, std::string& out) {
  char separator = '[';
  const auto add = [&]<class E>(const E& e) {
    out += separator;
    separator = ',';
    write_json_value<E>(e, out);
  };
  if constexpr (tuple_type<T>)
    std::apply([&](const auto&... e) { (add(e), ...); }, x);
  else
    for (const typename T::value_type& e : x) add(e);
  if (separator == '[') out += '[';
  out += ']';
}

template <class T>
void write_json_members(const T& x, std::string& out) {
  char separator = '{';
  const auto next = [&] {
    out += separator;
    separator = ',';
  };
  if constexpr (map_type<T>) {
    for (const auto& [key, value] : x) {
      next();
      write_json_string(key, out);
      out += ':';
      write_json_value(value, out);
    }
  } else {
    for_each_member<T>([&](auto d) {  // a C++ name needs no escape
      next();
      out += '"';
      out += d.name;
      out += "\":";
      write_json_value(x.*d.pointer, out);
    });
  }
  if (separator == '{') out += '{';
  out += '}';
}

template <class T>
void write_json_value(const T& x, std::string& out) {
  if constexpr (has_codec<T>) {
    std::string text;
    write_custom(x, text);
    write_json_string(text, out);
  } else if constexpr (std::same_as<T, bool>) {
    out += x ? "true" : "false";
  } else if constexpr (scalar<T>) {
    write_json_scalar(x, out);
  } else if constexpr (text<T>) {
    write_json_string(x, out);
  } else if constexpr (blob<T>) {
    out += '"';
    write_base64(x, out);
    out += '"';
  } else if constexpr (optional_type<T>) {
    if (x)
      write_json_value(*x, out);
    else
      out += "null";
  } else if constexpr (list_type<T> || array_type<T> || tuple_type<T>) {
    write_json_items(x, out);
  } else {
    write_json_members(x, out);
  }
}

}  // namespace detail

/// Appends `x` as JSON without spaces: described classes and maps as objects, vectors, arrays,
/// pairs and tuples as arrays, described enumerators by name (others by number), time points of the
/// system clock as RFC 3339 in UTC (as a count where that would lose something: years beyond 9999,
/// units below a microsecond), other time points and durations as counts, `bytes` in base64,
/// an empty optional, NaN and infinities as null. Text is escaped; a byte that is not UTF-8
/// becomes U+FFFD.
template <class T>
void write_json(const T& x, std::string& out) {
  static_assert(json_type<T>, "this type has no JSON form: see weir::json_type");
  if constexpr (json_type<T>) detail::write_json_value(x, out);
}

/// Returns what `write_json` appends.
template <class T>
[[nodiscard]] std::string to_json(const T& x) {
  std::string out;
  write_json(x, out);
  return out;
}

}  // namespace weir
