// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/windows.hpp"

#include "conformance/runners.hpp"

#include <exception>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weir::conformance {

namespace json = boost::json;

duration gap_by_rule::operator()(const element& r) const {
  for (const rule& x : rules)
    if ((!x.key || *x.key == r.key) && (!x.value || *x.value == r.value)) return duration{x.gap};
  throw exception({errc::invalid_argument, "no rule gives a gap for '" + r.id + "'"});
}

namespace {

std::int64_t number(const json::object& o, std::string_view name, std::int64_t otherwise) {
  const json::value* v = o.if_contains(name);
  return v == nullptr || v->is_null() ? otherwise : v->to_number<std::int64_t>();
}

session<gap_by_rule> session_of(const json::object& a) {
  gap_by_rule gaps;
  if (const json::value* rules = a.if_contains("gap_rules")) {
    for (const json::value& r : rules->as_array()) {
      gap_by_rule::rule made{{}, {}, number(r.as_object(), "gap", 0)};
      if (const json::value* key = r.as_object().if_contains("key"))
        made.key = json::serialize(*key);
      if (made.gap < 0)
        throw exception({errc::invalid_argument, "a session's gap must not be negative"});
      if (r.as_object().contains("value")) made.value = number(r.as_object(), "value", 0);
      gaps.rules.push_back(std::move(made));
    }
  } else {
    // The library checks a fixed gap; what it lets pass is a rule without a condition here, so that
    // all sessions are of one type.
    const std::int64_t gap = number(a, "gap", 0);
    static_cast<void>(session{duration{gap}});
    gaps.rules.push_back({{}, {}, gap});
  }
  const json::value* rule = a.if_contains("touching");
  const bool separate = rule != nullptr && rule->is_string() && rule->as_string() == "separate";
  return session{std::move(gaps)}.touching(separate ? touching::separate : touching::merge);
}

using answer = void (*)(const json::object&, json::object&);
const std::map<std::string_view, answer> answers = {
    {"assign", answer_assign},
    {"window_start", answer_window_start},
    {"intersects", answer_intersects},
    {"invalid", answer_invalid},
    {"merge", answer_merge},
    {"merge_incremental", answer_merge_incremental},
    {"window_contents", answer_window_contents},
    {"window", answer_window},
    {"interval_join", answer_interval_join},
};

}  // namespace

any_windows windows_of(const json::object& a) {
  const std::string type = json::value_to<std::string>(a.at("type"));
  const duration offset{number(a, "offset", 0)};
  if (type == "tumbling") return tumbling{duration{number(a, "size", 0)}, offset};
  if (type == "sliding")
    return hopping{duration{number(a, "size", 0)}, duration{number(a, "slide", 0)}, offset};
  if (type == "session") return session_of(a);
  if (type == "global") return global_window{};
  throw std::invalid_argument("no assigner is called '" + type + "'");
}

timestamp time_of(const json::value& v) {
  if (!v.is_string()) return timestamp{duration{v.to_number<std::int64_t>()}};
  const std::string text = json::value_to<std::string>(v);
  if (text == "max") return max_timestamp;
  if (text == "min") return min_timestamp;
  return timestamp{duration{std::stoll(text)}};
}

element element_of(const json::object& record) {
  element e;
  if (const json::value* id = record.if_contains("id")) e.id = json::serialize(*id);
  if (const json::value* key = record.if_contains("key")) e.key = json::serialize(*key);
  e.value = number(record, "value", 0);
  return e;
}

timestamp time_of_record(const json::object& record) {
  const json::value* ts = record.if_contains("ts");
  return ts == nullptr || ts->is_null() ? min_timestamp : time_of(*ts);
}

json::value json_of(timestamp t) {
  if (t == max_timestamp) return "max";
  if (t == min_timestamp) return "min";
  return t.time_since_epoch().count();
}

json::value json_of(const window& w) { return json::array{json_of(w.start), json_of(w.end)}; }

window window_of(const json::value& v) {
  const json::array& a = v.as_array();
  return {time_of(a.at(0)), time_of(a.at(1))};
}

json::object run_window_case(const json::object& one) {
  json::object result;
  const std::string kind = json::value_to<std::string>(one.at("kind"));
  const auto found = answers.find(kind);
  if (found == answers.end()) {
    result["skipped"] = "this program has no cases of kind " + kind;
    return result;
  }
  try {
    result["error"] = nullptr;
    found->second(one, result);
  } catch (const std::exception& e) {
    result["error"] = "runtime";
    result["message"] = e.what();
  }
  return result;
}

}  // namespace weir::conformance
