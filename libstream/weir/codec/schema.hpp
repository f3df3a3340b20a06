// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"
#include "weir/codec/schema_tree.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// Returns the C++ name of `T` as the compiler prints it.
template <class T>
[[nodiscard]] constexpr std::string_view type_name() noexcept {
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  return text.substr(0, text.find_first_of(";]"));
}

namespace detail {

template <number T>
consteval type_kind number_kind() {
  if constexpr (floating<T>) return sizeof(T) == 4 ? type_kind::float32 : type_kind::float64;
  constexpr type_kind of_unsigned[] = {type_kind::uint8, type_kind::uint16, type_kind::uint32,
                                       type_kind::uint64};
  constexpr type_kind of_signed[] = {type_kind::int8, type_kind::int16, type_kind::int32,
                                     type_kind::int64};
  constexpr std::size_t log_size = sizeof(T) == 8 ? 3 : sizeof(T) / 2;
  return std::is_signed_v<T> ? of_signed[log_size] : of_unsigned[log_size];
}

template <class T>
consteval type_kind kind_of() {
  if constexpr (has_codec<T>)
    return type_kind::custom;
  else if constexpr (std::same_as<T, bool>)
    return type_kind::boolean;
  else if constexpr (number<T>)
    return number_kind<T>();
  else if constexpr (enumeration<T>)
    return type_kind::enumeration;
  else if constexpr (span_of_time<T>)
    return type_kind::time_span;
  else if constexpr (point_in_time<T>)
    return type_kind::time;
  else if constexpr (text<T>)
    return type_kind::text;
  else if constexpr (blob<T>)
    return type_kind::blob;
  else if constexpr (optional_type<T>)
    return type_kind::optional;
  else if constexpr (list_type<T>)
    return type_kind::list;
  else if constexpr (array_type<T>)
    return type_kind::array;
  else if constexpr (tuple_type<T> || std::same_as<T, std::monostate>)
    return type_kind::tuple;
  else if constexpr (map_type<T>)
    return type_kind::map;
  else if constexpr (variant_type<T>)
    return type_kind::variant;
  else
    return type_kind::record;
}

template <class Period>
std::string unit_name() {
  return std::to_string(Period::num) + "/" + std::to_string(Period::den);
}

}  // namespace detail

/// Returns the schema of `T`: the shape of its binary form and its names.
template <encodable T>
[[nodiscard]] schema schema_of() {
  schema made{detail::kind_of<T>(), {}, 0, {}};
  [[maybe_unused]] const auto add = [&]<class P>(std::string name) {
    made.fields.push_back({std::move(name), schema_of<P>()});
    return false;
  };
  if constexpr (has_codec<T>) {
    return codec<T>::describe();
  } else if constexpr (detail::enumeration<T>) {
    using underlying = std::underlying_type_t<T>;
    made.name = type_name<T>();
    add.template operator()<underlying>("underlying");
    if constexpr (described_enum<T>)
      for (const auto& known : enum_names<T>)
        made.fields.push_back(
            {std::string{known.name},
             {detail::kind_of<underlying>(), {}, static_cast<std::int64_t>(known.value), {}}});
  } else if constexpr (detail::span_of_time<T> || detail::point_in_time<T>) {
    made.name = detail::unit_name<typename T::period>();
    add.template operator()<typename T::rep>("count");
  } else if constexpr (described<T>) {
    made.name = type_name<T>();
    for_each_member<T>([&](auto d) { add.template operator()<member_type<decltype(d)>>(d.name); });
  } else if constexpr (detail::map_type<T>) {
    add.template operator()<typename T::key_type>("key");
    add.template operator()<typename T::mapped_type>("value");
  } else if constexpr (detail::tuple_type<T> || detail::variant_type<T>) {
    detail::any_part<T>(
        [&]<class P> { return add.template operator()<P>(std::to_string(made.fields.size())); });
  } else if constexpr (detail::composite<T>) {
    if constexpr (detail::array_type<T>)
      made.number = static_cast<std::int64_t>(std::tuple_size_v<T>);
    add.template operator()<typename T::value_type>("element");
  }
  return made;
}

/// Returns `fingerprint(schema_of<T>())`. Computed once, then constant time.
template <encodable T>
[[nodiscard]] std::uint64_t fingerprint() {
  static const std::uint64_t computed = fingerprint(schema_of<T>());
  return computed;
}

}  // namespace weir
