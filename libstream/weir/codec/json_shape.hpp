// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_type.hpp"
#include "weir/codec/text_form.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

/// Types as constant tables of functions, so that one parser serves them all.
namespace weir::detail {

struct json_shape;

/// A place that a value goes to; without an object, nowhere.
struct json_slot {
  const json_shape* shape = nullptr;
  void* object = nullptr;
};

struct json_field {
  std::string_view name;
  const json_shape* shape;
  void* (*at)(void* record);
};

enum class json_kind : std::uint8_t { scalar, optional, record, map, list, fixed };

/// What a type takes. A function that is null refuses that kind of JSON value, and one that
/// answers false this value.
struct json_shape {
  json_kind kind = json_kind::scalar;
  void (*expected)(std::string& out) = nullptr;  ///< Appends what the type is called in messages.
  bool (*set_bool)(void*, bool) = nullptr;
  bool (*set_int)(void*, std::int64_t) = nullptr;
  bool (*set_uint)(void*, std::uint64_t) = nullptr;  ///< Only for what set_int can't carry.
  bool (*set_real)(void*, std::string_view) = nullptr;
  bool (*set_text)(void*, std::string_view) = nullptr;
  void (*clear)(void*) = nullptr;                   ///< optional, list, map: empties it.
  json_slot (*open)(void*) = nullptr;               ///< optional: makes it hold a value.
  std::span<const json_field> fields;               ///< record
  std::size_t length = 0;                           ///< fixed: how many items it has.
  json_slot (*item)(void*, std::size_t) = nullptr;  ///< list: appends; fixed: the item.
  json_slot (*entry)(void*, std::string_view, std::string_view& key) = nullptr;  ///< map
};

template <class T>
constexpr json_shape make_json_shape();

template <class T>
inline constexpr json_shape json_shape_of = make_json_shape<T>();

template <class T>
T& as(void* object) noexcept {
  return *static_cast<T*>(object);
}

template <number N>
bool set_number_from_text(void* object, std::string_view text) {
  if constexpr (floating<N>) {
    return read_number(text, as<N>(object));
  } else {
    double real = 0;
    return read_number(text, real) && narrow(real, as<N>(object));
  }
}

template <scalar T>
constexpr void add_scalar(json_shape& shape) {
  if constexpr (enumeration<T>) {
    shape.set_int = [](void* o, std::int64_t v) { return enum_from_number(v, as<T>(o)); };
    shape.set_uint = [](void* o, std::uint64_t v) { return enum_from_number(v, as<T>(o)); };
    if constexpr (described_enum<T>)
      shape.set_text = [](void* o, std::string_view v) { return value_of(v, as<T>(o)); };
  } else {
    using N = number_type<T>;
    const auto set = [](void* o, auto v) {
      N n{};
      if constexpr (floating<N>)
        n = static_cast<N>(v);
      else if (!narrow(v, n))
        return false;
      as<T>(o) = scalar_of<T>(n);
      return true;
    };
    shape.set_int = [](void* o, std::int64_t v) { return decltype(set){}(o, v); };
    shape.set_uint = [](void* o, std::uint64_t v) { return decltype(set){}(o, v); };
    shape.set_real = [](void* o, std::string_view v) {
      N n{};
      if (!set_number_from_text<N>(&n, v)) return false;
      as<T>(o) = scalar_of<T>(n);
      return true;
    };
    if constexpr (calendar_time<T>)
      shape.set_text = [](void* o, std::string_view v) { return read_calendar_time(v, as<T>(o)); };
  }
}

template <list_type T>
constexpr void add_list(json_shape& shape) {
  shape.kind = json_kind::list;
  shape.clear = [](void* o) { as<T>(o).clear(); };
  shape.item = [](void* o, std::size_t) {
    using element = typename T::value_type;
    if constexpr (std::same_as<element, bool>) {
      static constexpr json_shape appended_bool = [] {
        json_shape made;
        made.expected = describe_expected<bool>;
        made.set_bool = [](void* list, bool v) {
          as<T>(list).push_back(v);
          return true;
        };
        return made;
      }();
      return json_slot{&appended_bool, o};
    } else {
      return json_slot{&json_shape_of<element>, &as<T>(o).emplace_back()};
    }
  };
}

/// Returns the slot of the element at `index`, or none if there is no such element.
template <tuple_type T, std::size_t... I>
json_slot tuple_slot(T& x, std::size_t index, std::index_sequence<I...>) {
  json_slot found;
  [[maybe_unused]] const auto try_element = [&]<class E>(std::size_t at, E& element) {
    if (at == index) found = {&json_shape_of<E>, &element};
  };
  (try_element(I, std::get<I>(x)), ...);
  return found;
}

template <fixed_type T>
constexpr void add_fixed(json_shape& shape) {
  shape.kind = json_kind::fixed;
  shape.length = std::tuple_size_v<T>;
  shape.item = [](void* o, std::size_t index) {
    if constexpr (array_type<T>) {
      if (index >= std::tuple_size_v<T>) return json_slot{};
      return json_slot{&json_shape_of<typename T::value_type>, &as<T>(o)[index]};
    } else {
      return tuple_slot(as<T>(o), index, std::make_index_sequence<std::tuple_size_v<T>>{});
    }
  };
}

template <map_type T>
constexpr void add_map(json_shape& shape) {
  shape.kind = json_kind::map;
  shape.clear = [](void* o) { as<T>(o).clear(); };
  shape.entry = [](void* o, std::string_view name, std::string_view& key) {
    const auto at = as<T>(o).try_emplace(std::string{name}).first;
    key = at->first;
    return json_slot{&json_shape_of<typename T::mapped_type>, &at->second};
  };
}

template <described T>
inline constexpr auto json_fields = []<template <class...> class List, class... D>(List<D...>) {
  return std::array<json_field, sizeof...(D)>{
      json_field{D::name, &json_shape_of<member_type<D>>,
                 [](void* o) -> void* { return &(as<T>(o).*D::pointer); }}...};
}(members_of<T>{});

template <optional_type T>
constexpr void add_optional(json_shape& shape) {
  using held = typename T::value_type;
  shape.kind = json_kind::optional;
  shape.clear = [](void* o) { as<T>(o).reset(); };
  shape.open = [](void* o) {
    T& x = as<T>(o);
    return json_slot{&json_shape_of<held>, x ? &*x : &x.emplace()};
  };
}

template <class T>
constexpr json_shape make_json_shape() {
  json_shape shape;
  shape.expected = describe_expected<T>;
  if constexpr (has_codec<T>) {
    shape.set_text = [](void* o, std::string_view v) { return read_custom(v, as<T>(o)); };
  } else if constexpr (std::same_as<T, bool>) {
    shape.set_bool = [](void* o, bool v) {
      as<bool>(o) = v;
      return true;
    };
  } else if constexpr (scalar<T>) {
    add_scalar<T>(shape);
  } else if constexpr (text<T>) {
    shape.set_text = [](void* o, std::string_view v) {
      if constexpr (std::same_as<T, text_ref>) return as<T>(o).try_assign(v);
      as<T>(o).assign(v);
      return true;
    };
  } else if constexpr (blob<T>) {
    shape.set_text = [](void* o, std::string_view v) { return read_base64(v, as<T>(o)); };
  } else if constexpr (optional_type<T>) {
    add_optional<T>(shape);
  } else if constexpr (list_type<T>) {
    add_list<T>(shape);
  } else if constexpr (map_type<T>) {
    add_map<T>(shape);
  } else if constexpr (described<T>) {
    shape.kind = json_kind::record;
    shape.fields = json_fields<T>;
  } else {
    add_fixed<T>(shape);
  }
  return shape;
}

}  // namespace weir::detail
