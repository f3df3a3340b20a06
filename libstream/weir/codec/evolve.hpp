// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/schema.hpp"
#include "weir/core/result.hpp"

#include <string>
#include <utility>

namespace weir {

/// Appends a schema in a binary form of its own, and reads it back; false if the bytes hold none.
void encode_schema(const schema& type, bytes& out);
[[nodiscard]] bool decode_schema(byte_reader& in, schema& out);

/// Rewrites values from the binary form of the type that wrote them to that of the type that reads
/// them. Without it a member more or less would be read as something else. It can
///
/// - find members of records by name, in any order; leave out those that are gone; give those that
///   are new their default: that of the reading type's own default value, or zero, empty or nothing
///   for a record within a container;
/// - widen: an integer to one that holds all its values, float32 to float64, an integer of at most
///   32 bits to float64, a type to an optional of it;
/// - add alternatives to the end of a variant, and enumerators to a described enumeration.
///
/// All else is refused, by the path of the first member that doesn't fit. Types with a codec of
/// their own must be equal, and may not stand in a type that changes: only they know their length.
class schema_change {
public:
  /// `initial` is the reading type's default value in binary form.
  [[nodiscard]] static result<schema_change> between(schema from, schema to, bytes initial);

  /// Reads one value, and appends it to `out` in the new form. False if the bytes don't hold one.
  [[nodiscard]] bool convert(byte_reader& in, bytes& out) const;

  [[nodiscard]] const schema& from() const noexcept { return from_; }

private:
  schema_change(schema from, schema to, bytes initial)
      : from_(std::move(from)), to_(std::move(to)), initial_(std::move(initial)) {}

  schema from_;
  schema to_;
  bytes initial_;
};

/// The change from a saved schema to `T`.
template <encodable T>
[[nodiscard]] result<schema_change> change_to(schema from) {
  bytes initial;
  encode(T{}, initial);
  return schema_change::between(std::move(from), schema_of<T>(), std::move(initial));
}

}  // namespace weir
