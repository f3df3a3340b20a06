// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/shapes.hpp"

#include <concepts>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weir::patterns {

/// What a part of a condition comes to: nothing, a truth, a number or text.
struct value {
  enum class kind : unsigned char { nothing, boolean, number, text };
  kind what = kind::nothing;
  bool truth = false;
  double number = 0;
  std::string_view text;
  std::shared_ptr<const std::string> owned{};  ///< Of a text that was made on the way.

  static value of(bool b) { return {kind::boolean, b, 0, {}, {}}; }
  static value of(double n) { return {kind::number, false, n, {}, {}}; }
  static value of(std::string_view s) { return {kind::text, false, 0, s, {}}; }
};

[[nodiscard]] inline const char* name_of(value::kind k) {
  switch (k) {
    case value::kind::nothing:
      return "nothing";
    case value::kind::boolean:
      return "a truth";
    case value::kind::number:
      return "a number";
    case value::kind::text:
      return "text";
  }
  return "";
}

/// Reads a field of a described type.
template <class T>
struct field {
  value::kind what;
  std::function<value(const T&)> read;
  double (*number)(const T&) = nullptr;          ///< A shorter way, for plain members.
  std::string_view (*text)(const T&) = nullptr;  ///< ...
};

template <class M>
value read_member(const M& m) {
  if constexpr (detail::optional_type<M>)
    return m ? read_member(*m) : value{};
  else if constexpr (std::same_as<M, bool>)
    return value::of(m);
  else if constexpr (described_enum<M>)
    return value::of(weir::name_of(m));
  else if constexpr (detail::scalar<M>)
    return value::of(static_cast<double>(detail::number_of(m)));
  else
    return value::of(std::string_view{m});
}

template <class M>
constexpr value::kind kind_of() {
  if constexpr (detail::optional_type<M>)
    return kind_of<typename M::value_type>();
  else if constexpr (std::same_as<M, bool>)
    return value::kind::boolean;
  else if constexpr (described_enum<M> || detail::text<M>)
    return value::kind::text;
  else if constexpr (detail::scalar<M>)
    return value::kind::number;
  else
    return value::kind::nothing;
}

/// Finds a field by its path; `names` gets what there is where the path breaks off.
template <class T>
std::optional<field<T>> find_field(const std::vector<std::string>& path, std::size_t from,
                                   std::string& names) {
  std::optional<field<T>> found;
  if constexpr (described<T>) {
    bool known = false;
    std::string all;
    for_each_member<T>([&]<class D>(D d) {
      using member = member_type<D>;
      all += (all.empty() ? "" : ", ") + std::string{d.name};
      if (path[from] != d.name) return;
      known = true;
      if (from + 1 < path.size()) {
        if (auto inner = find_field<member>(path, from + 1, names))
          found = field<T>{inner->what,
                           [read = inner->read](const T& x) { return read(x.*D::pointer); }};
      } else if constexpr (kind_of<member>() != value::kind::nothing) {
        found = field<T>{kind_of<member>(), [](const T& x) { return read_member(x.*D::pointer); }};
        if constexpr (detail::number<member> || detail::span_of_time<member> ||
                      detail::point_in_time<member>)
          found->number = [](const T& x) {
            return static_cast<double>(detail::number_of(x.*D::pointer));
          };
        else if constexpr (detail::text<member>)
          found->text = [](const T& x) { return std::string_view{x.*D::pointer}; };
      } else {
        names = "no single value";
      }
    });
    if (!known) names = all;
  }
  return found;
}

/// A value that a field must have for a condition to hold: what conditions are found by.
using needed_constant = std::variant<double, std::string>;
template <class T>
struct needed_value {
  std::string name;  ///< Of the field.
  field<T> of;
  needed_constant constant;
};

}  // namespace weir::patterns
