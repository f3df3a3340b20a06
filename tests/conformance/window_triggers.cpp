// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/window_triggers.hpp"

#include <stdexcept>
#include <string>

namespace weir::conformance {

namespace json = boost::json;

namespace {

std::int64_t first_of(const json::object& o, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const json::value* v = o.if_contains(name)) return v->to_number<std::int64_t>();
  throw std::invalid_argument("a trigger or evictor has no parameter");
}

bool flag(const json::object& o, const char* name) {
  const json::value* v = o.if_contains(name);
  return v != nullptr && v->is_bool() && v->as_bool();
}

}  // namespace

any_trigger::any_trigger(const json::object& t, bool by_clock_time) : purges_(flag(t, "purging")) {
  const std::string type = json::value_to<std::string>(t.at("type"));
  if (type == "event_time" || (type == "processing_time" && by_clock_time))
    plan_ = at_window_end{};
  else if (type == "processing_time")
    plan_ = at_clock{};
  else if (type == "count")
    plan_ = on_count{static_cast<std::uint64_t>(first_of(t, {"n", "count"}))};
  else if (type == "continuous_event_time")
    plan_ = continuous{every_event_time{duration{first_of(t, {"interval", "interval_ms"})}}};
  else
    throw std::invalid_argument("no trigger is called '" + type + "'");
}

namespace {

decltype(any_evictor::plan) plan_of(const json::object& e) {
  const std::string type = json::value_to<std::string>(e.at("type"));
  if (type == "count") return keep_last{static_cast<std::uint64_t>(first_of(e, {"n", "count"}))};
  if (type == "time") return keep_newest{duration{first_of(e, {"ms", "size"})}};
  if (type == "delta")
    return keep_near<any_evictor::value_delta>{{}, e.at("threshold").to_number<double>()};
  throw std::invalid_argument("no evictor is called '" + type + "'");
}

}  // namespace

any_evictor::any_evictor(const json::object& e) : plan(plan_of(e)), after(flag(e, "after")) {}

}  // namespace weir::conformance
