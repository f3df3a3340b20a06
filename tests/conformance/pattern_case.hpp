// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/pattern.hpp"

#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace weir::conformance {

/// The event of pattern cases.
struct record {
  std::string id;
  std::string name;
  std::optional<double> price;
  std::optional<double> volume;
  std::optional<std::string> type;
  std::int64_t eid = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(record, (), (id, name, price, volume, type, eid, at))

/// A case's unit of time is one tick of ours.
[[nodiscard]] inline timestamp tick(std::int64_t n) { return timestamp{duration{n}}; }

[[nodiscard]] record make_record(const boost::json::object& from, timestamp at);

/// Makes the pattern that a case describes. Throws if the description is malformed; whether the
/// pattern is legal its `compile()` says.
[[nodiscard]] pattern<record> make_pattern(const boost::json::object& from);

/// Makes a step's condition.
[[nodiscard]] patterns::condition<record> make_condition(const boost::json::value& from);

}  // namespace weir::conformance
