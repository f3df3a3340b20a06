// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace weir {

/// An event that could not be processed, or a record that could not be decoded, with why. The
/// implicit output of every stage.
struct dead_letter {
  std::string stage;
  std::string operator_name;
  std::string error;
  std::string source;  ///< The split it was read from; empty where the stage does not know it.
  std::optional<std::uint64_t>
      offset;        ///< Its position in that split: bytes for files, numbers for logs.
  std::string type;  ///< The event type's name; empty for a record that was not decoded.
  std::string text;  ///< The event as JSON, or the record as it was read (its first 64 KiB).
  bytes event;       ///< The event in the binary codec; empty for a record.
  bytes schema;      ///< Of the event, as `encode_schema` writes it; so it can be read later.
  /// The event is what came to the operator, from one before it; else it is what came to the chain
  /// of operators that the operator is in.
  bool at_operator = false;
  std::uint32_t input = 0;  ///< The input it came by, in a stage of several.
  std::optional<timestamp> event_time;
  timestamp failed_at;  ///< Wall-clock time.
  std::uint32_t tries = 1;
};
BOOST_DESCRIBE_STRUCT(dead_letter, (),
                      (stage, operator_name, error, source, offset, type, text, event, schema,
                       at_operator, input, event_time, failed_at, tries))

}  // namespace weir
