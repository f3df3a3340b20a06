// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/evolve.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/codec/schema.hpp"
#include "weir/flow/dead_letter.hpp"

namespace weir::flow {

/// Returns the binary form of the schema of `T`.
template <encodable T>
[[nodiscard]] const bytes& encoded_schema() {
  static const bytes encoded = [] {
    bytes data;
    encode_schema(schema_of<T>(), data);
    return data;
  }();
  return encoded;
}

/// Fills a dead letter with the event that an operator failed at, so that it can be read and
/// replayed.
template <class T>
void describe_event(const T& event, timestamp at, dead_letter& letter) {
  letter.type = type_name<T>();
  letter.event_time = at;
  letter.at_operator = true;
  if constexpr (encodable<T>) {
    letter.event.clear();
    encode(event, letter.event);
    letter.schema = encoded_schema<T>();
  }
  if constexpr (json_type<T>) {
    letter.text.clear();
    write_json(event, letter.text);
  }
}

}  // namespace weir::flow
