// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/avro/avro_type.hpp"
#include "weir/codec/json_write.hpp"

#include <set>
#include <span>
#include <string>
#include <string_view>

namespace weir::avro {

namespace detail {

/// A C++ type's name as Avro's: `shop::order` is `shop.order`; namespaces without a name are left
/// out, and what Avro doesn't take in a name becomes `_`.
[[nodiscard]] std::string name_for(std::string_view cpp);

template <class T>
std::string full_name() {
  if constexpr (has_name<T>)
    return std::string{traits<T>::name};
  else
    return name_for(type_name<T>());
}

/// Appends bytes as Avro's schemas have them: a character each.
void write_bytes_default(std::span<const std::byte> data, std::string& out);

/// Appends `x` as a field's default.
template <class T>
void write_default(const T& x, std::string& out);

template <class T>
void write_default_items(const T& x, std::string& out) {
  char separator = '[';
  const auto next = [&](char first) {
    out += separator == '[' ? first : ',';
    separator = ',';
  };
  if constexpr (map_type<T>) {
    for (const auto& [key, value] : x) {
      next('{');
      write_json_string(key, out);
      out += ':';
      write_default(value, out);
    }
    out += separator == '[' ? "{}" : "}";
  } else {
    for (const typename T::value_type& e : x) {
      next('[');
      write_default<typename T::value_type>(e, out);
    }
    out += separator == '[' ? "[]" : "]";
  }
}

template <class T>
void write_default(const T& x, std::string& out) {
  if constexpr (has_codec<T>) {
    bytes data;
    codec<T>::encode(x, data);
    write_bytes_default(data, out);
  } else if constexpr (std::same_as<T, bool>) {
    out += x ? "true" : "false";
  } else if constexpr (described_enum<T>) {
    write_json_string(name_of(x), out);
  } else if constexpr (calendar_time<T> && time_form_of<T>().unit != time_unit::none) {
    write_number(number_of(x) * time_form_of<T>().factor, out);
  } else if constexpr (scalar<T>) {
    if constexpr (floating<number_type<T>>)
      write_json_float(number_of(x), out);
    else
      write_number(static_cast<std::int64_t>(number_of(x)), out);
  } else if constexpr (text<T>) {
    write_json_string(x, out);
  } else if constexpr (blob<T>) {
    write_bytes_default(x, out);
  } else if constexpr (optional_type<T> || std::same_as<T, std::monostate>) {
    out += "null";  // of a union the default is one of its first branch
  } else if constexpr (variant_type<T>) {
    write_default(std::variant_alternative_t<0, T>{}, out);
  } else if constexpr (list_type<T> || array_type<T> || map_type<T>) {
    write_default_items(x, out);
  } else {
    char separator = '{';
    for_each_member<T>([&](auto d) {
      out += std::exchange(separator, ',');
      write_json_string(d.name, out);
      out += ':';
      write_default(x.*d.pointer, out);
    });
    out += separator == '{' ? "{}" : "}";
  }
}

/// Writes the schema of types; named ones in full where they come first.
class schema_writer {
public:
  template <class T>
  void add() {
    if constexpr (has_codec<T> || blob<T>)
      out_ += "\"bytes\"";
    else if constexpr (std::same_as<T, std::monostate>)
      out_ += "\"null\"";
    else if constexpr (std::same_as<T, bool>)
      out_ += "\"boolean\"";
    else if constexpr (described_enum<T>)
      add_enum<T>();
    else if constexpr (scalar<T>)
      add_scalar<T>();
    else if constexpr (text<T>)
      out_ += "\"string\"";
    else if constexpr (optional_type<T>)
      around<typename T::value_type>("[\"null\",", "]");
    else if constexpr (list_type<T> || array_type<T>)
      around<typename T::value_type>("{\"type\":\"array\",\"items\":", "}");
    else if constexpr (map_type<T>)
      around<typename T::mapped_type>("{\"type\":\"map\",\"values\":", "}");
    else if constexpr (variant_type<T>)
      add_variant<T>();
    else
      add_record<T>();
  }

  [[nodiscard]] std::string take() { return std::move(out_); }

private:
  template <class T>
  void around(const char* before, const char* behind) {
    out_ += before;
    add<T>();
    out_ += behind;
  }

  template <class T>
  void add_scalar() {
    constexpr time_form form = time_form_of<T>();
    if constexpr (form.unit == time_unit::days)
      out_ += R"({"type":"int","logicalType":"date"})";
    else if constexpr (form.unit == time_unit::millis)
      out_ += R"({"type":"long","logicalType":"timestamp-millis"})";
    else if constexpr (form.unit == time_unit::micros)
      out_ += R"({"type":"long","logicalType":"timestamp-micros"})";
    else if constexpr (form.unit == time_unit::nanos)
      out_ += R"({"type":"long","logicalType":"timestamp-nanos"})";
    else if constexpr (floating<number_type<T>>)
      out_ += sizeof(number_type<T>) == 4 ? "\"float\"" : "\"double\"";
    else if constexpr (std::same_as<number_type<T>, bool>)
      out_ += "\"int\"";
    else
      out_ += fits_int<number_type<T>> ? "\"int\"" : "\"long\"";
  }

  /// Begins a named type; false if it is known already and only named again.
  bool begin(const char* kind, std::string name) {
    const auto [at, fresh] = names_.insert(std::move(name));
    if (!fresh) {
      out_ += '"' + *at + '"';
      return false;
    }
    out_ += std::string{"{\"type\":\""} + kind + "\",\"name\":\"" + *at + '"';
    return true;
  }

  template <class T>
  void add_enum() {
    if (!begin("enum", full_name<T>())) return;
    out_ += ",\"symbols\":";
    char separator = '[';
    for (const auto& known : enum_names<T>) {
      out_ += std::exchange(separator, ',');
      out_ += '"' + std::string{known.name} + '"';
    }
    out_ += "]}";
  }

  template <class T>
  void add_variant() {
    char separator = '[';
    any_part<T>([&]<class P> {
      out_ += std::exchange(separator, ',');
      add<P>();
      return false;
    });
    out_ += ']';
  }

  template <class T>
  void add_record() {
    if (!begin("record", full_name<T>())) return;
    const T fresh{};
    out_ += ",\"fields\":[";
    bool first = true;
    for_each_member<T>([&](auto d) {
      using member = member_type<decltype(d)>;
      out_ += std::exchange(first, false) ? "{\"name\":\"" : ",{\"name\":\"";
      out_ += d.name;
      out_ += "\",\"type\":";
      add<member>();
      if (optional_type<member> || may_miss<T>(d.name)) {
        out_ += ",\"default\":";
        write_default(fresh.*d.pointer, out_);
      }
      if (const std::string_view other = alias_of<T>(d.name); !other.empty())
        out_ += ",\"aliases\":[\"" + std::string{other} + "\"]";
      out_ += '}';
    });
    out_ += "]}";
  }

  std::string out_;
  std::set<std::string> names_;
};

}  // namespace detail

/// The schema of `T` as JSON, made from its description: described classes are records, described
/// enumerations enums, optionals unions with null, vectors and std::array arrays, std::map of
/// std::string a map, variants unions; time points of the system's clock have the logical type of
/// their unit, durations are counts. Members with defaults: see `traits`.
template <avro_type T>
[[nodiscard]] std::string schema_text() {
  detail::schema_writer to;
  to.add<T>();
  return to.take();
}

}  // namespace weir::avro
