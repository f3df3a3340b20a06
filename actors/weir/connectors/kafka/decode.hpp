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
#include <utility>

namespace weir::kafka {

/// Thrown by a decoder when it is not the record that is wrong: the source's stage fails.
class cannot_go_on : public exception {
public:
  using exception::exception;
};

/// What `topic` takes to make events of records: called for each with the record and an event to
/// fill. An error, or an exception other than `cannot_go_on`,
/// rejects the record.
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

/// Makes events of records whose values `Body` reads: a tombstone is an empty optional, and
/// rejected where there is none; `message<T>` gets all of the record.
template <class Body>
class record_values {
public:
  record_values() = default;
  explicit record_values(Body body) : body_(std::move(body)) {}

  template <class T>
  requires(Body::template reads<T>) result<void>
  operator()(const record_view& from, T& to) { return value(from, to); }
  template <class T>
  requires(Body::template reads<T>) result<void>
  operator()(const record_view& from, std::optional<T>& to) { return value(from, to); }
  template <class T>
  result<void> operator()(const record_view& from, message<T>& to) {
    to.key.reset();
    if (from.key) to.key.emplace(*from.key);
    to.headers = from.headers();
    to.at = from.at;
    to.topic = from.topic;
    to.partition = from.partition;
    to.offset = from.offset;
    return value(from, to.value);
  }

  [[nodiscard]] Body& body() noexcept { return body_; }
  [[nodiscard]] const Body& body() const noexcept { return body_; }

private:
  template <class T>
  result<void> value(const record_view& from, T& to) {
    if constexpr (detail::is_optional<T>) {
      if (!from.value) return to.reset(), result<void>{};
      return body_.read(*from.value, to.emplace());
    } else {
      if (!from.value)
        return error{errc::decode_failed, "the record has no value (a tombstone); read optionals"};
      return body_.read(*from.value, to);
    }
  }

  Body body_;
};

/// Text as it is for `std::string`, bytes for `bytes`, and JSON for all else.
class json_body {
public:
  template <class T>
  static constexpr bool reads = detail::is_value<T> && !detail::is_optional<T>;

  template <class T>
  result<void> read(std::string_view from, T& to) {
    if constexpr (std::same_as<T, std::string>) {
      to = from;
      return {};
    } else if constexpr (std::same_as<T, bytes>) {
      const auto data = as_bytes(from);
      to.assign(data.begin(), data.end());
      return {};
    } else {
      return reader_.parse(from, to);
    }
  }

private:
  struct lazy_reader : json_reader {
    lazy_reader() = default;
    lazy_reader(const lazy_reader&) : json_reader() {}
    lazy_reader& operator=(const lazy_reader&) { return *this; }
  };
  lazy_reader reader_;
};

/// How records become events unless told.
using json_values = record_values<json_body>;

}  // namespace weir::kafka
