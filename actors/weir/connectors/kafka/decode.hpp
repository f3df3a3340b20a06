// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json.hpp"
#include "weir/connectors/kafka/record.hpp"
#include "weir/core/bytes.hpp"
#include "weir/core/result.hpp"

#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

namespace weir::kafka {

/// What `topic` takes to make events of records: called for each with the record and an event to
/// fill. An error, or an exception, rejects the record.
template <class D, class T>
concept decoder = std::copy_constructible<D> && requires(D& decode, const record_view& r, T& to) {
  { decode(r, to) } -> std::convertible_to<result<void>>;
};

namespace detail {

template <class T>
inline constexpr bool is_message = false;
template <class T>
inline constexpr bool is_message<message<T>> = true;
template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_value =
    std::same_as<T, std::string> || std::same_as<T, bytes> || json_type<T>;
template <class T>
inline constexpr bool is_value<std::optional<T>> = is_value<T>;

template <class T>
concept readable = is_value<T> || is_message<T>;

}  // namespace detail

/// How records become events unless told: the value is text as it is for `std::string`, bytes for
/// `bytes`, and JSON for all else. A tombstone is an empty optional, and rejected where there is
/// none. `message<T>` gets all of the record.
class json_values {
public:
  template <detail::readable T>
  result<void> operator()(const record_view& from, T& to) {
    if constexpr (detail::is_message<T>) {
      to.key.reset();
      if (from.key) to.key.emplace(*from.key);
      to.headers = from.headers();
      to.at = from.at;
      to.topic = from.topic;
      to.partition = from.partition;
      to.offset = from.offset;
      return value(from, to.value);
    } else {
      return value(from, to);
    }
  }

private:
  template <class T>
  result<void> value(const record_view& from, T& to) {
    if constexpr (detail::is_optional<T>) {
      if (!from.value) return to.reset(), result<void>{};
      return value(from, to.emplace());
    } else {
      if (!from.value)
        return error{errc::decode_failed, "the record has no value (a tombstone); read optionals"};
      if constexpr (std::same_as<T, std::string>) {
        to = *from.value;
        return {};
      } else if constexpr (std::same_as<T, bytes>) {
        const auto data = as_bytes(*from.value);
        to.assign(data.begin(), data.end());
        return {};
      } else {
        return reader_.parse(*from.value, to);
      }
    }
  }

  struct lazy_reader : json_reader {
    lazy_reader() = default;
    lazy_reader(const lazy_reader&) : json_reader() {}
    lazy_reader& operator=(const lazy_reader&) { return *this; }
  };
  lazy_reader reader_;
};

}  // namespace weir::kafka
