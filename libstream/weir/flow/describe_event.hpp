// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/json_write.hpp"
#include "weir/codec/schema.hpp"
#include "weir/flow/dead_letter.hpp"

namespace weir::flow {

/// Fills a dead letter with the event that failed, so that it can be read and replayed.
template <class T>
void describe_event(const T& event, timestamp at, dead_letter& letter) {
  letter.type = type_name<T>();
  letter.event_time = at;
  if constexpr (encodable<T>) {
    letter.event.clear();
    encode(event, letter.event);
  }
  if constexpr (json_type<T>) {
    letter.text.clear();
    write_json(event, letter.text);
  }
}

}  // namespace weir::flow
