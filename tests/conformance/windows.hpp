// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/window_kinds.hpp"

#include <boost/describe/class.hpp>
#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::conformance {

/// An element of a case. Times are ticks, of which one is a microsecond here. Ids and keys are kept
/// as JSON, so that they come back as what they were: strings, numbers or null.
struct element {
  std::string id;
  std::string key;
  std::int64_t value = 0;

  friend bool operator==(const element&, const element&) = default;
};
BOOST_DESCRIBE_STRUCT(element, (), (id, key, value))

/// The gap of the first rule that fits an element.
struct gap_by_rule {
  struct rule {
    std::optional<std::string> key;  ///< As JSON.
    std::optional<std::int64_t> value;
    std::int64_t gap = 0;
  };
  std::vector<rule> rules;

  duration operator()(const element& r) const;
};

using any_windows = std::variant<tumbling, hopping, session<gap_by_rule>, global_window>;

/// Makes the windows that a case describes; throws `weir::exception` if they are refused.
any_windows windows_of(const boost::json::object& assigner);

/// A number, a decimal string, or "max" or "min".
timestamp time_of(const boost::json::value& v);
boost::json::value json_of(timestamp t);
/// An element of a case's record, and its time: that of `ts`, `min_timestamp` if it has none.
element element_of(const boost::json::object& record);
timestamp time_of_record(const boost::json::object& record);
boost::json::value json_of(const window& w);
window window_of(const boost::json::value& v);

// The kinds of case. Each adds its answer to a result that has the case's id.

void answer_assign(const boost::json::object& c, boost::json::object& result);
void answer_window_start(const boost::json::object& c, boost::json::object& result);
void answer_intersects(const boost::json::object& c, boost::json::object& result);
void answer_invalid(const boost::json::object& c, boost::json::object& result);
void answer_merge(const boost::json::object& c, boost::json::object& result);
void answer_merge_incremental(const boost::json::object& c, boost::json::object& result);
void answer_window_contents(const boost::json::object& c, boost::json::object& result);
void answer_window(const boost::json::object& c, boost::json::object& result);
void answer_interval_join(const boost::json::object& c, boost::json::object& result);

}  // namespace weir::conformance
