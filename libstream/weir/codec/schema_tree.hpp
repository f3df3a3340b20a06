// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What kind of type a `schema` describes. Numbers are never reused: they enter fingerprints.
enum class type_kind : std::uint8_t {
  boolean = 1,
  int8 = 2,
  int16 = 3,
  int32 = 4,
  int64 = 5,
  uint8 = 6,
  uint16 = 7,
  uint32 = 8,
  uint64 = 9,
  float32 = 10,
  float64 = 11,
  text = 12,         ///< std::string
  blob = 13,         ///< weir::bytes
  enumeration = 14,  ///< fields: its enumerators, if they are described
  time = 15,         ///< a time_point; name: its unit in seconds; fields: its count
  time_span = 16,    ///< a duration; name: its unit in seconds; fields: its count
  optional = 17,     ///< fields: what it may hold
  list = 18,         ///< fields: its elements
  array = 19,        ///< number: its length; fields: its elements
  tuple = 20,        ///< fields: each element
  map = 21,          ///< fields: "key" and "value"
  variant = 22,      ///< fields: each alternative
  record = 23,       ///< fields: its members
  custom = 24,       ///< a type with its own codec; name and fields as that codec says
};

/// Returns the kind's name, such as `int64` or `record`.
std::string_view to_string(type_kind kind) noexcept;

struct schema_field;

/// A type as data: what a codec writes, in the order in which it writes it.
struct schema {
  type_kind kind = type_kind::custom;
  std::string name;                  ///< The C++ name of what a user defined; a time's unit.
  std::int64_t number = 0;           ///< An array's length; an enumerator's value.
  std::vector<schema_field> fields;  ///< See `type_kind`.

  friend bool operator==(const schema& a, const schema& b);
};

/// A named part of a type. Elements of tuples and alternatives of variants are called by index.
struct schema_field {
  std::string name;
  schema type;

  friend bool operator==(const schema_field& a, const schema_field& b);
};

/// Returns the schema as one line of JSON: a plain type is its kind, any other an object with
/// "type", "name", "number" and "fields" where they are not empty.
std::string to_json(const schema& type);

/// Returns a hash of all kinds, names and numbers in the schema except the C++ names of records and
/// enumerations: moving a type to another namespace keeps it, renaming a field does not. The same
/// on every machine and in every version.
std::uint64_t fingerprint(const schema& type) noexcept;

}  // namespace weir
