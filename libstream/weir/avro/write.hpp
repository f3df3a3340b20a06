// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/avro_type.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/error.hpp"

#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>

namespace weir::avro {

namespace detail {

/// Zigzag, then seven bits a byte, the lowest first.
inline void write_long(std::int64_t x, std::string& out) {
  auto left = (static_cast<std::uint64_t>(x) << 1U) ^ static_cast<std::uint64_t>(x >> 63);
  char text[10];
  std::size_t n = 0;
  for (; left >= 0x80; left >>= 7U) text[n++] = static_cast<char>(left | 0x80U);
  text[n++] = static_cast<char>(left);
  out.append(text, n);
}

/// Little-endian, as this library's machines are.
template <floating F>
void write_float(F x, std::string& out) {
  char text[sizeof x];
  std::memcpy(text, &x, sizeof x);
  out.append(text, sizeof x);
}

inline void write_block(std::string_view text, std::string& out) {
  write_long(static_cast<std::int64_t>(text.size()), out);
  out += text;
}

[[noreturn]] inline void cant_write(const char* what) {
  throw exception({errc::invalid_argument, std::string{"avro: "} + what + " can't be written"});
}

template <scalar T>
void write_scalar(const T& x, std::string& out) {
  using number = number_type<T>;
  if constexpr (described_enum<T>) {
    for (std::size_t i = 0; i < enum_names<T>.size(); ++i)
      if (enum_names<T>[i].value == x) return write_long(static_cast<std::int64_t>(i), out);
    cant_write("a number that is no enumerator");
  } else if constexpr (floating<number>) {
    write_float(number_of(x), out);
  } else {
    constexpr time_form form = time_form_of<T>();
    std::int64_t n = 0;
    if constexpr (std::same_as<number, bool>)
      n = number_of(x) ? 1 : 0;
    else if (!narrow(number_of(x), n))
      cant_write("an integer above 2^63 - 1");
    if (form.factor != 1 && __builtin_mul_overflow(n, form.factor, &n))
      cant_write("a time that far away");
    if (form.unit == time_unit::days && n != static_cast<std::int32_t>(n))
      cant_write("a date that far away");
    write_long(n, out);
  }
}

template <class T>
void write_value(const T& x, std::string& out);

template <class T>
void write_items(const T& x, std::string& out) {
  if (x.empty()) {
    out += '\0';
    return;
  }
  write_long(static_cast<std::int64_t>(x.size()), out);
  if constexpr (map_type<T>) {
    for (const auto& [key, value] : x) {
      write_block(key, out);
      write_value(value, out);
    }
  } else {
    for (const typename T::value_type& e : x) write_value<typename T::value_type>(e, out);
  }
  out += '\0';
}

template <class T>
void write_value(const T& x, std::string& out) {
  if constexpr (has_codec<T>) {
    bytes data;
    codec<T>::encode(x, data);
    write_block(as_text(data), out);
  } else if constexpr (std::same_as<T, std::monostate>) {
    return;
  } else if constexpr (std::same_as<T, bool>) {
    out += x ? '\1' : '\0';
  } else if constexpr (scalar<T>) {
    write_scalar(x, out);
  } else if constexpr (text<T>) {
    write_block(x, out);
  } else if constexpr (blob<T>) {
    write_block(as_text(x), out);
  } else if constexpr (optional_type<T>) {
    write_long(x ? 1 : 0, out);
    if (x) write_value(*x, out);
  } else if constexpr (variant_type<T>) {
    write_long(static_cast<std::int64_t>(x.index()), out);
    std::visit([&]<class A>(const A& a) { write_value<A>(a, out); }, x);
  } else if constexpr (list_type<T> || array_type<T> || map_type<T>) {
    write_items(x, out);
  } else {
    for_each_member<T>([&](auto d) { write_value(x.*d.pointer, out); });
  }
}

}  // namespace detail

/// Appends `x` in Avro's binary form, by the schema that `schema_text<T>()` is. Throws
/// `weir::exception` for what that can't say: an integer above 2^63 - 1, a number that is no
/// enumerator, a time out of range.
template <avro_type T>
void write(const T& x, std::string& out) {
  detail::write_value(x, out);
}

}  // namespace weir::avro
