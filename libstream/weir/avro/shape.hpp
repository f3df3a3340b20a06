// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/avro_type.hpp"
#include "weir/core/bytes.hpp"

#include <array>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>

/// Types as constant tables of functions, so that one decoder serves them all.
namespace weir::avro::detail {

enum class form : std::uint8_t {
  null,
  boolean,
  integer,
  real,
  text,
  blob,
  symbol,
  time,
  optional,
  variant,
  record,
  list,
  array,
  map,
};

struct shape;

struct field {
  std::string_view name;
  std::string_view alias;
  const shape* what;
  void* (*at)(void* record);
  bool may_miss;
};

struct alternative {
  const shape* what;
  void* (*open)(void* variant);  ///< Makes it hold a fresh value, and answers where.
};

/// What a type takes. A function that answers false refuses the value.
struct shape {
  form kind = form::null;
  void (*expected)(std::string& out) = nullptr;  ///< Appends what it is called in messages.
  std::string_view name{};                       ///< Of a record or enumeration, in C++.
  bool wide = false;                             ///< integer: takes a long; real: takes a double.
  bool (*set_bool)(void*, bool) = nullptr;
  bool (*set_int)(void*, std::int64_t) = nullptr;
  bool (*set_real)(void*, double) = nullptr;
  bool (*set_text)(void*, std::string_view) = nullptr;         ///< text, blob, symbol.
  bool (*set_time)(void*, std::int64_t, time_unit) = nullptr;  ///< time, and spans of time.
  void (*clear)(void*) = nullptr;                              ///< optional, list, map.
  const shape* inner = nullptr;                                ///< optional, list, array, map.
  void* (*open)(void*) = nullptr;                              ///< optional: makes it hold a value.
  void* (*item)(void*, std::size_t) = nullptr;                 ///< list: appends; array: the item.
  std::size_t length = 0;                                      ///< array
  void* (*entry)(void*, std::string_view key) = nullptr;       ///< map; null if it is there.
  std::span<const field> fields{};                             ///< record
  std::span<const alternative> alternatives{};                 ///< variant
  bool (*has_symbol)(std::string_view) = nullptr;              ///< symbol
};

template <class T>
constexpr shape make_shape();

template <class T>
inline constexpr shape shape_of = make_shape<T>();

template <class T>
T& as(void* object) noexcept {
  return *static_cast<T*>(object);
}

/// Takes a count of a unit for a type of another, rounding towards the past.
template <class T>
bool set_time(void* o, std::int64_t v, time_unit unit) {
  constexpr std::int64_t nanos[] = {1, 86'400'000'000'000, 1'000'000, 1'000, 1};
  using per_nano = std::ratio_divide<typename T::period, std::nano>;
  __extension__ typedef __int128 wide;
  if constexpr (per_nano::den != 1 || !integer<typename T::rep>) {
    return false;  // finer than a nanosecond, or with fractions
  } else {
    const wide all = static_cast<wide>(v) * nanos[static_cast<std::size_t>(unit)];
    wide units = all / per_nano::num;
    if (all % per_nano::num < 0) --units;
    if (units < std::numeric_limits<std::int64_t>::min() ||
        units > std::numeric_limits<std::int64_t>::max())
      return false;
    typename T::rep n{};
    if (!narrow(static_cast<std::int64_t>(units), n)) return false;
    as<T>(o) = scalar_of<T>(n);
    return true;
  }
}

template <scalar T>
constexpr void add_scalar(shape& s) {
  using number = number_type<T>;
  if constexpr (described_enum<T>) {
    s.kind = form::symbol;
    s.name = type_name<T>();
    s.set_text = [](void* o, std::string_view v) { return value_of(v, as<T>(o)); };
    s.has_symbol = [](std::string_view v) {
      T ignored{};
      return value_of(v, ignored);
    };
  } else if constexpr (floating<number>) {
    s.kind = form::real;
    s.wide = sizeof(number) == 8;
    s.set_real = [](void* o, double v) {
      as<T>(o) = scalar_of<T>(static_cast<number>(v));
      return true;
    };
  } else {
    s.kind = time_form_of<T>().unit == time_unit::none ? form::integer : form::time;
    if constexpr (point_in_time<T> || span_of_time<T>) s.set_time = set_time<T>;
    if constexpr (enumeration<T>) {
      s.set_int = [](void* o, std::int64_t v) { return enum_from_number(v, as<T>(o)); };
    } else {
      s.set_int = [](void* o, std::int64_t v) {
        number n{};
        if (!narrow(v, n)) return false;
        as<T>(o) = scalar_of<T>(n);
        return true;
      };
    }
    if constexpr (!std::same_as<number, bool>) s.wide = !fits_int<number>;
  }
}

/// What appends to a list of bool, whose elements have no address.
template <class T>
inline constexpr shape appended_bool = [] {
  shape made;
  made.kind = form::boolean;
  made.expected = describe_expected<bool>;
  made.set_bool = [](void* list, bool v) {
    as<T>(list).push_back(v);
    return true;
  };
  return made;
}();

template <list_type T>
constexpr void add_list(shape& s) {
  using element = typename T::value_type;
  s.kind = form::list;
  s.clear = [](void* o) { as<T>(o).clear(); };
  if constexpr (std::same_as<element, bool>) {
    s.inner = &appended_bool<T>;
    s.item = [](void* o, std::size_t) { return o; };
  } else {
    s.inner = &shape_of<element>;
    s.item = [](void* o, std::size_t) -> void* { return &as<T>(o).emplace_back(element{}); };
  }
}

template <map_type T>
constexpr void add_map(shape& s) {
  s.kind = form::map;
  s.clear = [](void* o) { as<T>(o).clear(); };
  s.inner = &shape_of<typename T::mapped_type>;
  s.entry = [](void* o, std::string_view key) -> void* {
    return &as<T>(o).insert_or_assign(std::string{key}, typename T::mapped_type{}).first->second;
  };
}

template <described T>
inline constexpr auto fields_of = []<template <class...> class List, class... D>(List<D...>) {
  return std::array<field, sizeof...(D)>{
      field{D::name, alias_of<T>(D::name), &shape_of<member_type<D>>,
            [](void* o) -> void* { return &(as<T>(o).*D::pointer); },
            optional_type<member_type<D>> || may_miss<T>(D::name)}...};
}(members_of<T>{});

template <class T>
inline constexpr auto alternatives_of = []<class... A>(std::type_identity<std::variant<A...>>) {
  return std::array<alternative, sizeof...(A)>{alternative{
      &shape_of<A>, [](void* o) -> void* { return &as<T>(o).template emplace<A>(); }}...};
}(std::type_identity<T>{});

/// Types whose value is text or bytes.
template <class T>
constexpr void add_block(shape& s) {
  if constexpr (has_codec<T>) {
    s.kind = form::blob;
    s.set_text = [](void* o, std::string_view v) {
      byte_reader in{as_bytes(v)};
      return codec<T>::decode(in, as<T>(o)) && in.remaining() == 0;
    };
  } else if constexpr (blob<T>) {
    s.kind = form::blob;
    s.set_text = [](void* o, std::string_view v) {
      const auto data = as_bytes(v);
      as<T>(o).assign(data.begin(), data.end());
      return true;
    };
  } else {
    s.kind = form::text;
    s.set_text = [](void* o, std::string_view v) {
      if constexpr (std::same_as<T, text_ref>) return as<T>(o).try_assign(v);
      as<T>(o).assign(v);
      return true;
    };
  }
}

template <class T>
constexpr void add_composite(shape& s) {
  if constexpr (optional_type<T>) {
    s.kind = form::optional;
    s.clear = [](void* o) { as<T>(o).reset(); };
    s.inner = &shape_of<typename T::value_type>;
    s.open = [](void* o) -> void* { return &as<T>(o).emplace(); };
  } else if constexpr (list_type<T>) {
    add_list<T>(s);
  } else if constexpr (array_type<T>) {
    s.kind = form::array;
    s.length = std::tuple_size_v<T>;
    s.inner = &shape_of<typename T::value_type>;
    s.item = [](void* o, std::size_t i) -> void* { return &as<T>(o)[i]; };
  } else if constexpr (map_type<T>) {
    add_map<T>(s);
  } else if constexpr (variant_type<T>) {
    s.kind = form::variant;
    s.alternatives = alternatives_of<T>;
  } else {
    s.kind = form::record;
    s.name = type_name<T>();
    s.fields = fields_of<T>;
  }
}

template <class T>
constexpr shape make_shape() {
  shape s;
  s.expected = describe_expected<T>;
  if constexpr (std::same_as<T, std::monostate>) {
    s.kind = form::null;
  } else if constexpr (std::same_as<T, bool>) {
    s.kind = form::boolean;
    s.set_bool = [](void* o, bool v) {
      as<bool>(o) = v;
      return true;
    };
  } else if constexpr (has_codec<T> || block<T>) {
    add_block<T>(s);
  } else if constexpr (scalar<T>) {
    add_scalar<T>(s);
  } else {
    add_composite<T>(s);
  }
  return s;
}

}  // namespace weir::avro::detail
