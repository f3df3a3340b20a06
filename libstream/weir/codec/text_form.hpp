// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/base64.hpp"
#include "weir/codec/binary.hpp"
#include "weir/codec/rfc3339.hpp"
#include "weir/codec/schema.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>
#include <ratio>
#include <string>
#include <string_view>
#include <utility>

/// How single values look as text; what JSON and CSV have in common.
namespace weir::detail {

/// Stores `v` in `out` if it fits.
template <integer N, std::integral V>
constexpr bool narrow(V v, N& out) noexcept {
  using wide = std::conditional_t<std::is_signed_v<N>, std::int64_t, std::uint64_t>;
  if (std::cmp_less(v, static_cast<wide>(std::numeric_limits<N>::min())) ||
      std::cmp_greater(v, static_cast<wide>(std::numeric_limits<N>::max())))
    return false;
  out = static_cast<N>(v);
  return true;
}

/// A whole number of a size that double holds exactly counts as an integer.
template <integer N>
bool narrow(double v, N& out) noexcept {
  constexpr double exact = 9007199254740992;  // 2^53
  return std::abs(v) <= exact && std::trunc(v) == v && narrow(static_cast<std::int64_t>(v), out);
}

/// Returns whether a decimal number that no float can hold lies near 0 rather than near infinity.
bool is_tiny(std::string_view text) noexcept;

/// Reads all of `text` as a decimal number; floats also take `inf` and `nan`. A float too small to
/// be told from 0 is 0; one too large is refused.
template <number N>
bool read_number(std::string_view text, N& out) noexcept {
  const char* end = text.data() + text.size();
  if constexpr (floating<N>) {
    N value{};
    const auto [at, code] = std::from_chars(text.data(), end, value);
    if (at != end || code == std::errc::invalid_argument) return false;
    if (code == std::errc::result_out_of_range) {
      if (!is_tiny(text)) return false;
      value = text.front() == '-' ? -N{0} : N{0};
    }
    out = value;
    return true;
  } else {
    std::conditional_t<std::is_signed_v<N>, std::int64_t, std::uint64_t> value{};
    const auto [at, code] = std::from_chars(text.data(), end, value);
    return at == end && code == std::errc{} && narrow(value, out);
  }
}

template <number N>
void write_number(N x, std::string& out) {
  std::array<char, 40> text;
  std::to_chars_result end;
  if constexpr (floating<N>)
    end = std::to_chars(text.begin(), text.end(), x);
  else if constexpr (std::is_signed_v<N>)
    end = std::to_chars(text.begin(), text.end(), std::int64_t{x});
  else
    end = std::to_chars(text.begin(), text.end(), std::uint64_t{x});
  out.append(text.data(), end.ptr);
}

/// A time_point that stands for a date: of the system's clock, with a unit that divides or is
/// divided by a microsecond.
template <point_in_time T>
consteval bool is_calendar_time() {
  using per_micro = std::ratio_divide<std::micro, typename T::period>;
  return integer<typename T::rep> && std::same_as<typename T::clock, std::chrono::system_clock> &&
         (per_micro::num == 1 || per_micro::den == 1);
}
template <class T>
concept calendar_time = point_in_time<T> && is_calendar_time<T>();

/// How many units of `T` a microsecond has, as a ratio.
template <calendar_time T>
using units_per_micro = std::ratio_divide<std::micro, typename T::period>;

/// Rounds towards the past; answers false if the unit of `T` can't hold the time.
template <calendar_time T>
bool from_timestamp(timestamp t, T& out) noexcept {
  using per_micro = units_per_micro<T>;
  const std::int64_t micros = t.time_since_epoch().count();
  std::int64_t units = 0;
  if constexpr (per_micro::num == 1)
    units = micros / per_micro::den - (micros % per_micro::den < 0 ? 1 : 0);
  else if (__builtin_mul_overflow(micros, static_cast<std::int64_t>(per_micro::num), &units))
    return false;
  typename T::rep count{};
  if (!narrow(units, count)) return false;
  out = T{typename T::duration{count}};
  return true;
}

/// Answers false if the time does not fit or is finer than a microsecond, so that text would lose
/// some of it.
template <calendar_time T>
bool to_timestamp(T t, timestamp& out) noexcept {
  using per_micro = units_per_micro<T>;
  std::int64_t micros = 0;
  if constexpr (per_micro::num != 1) return false;
  if (!narrow(t.time_since_epoch().count(), micros)) return false;
  if (__builtin_mul_overflow(micros, static_cast<std::int64_t>(per_micro::den), &micros))
    return false;
  out = timestamp{duration{micros}};
  return fits_rfc3339(out);
}

template <calendar_time T>
bool read_calendar_time(std::string_view text, T& out) noexcept {
  timestamp t;
  return read_rfc3339(text, t) && from_timestamp(t, out);
}

/// Takes a number for an enumeration; if it is described, only that of an enumerator.
template <enumeration E, class V>
bool enum_from_number(V v, E& out) noexcept {
  std::underlying_type_t<E> n{};
  if constexpr (std::same_as<std::underlying_type_t<E>, bool>) {
    if (v != V{0} && v != V{1}) return false;
    n = v != V{0};
  } else {
    if (!narrow(v, n)) return false;
  }
  if constexpr (described_enum<E>)
    if (name_of(static_cast<E>(n)).empty()) return false;
  out = static_cast<E>(n);
  return true;
}

/// Reads the text form of a type with a codec: its own, or its bytes in base64.
template <has_codec T>
bool read_custom(std::string_view text, T& out) {
  if constexpr (has_text_codec<T>) {
    return codec<T>::read_text(text, out);
  } else {
    bytes data;
    if (!read_base64(text, data)) return false;
    byte_reader in{data};
    return codec<T>::decode(in, out) && in.remaining() == 0;
  }
}

template <has_codec T>
void write_custom(const T& x, std::string& out) {
  if constexpr (has_text_codec<T>) {
    codec<T>::write_text(x, out);
  } else {
    bytes data;
    codec<T>::encode(x, data);
    write_base64(data, out);
  }
}

/// Appends a described enumerator by name, a calendar time as RFC 3339 where that loses nothing,
/// and anything else as its number. Returns whether it is text rather than a number.
template <scalar T>
bool write_scalar_text(const T& x, std::string& out) {
  if constexpr (described_enum<T>) {
    const std::string_view name = name_of(x);
    out += name;
    if (!name.empty()) return true;
  }
  if constexpr (calendar_time<T>) {
    timestamp t;
    if (to_timestamp(x, t)) {
      write_rfc3339(t, out);
      return true;
    }
  }
  const auto n = number_of(x);
  if constexpr (std::same_as<decltype(n), const bool>)
    out += n ? '1' : '0';
  else
    write_number(n, out);
  return false;
}

/// Returns what a unit of time is called.
template <class Period>
std::string unit_words() {
  if constexpr (std::same_as<Period, std::nano>)
    return "nanoseconds";
  else if constexpr (std::same_as<Period, std::micro>)
    return "microseconds";
  else if constexpr (std::same_as<Period, std::milli>)
    return "milliseconds";
  else if constexpr (std::same_as<Period, std::ratio<1>>)
    return "seconds";
  else
    return unit_name<Period>() + " seconds";
}

template <class T>
std::string expected_scalar() {
  const std::string kind{to_string(kind_of<T>())};
  if constexpr (calendar_time<T>) return "RFC 3339 time or " + unit_words<typename T::period>();
  if constexpr (point_in_time<T>) return "time in " + unit_words<typename T::period>();
  if constexpr (span_of_time<T>) return "duration in " + unit_words<typename T::period>();
  if constexpr (integer<T>) return "integer (" + kind + ")";
  if constexpr (floating<T>) return "number (" + kind + ")";
  if constexpr (described_enum<T>) {
    std::string names = "one of";
    for (const auto& known : enum_names<T>)
      names.append(&known == enum_names<T>.data() ? " " : ", ").append(known.name);
    return names;
  }
  return kind;
}

/// Appends what a value of type `T` is called in messages about wrong input.
template <class T>
void describe_expected(std::string& out) {
  if constexpr (has_codec<T>)
    out += type_name<T>();
  else if constexpr (optional_type<T>)
    describe_expected<typename T::value_type>(out);
  else if constexpr (scalar<T>)
    out += expected_scalar<T>();
  else if constexpr (text<T>)
    out += "string";
  else if constexpr (blob<T>)
    out += "base64 string";
  else if constexpr (fixed_type<T>)
    out += "array of " + std::to_string(std::tuple_size_v<T>);
  else if constexpr (list_type<T>)
    out += "array";
  else if constexpr (map_type<T> || described<T>)
    out += "object";
  else
    out += to_string(kind_of<T>());
}

}  // namespace weir::detail
