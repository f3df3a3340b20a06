// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"
#include "weir/codec/text_form.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace weir {

namespace detail {

template <class T>
consteval bool is_csv_cell() {
  if constexpr (has_codec<T>)
    return true;
  else if constexpr (optional_type<T>)
    return !optional_type<typename T::value_type> && is_csv_cell<typename T::value_type>();
  else
    return leaf<T> && !std::same_as<T, std::monostate>;
}

template <class T>
consteval bool is_csv_record() {
  if constexpr (!described<T> || has_codec<T>)
    return false;
  else
    return member_count<T> != 0 &&
           !any_part<T>([]<class P> { return !is_csv_cell<P>() && !is_csv_record<P>(); });
}

}  // namespace detail

/// A described class whose members are single values, optionals of single values, or described
/// classes of that kind, whose members become columns called `outer.inner`. No vectors, maps,
/// tuples or variants.
template <class T>
concept csv_type = encodable<T> && detail::is_csv_record<T>();

namespace detail {

/// A column of a type, as functions on the record.
struct csv_column {
  std::string name;
  bool (*set)(void* record, std::string_view text);
  void (*reset)(void* record);                          ///< null if the column is required
  bool (*write)(const void* record, std::string& out);  ///< false: the value is missing
  void (*expected)(std::string& out);                   ///< appends the type's name
};

template <class T>
bool read_cell(std::string_view text, T& x) {
  if constexpr (has_codec<T>) {
    return read_custom(text, x);
  } else if constexpr (optional_type<T>) {
    return read_cell(text, x ? *x : x.emplace());
  } else if constexpr (std::same_as<T, bool>) {
    x = text == "true" || text == "1";
    return x || text == "false" || text == "0";
  } else if constexpr (detail::text<T>) {
    if constexpr (std::same_as<T, text_ref>) return x.try_assign(text);
    x.assign(text);
    return true;
  } else if constexpr (blob<T>) {
    return read_base64(text, x);
  } else {
    if constexpr (described_enum<T>)
      if (value_of(text, x)) return true;
    if constexpr (calendar_time<T>)
      if (read_calendar_time(text, x)) return true;
    using N = number_type<T>;
    if constexpr (enumeration<T>) {
      using wide = std::conditional_t<std::is_signed_v<N>, std::int64_t, std::uint64_t>;
      wide n{};
      return read_number(text, n) && enum_from_number(n, x);
    } else {
      N n{};
      if (!read_number(text, n)) return false;
      x = scalar_of<T>(n);
      return true;
    }
  }
}

template <class T>
bool write_cell(const T& x, std::string& out) {
  if constexpr (has_codec<T>) {
    write_custom(x, out);
  } else if constexpr (optional_type<T>) {
    return x && write_cell(*x, out);
  } else if constexpr (std::same_as<T, bool>) {
    out += x ? "true" : "false";
  } else if constexpr (detail::text<T>) {
    out += std::string_view{x};
  } else if constexpr (blob<T>) {
    write_base64(x, out);
  } else {
    write_scalar_text(x, out);
  }
  return true;
}

/// Follows a path of member descriptors.
template <class... D, class Record>
auto& member_at(Record& record) {
  return (record.*....*D::pointer);
}

template <class T, class... Path>
csv_column make_csv_column(std::string name) {
  using cell = std::remove_cvref_t<decltype(member_at<Path...>(std::declval<T&>()))>;
  csv_column made{std::move(name), nullptr, nullptr, nullptr, describe_expected<cell>};
  made.set = [](void* record, std::string_view text) {
    return read_cell(text, member_at<Path...>(*static_cast<T*>(record)));
  };
  if constexpr (optional_type<cell>)
    made.reset = [](void* record) { member_at<Path...>(*static_cast<T*>(record)).reset(); };
  made.write = [](const void* record, std::string& out) {
    return write_cell<cell>(member_at<Path...>(*static_cast<const T*>(record)), out);
  };
  return made;
}

template <class T, class Record, class... Path>
void add_csv_columns(const std::string& prefix, std::vector<csv_column>& out) {
  for_each_member<Record>([&](auto d) {
    using D = decltype(d);
    if constexpr (is_csv_cell<member_type<D>>())
      out.push_back(make_csv_column<T, Path..., D>(prefix + d.name));
    else
      add_csv_columns<T, member_type<D>, Path..., D>(prefix + d.name + ".", out);
  });
}

/// The columns of `T` in the order of its description.
template <csv_type T>
const std::vector<csv_column>& csv_columns() {
  static const std::vector<csv_column> made = [] {
    std::vector<csv_column> columns;
    add_csv_columns<T, T>("", columns);
    return columns;
  }();
  return made;
}

}  // namespace detail

}  // namespace weir
