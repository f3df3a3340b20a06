// SPDX-License-Identifier: BSD-3-Clause
#include "conformance/pattern_case.hpp"

#include <optional>
#include <stdexcept>

namespace weir::conformance {

namespace {

namespace json = boost::json;

std::string text(const json::value& v) { return std::string{v.as_string()}; }

const json::value* given(const json::object& from, const char* key) {
  const json::value* v = from.if_contains(key);
  return v == nullptr || v->is_null() ? nullptr : v;
}
std::int64_t whole(const json::value& v) { return v.to_number<std::int64_t>(); }

pattern<record> make_steps(const json::array& items);

/// Adds a step or group, and hands it to `add(step, link)`.
template <class Step>
void add(pattern<record>& to, Step step, const std::string& how) {
  if (how == "next")
    to.next(std::move(step));
  else if (how == "followed_by")
    to.followed_by(std::move(step));
  else if (how == "followed_by_any")
    to.followed_by_any(std::move(step));
  else
    throw std::invalid_argument("unknown contiguity '" + how + "'");
}

void add_step(pattern<record>& to, const std::string& name, const std::string& how) {
  if (how == "not_next")
    to.not_next(name);
  else if (how == "not_followed_by")
    to.not_followed_by(name);
  else
    add(to, name, how);
}

std::optional<duration> given_gap(const json::object& from) {
  const json::value* gap = given(from, "gap_ms");
  if (gap == nullptr) return std::nullopt;
  return duration{whole(*gap)};
}

void set_times(pattern<record>& to, const json::object& q) {
  const json::value* inner = given(q, "inner");
  bool optional = q.at("optional").as_bool();
  if (inner != nullptr) {
    const auto gap = given_gap(q).value_or(duration::max());
    const std::int64_t min = whole(q.at("min"));
    const json::value* max = given(q, "max");
    if (max == nullptr) {
      to.times_or_more(min, gap);
    } else if (optional && min == 1 && whole(*max) > 0) {
      to.times(0, whole(*max), gap);
      optional = false;
    } else if (min == whole(*max)) {
      to.times(min, gap);
    } else {
      to.times(min, whole(*max), gap);
    }
    if (text(*inner) == "strict") to.consecutive();
    if (text(*inner) == "any") to.allow_combinations();
  }
  if (q.at("greedy").as_bool()) to.greedy();
  if (optional) to.optional();
}

void set_rest(pattern<record>& to, const json::object& item) {
  set_times(to, item.at("quant").as_object());
  if (const auto* until = given(item, "until")) to.until(make_condition(*until));
  if (const auto gap = given_gap(item)) to.within(*gap, since::previous);
}

void add_item(pattern<record>& to, const json::object& item) {
  const std::string how = text(item.at("contiguity"));
  if (const auto* inside = given(item, "group")) {
    add(to, make_steps(inside->as_array()), how);
  } else {
    add_step(to, text(item.at("name")), how);
    to.where(make_condition(item.at("cond")));
  }
  set_rest(to, item);
}

/// How the first item follows says nothing, but it can't be a NOT: the builder has no words for it.
pattern<record> make_first(const json::object& item) {
  if (text(item.at("contiguity")).starts_with("not_"))
    throw exception({errc::invalid_argument, "step '" + text(item.at("name")) +
                                                 "': a pattern can't begin with a NOT step"});
  if (const auto* inside = given(item, "group")) return group(make_steps(inside->as_array()));
  pattern<record> made{text(item.at("name"))};
  made.where(make_condition(item.at("cond")));
  return made;
}

pattern<record> make_steps(const json::array& items) {
  pattern<record> made = make_first(items.at(0).as_object());
  set_rest(made, items.at(0).as_object());
  for (std::size_t i = 1; i < items.size(); ++i) add_item(made, items[i].as_object());
  return made;
}

after_match make_skip(const json::object& from) {
  const std::string kind = text(from.at("kind"));
  const auto step = [&] { return text(from.at("stage")); };
  after_match made;
  if (kind == "to_next")
    made = skip_to_next();
  else if (kind == "past_last")
    made = skip_past_last();
  else if (kind == "to_first")
    made = skip_to_first(step());
  else if (kind == "to_last")
    made = skip_to_last(step());
  else if (kind != "none")
    throw std::invalid_argument("unknown skip strategy '" + kind + "'");
  const auto* fails = given(from, "error_on_miss");
  if (fails != nullptr && fails->as_bool()) made.fails_on_miss = true;
  return made;
}

}  // namespace

record make_record(const json::object& from, timestamp at) {
  record r;
  r.id = text(from.at("id"));
  r.name = text(from.at("name"));
  if (const auto* v = given(from, "price")) r.price = v->to_number<double>();
  if (const auto* v = given(from, "volume")) r.volume = v->to_number<double>();
  if (const auto* v = given(from, "type")) r.type = text(*v);
  if (const auto* v = given(from, "eid")) r.eid = whole(*v);
  r.at = at;
  return r;
}

pattern<record> make_pattern(const json::object& from) {
  pattern<record> made = make_steps(from.at("stages").as_array());
  if (const auto* within = given(from, "within_ms")) made.within(duration{whole(*within)});
  made.skip(make_skip(from.at("skip").as_object()));
  return made;
}

}  // namespace weir::conformance
