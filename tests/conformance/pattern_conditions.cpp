// SPDX-License-Identifier: BSD-3-Clause
// The conditions of pattern cases, made from JSON.
#include "conformance/pattern_case.hpp"

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace weir::conformance {

namespace {

namespace json = boost::json;
using so_far = match_so_far<record>;
using number = std::function<std::optional<double>(const record&, const so_far*)>;
using test = std::function<bool(const record&, const so_far*)>;

std::string text(const json::value& v) { return std::string{v.as_string()}; }

std::optional<double> record::*field_of(const json::value& v) {
  if (v.as_string() == "price") return &record::price;
  if (v.as_string() == "volume") return &record::volume;
  throw std::invalid_argument("unknown field " + json::serialize(v));
}

double value_or_zero(const std::optional<double>& v) { return v.value_or(0); }

number make_sum(const json::object& n) {
  const std::string step = text(n.at("stage"));
  if (n.at("sum").as_string() == "price")
    return [step](const record&, const so_far* m) {
      return m->has(step) ? m->sum(step, [](const record& r) { return value_or_zero(r.price); })
                          : 0;
    };
  field_of(n.at("sum"));
  return [step](const record&, const so_far* m) {
    return m->has(step) ? m->sum(step, [](const record& r) { return value_or_zero(r.volume); }) : 0;
  };
}

number make_end(const json::object& n, bool first) {
  const std::string step = text(n.at("stage"));
  const auto field = field_of(n.at(first ? "first" : "last"));
  return [=](const record&, const so_far* m) -> std::optional<double> {
    if (!m->has(step)) return std::nullopt;
    const record* r = first ? m->first(step) : m->last(step);
    return r == nullptr ? std::nullopt : r->*field;
  };
}

number make_number(const json::value& from) {
  const json::object& n = from.as_object();
  if (const auto* v = n.if_contains("const"))
    return [x = v->to_number<double>()](const record&, const so_far*) { return x; };
  if (const auto* v = n.if_contains("field"))
    return [f = field_of(*v)](const record& r, const so_far*) { return r.*f; };
  if (n.contains("ts"))
    return [](const record& r, const so_far*) {
      return static_cast<double>(r.at.time_since_epoch().count());
    };
  if (const auto* v = n.if_contains("add")) {
    std::vector<number> parts;
    for (const auto& part : v->as_array()) parts.push_back(make_number(part));
    return [parts](const record& r, const so_far* m) -> std::optional<double> {
      double sum = 0;
      for (const number& part : parts) {
        const auto x = part(r, m);
        if (!x) return std::nullopt;
        sum += *x;
      }
      return sum;
    };
  }
  if (const auto* v = n.if_contains("count"))
    return [step = text(*v)](const record&, const so_far* m) {
      return m->has(step) ? static_cast<double>(m->count(step)) : 0;
    };
  if (n.contains("sum")) return make_sum(n);
  if (n.contains("first") || n.contains("last")) return make_end(n, n.contains("first"));
  throw std::invalid_argument("unknown number " + json::serialize(from));
}

bool compare(double a, const std::string& how, double b) {
  if (how == "<") return a < b;
  if (how == "<=") return a <= b;
  if (how == ">") return a > b;
  if (how == ">=") return a >= b;
  return how == "==" ? a == b : a != b;
}

test make_comparison(const json::array& parts) {
  const number a = make_number(parts.at(0));
  const std::string how = text(parts.at(1));
  const number b = make_number(parts.at(2));
  for (const char* known : {"<", "<=", ">", ">=", "==", "!="})
    if (how == known)
      return [=](const record& r, const so_far* m) {
        const auto x = a(r, m);
        const auto y = b(r, m);
        return x && y && compare(*x, how, *y);
      };
  throw std::invalid_argument("unknown comparison " + how);
}

test make_test(const json::value& from);

test make_list(const json::array& from, bool all) {
  std::vector<test> parts;
  for (const auto& part : from) parts.push_back(make_test(part));
  return [parts, all](const record& r, const so_far* m) {
    for (const test& part : parts)
      if (part(r, m) != all) return !all;
    return all;
  };
}

test make_test(const json::value& from) {
  const json::object& c = from.as_object();
  if (c.size() != 1)
    throw std::invalid_argument("a condition has one key: " + json::serialize(from));
  const auto& [key, v] = *c.begin();
  if (key == "true") return [](const record&, const so_far*) { return true; };
  if (key == "name_eq")
    return [s = text(v)](const record& r, const so_far*) { return r.name == s; };
  if (key == "name_contains")
    return [s = text(v)](const record& r, const so_far*) {
      return r.name.find(s) != std::string::npos;
    };
  if (key == "name_prefix")
    return [s = text(v)](const record& r, const so_far*) { return r.name.starts_with(s); };
  if (key == "type_is")
    return [s = text(v)](const record& r, const so_far*) { return r.type == s; };
  if (key == "and" || key == "or") return make_list(v.as_array(), key == "and");
  if (key == "not")
    return [inner = make_test(v)](const record& r, const so_far* m) { return !inner(r, m); };
  if (key == "cmp") return make_comparison(v.as_array());
  throw std::invalid_argument("unknown condition " + json::serialize(from));
}

/// Whether a condition reads what the match has taken so far.
bool reads_match(const json::value& v) {
  if (v.is_array()) {
    for (const auto& part : v.get_array())
      if (reads_match(part)) return true;
  } else if (v.is_object()) {
    for (const auto& [key, part] : v.get_object())
      if (key == "stage" || key == "count" || reads_match(part)) return true;
  }
  return false;
}

}  // namespace

patterns::condition<record> make_condition(const json::value& from) {
  patterns::condition<record> made;
  if (reads_match(from))
    made.add([t = make_test(from)](const record& r, const so_far& m) { return t(r, &m); }, true);
  else
    made.add([t = make_test(from)](const record& r) { return t(r, nullptr); }, true);
  return made;
}

}  // namespace weir::conformance
