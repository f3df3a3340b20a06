// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/csv_column.hpp"
#include "weir/connectors/redis/commands.hpp"
#include "weir/connectors/redis/reply.hpp"
#include "weir/core/result.hpp"

#include <map>
#include <string>
#include <string_view>

namespace weir::redis {

/// A described class whose members are fields of a hash or a stream's entry: single values,
/// optionals of them, and described classes of those, whose fields are called `outer.inner`.
template <class T>
concept field_type = csv_type<T>;

/// Fills `to` from a reply that alternates names and values. Fields that `T` lacks are skipped;
/// members that are not optional must be there.
template <field_type T>
[[nodiscard]] result<void> read_fields(const reply& from, T& to) {
  for (const weir::detail::csv_column& c : weir::detail::csv_columns<T>()) {
    const std::string* text = nullptr;
    for (std::size_t i = 0; i + 1 < from.items.size(); i += 2)
      if (from.items[i].text == c.name) text = &from.items[i + 1].text;
    if (text == nullptr) {
      if (c.reset == nullptr)
        return error{errc::decode_failed, "the field '" + c.name + "' is missing"};
      c.reset(&to);
    } else if (!c.set(&to, *text)) {
      std::string why = "the field '" + c.name + "' is no ";
      c.expected(why);
      return error{errc::decode_failed, why + ": '" + text->substr(0, 40) + "'"};
    }
  }
  return {};
}

[[nodiscard]] inline result<void> read_fields(const reply& from,
                                              std::map<std::string, std::string>& to) {
  to.clear();
  for (std::size_t i = 0; i + 1 < from.items.size(); i += 2)
    to[from.items[i].text] = from.items[i + 1].text;
  return {};
}

/// Calls `there(name, text)` for each field with a value, and `absent(name)` for the others.
template <field_type T, class There, class Absent>
void each_field(const T& row, There there, Absent absent) {
  std::string text;
  for (const weir::detail::csv_column& c : weir::detail::csv_columns<T>()) {
    text.clear();
    if (c.write(&row, text))
      there(c.name, text);
    else
      absent(c.name);
  }
}

}  // namespace weir::redis
