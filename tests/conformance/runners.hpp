// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/json.hpp>

#include <string_view>

namespace weir::conformance {

/// A kind of case, and what answers one: the result's fields but its id. An exception says that
/// the case is malformed.
struct runner {
  std::string_view name;
  boost::json::object (*run)(const boost::json::object& one);
};

boost::json::object run_pattern_case(const boost::json::object& one);
boost::json::object run_window_case(const boost::json::object& one);

}  // namespace weir::conformance
