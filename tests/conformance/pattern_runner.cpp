// SPDX-License-Identifier: BSD-3-Clause
// Runs pattern cases through the detect operator of a stage, with the test kit.
#include "conformance/pattern_case.hpp"
#include "conformance/runners.hpp"
#include "weir/test.hpp"

#include <algorithm>
#include <optional>

namespace weir::conformance {

namespace {

namespace json = boost::json;
using run = test::operator_run<match<record>, test::inputs<record>>;

const side_output<record> late_output{"late"};
const side_output<timed_out_match<record>> timed_out_output{"timed out"};

json::array to_json(const match<record>& m) {
  json::array made;
  for (const auto& s : m.steps) {
    json::array ids;
    for (const record& r : s.events) ids.emplace_back(r.id);
    made.emplace_back(json::array{s.step, std::move(ids)});
  }
  return made;
}
std::int64_t ticks(timestamp t) { return t.time_since_epoch().count(); }
const record& first_event(const match<record>& m) { return m.steps.front().events.front(); }

struct setting {
  pattern<record> what;
  bool keyed = false;
  detect_options<record> options;
};

/// The clock begins where the case does.
run begin(const setting& s, timestamp start) {
  const auto build = [s](stream<record> in) {
    return std::move(in).detect(s.what, s.options).on_error(directive::stop());
  };
  const auto build_keyed = [s](stream<record> in) {
    return std::move(in).key_by(&record::eid).detect(s.what, s.options).on_error(directive::stop());
  };
  test::operator_options options;
  options.start = start;
  if (s.keyed) return run{build_keyed, options, late_output, timed_out_output};
  return run{build, options, late_output, timed_out_output};
}

timestamp start_of(const json::array& input) {
  std::int64_t lowest = 0;
  for (const auto& r : input)
    for (const char* key : {"ts", "advance_to", "processing_time"})
      if (const auto* v = r.as_object().if_contains(key); v != nullptr && v->is_number())
        lowest = std::min(lowest, v->to_number<std::int64_t>());
  return tick(lowest);
}

/// What a case has come to, record by record.
class account {
public:
  account(bool keyed, bool operators) : keyed_(keyed), operators_(operators) {}

  void take(run& r, const json::value& record_id) {
    for (const auto& found : r.outputs()) add_match(found, record_id);
    for (const auto& late : r.side(late_output)) late_.emplace_back(late.value.id);
    for (const auto& over : r.side(timed_out_output)) {
      json::object one{{"match", to_json(over.value.events)}, {"ts", ticks(over.at)}};
      if (keyed_) one["key"] = first_event(over.value.events).eid;
      one["emitted_at"] = record_id;
      timeouts_.push_back(std::move(one));
    }
  }

  json::object result(const std::string& failure) {
    json::object made;
    if (operators_) {
      made["output"] = std::move(output_);
      made["late"] = std::move(late_);
    } else {
      made["matches"] = std::move(matches_);
      made["emitted_at"] = std::move(emitted_at_);
    }
    made["timeouts"] = std::move(timeouts_);
    if (failure.empty())
      made["error"] = nullptr;
    else
      made["error"] = "runtime";
    if (!failure.empty()) made["message"] = failure;
    return made;
  }

private:
  void add_match(const test::timed<match<record>>& found, const json::value& record_id) {
    if (!operators_) {
      matches_.push_back(to_json(found.value));
      emitted_at_.push_back(record_id);
      return;
    }
    json::object one{{"match", to_json(found.value)}};
    if (keyed_) one["key"] = first_event(found.value).eid;
    one["ts"] = ticks(found.at);
    one["emitted_at"] = record_id;
    output_.push_back(std::move(one));
  }

  bool keyed_, operators_;
  json::array matches_, emitted_at_, output_, timeouts_, late_;
};

timestamp watermark_of(const json::value& v) {
  if (!v.is_string()) return tick(v.to_number<std::int64_t>());
  return v.as_string() == "max" ? max_timestamp : min_timestamp;
}

/// A matcher case is driven by the clock of processing time: an event is matched as it comes.
void feed_matcher(run& r, const json::object& one) {
  const bool is_event = one.contains("ts");
  r.jump_to(tick(one.at(is_event ? "ts" : "advance_to").to_number<std::int64_t>()));
  if (is_event) r.push(make_record(one, r.now()));
}

void feed_operator(std::optional<run>& r, const json::object& one, bool event_time) {
  if (one.contains("snapshot_restore")) {
    r.emplace(r->restarted());
  } else if (const auto* w = one.if_contains("watermark")) {
    r->push_watermark(watermark_of(*w));
  } else if (const auto* t = one.if_contains("processing_time")) {
    r->set_time(tick(t->to_number<std::int64_t>()));
  } else {
    const timestamp at = event_time ? tick(one.at("ts").to_number<std::int64_t>()) : r->now();
    r->push(make_record(one, at), at);
  }
}

setting make_setting(const json::object& one) {
  setting s{make_pattern(one.at("pattern").as_object()), false, {}};
  const auto* time = one.if_contains("time");
  if (time == nullptr || time->as_string() != "event") s.options.time = match_time::processing;
  s.options.late = late_output;
  s.options.timed_out = timed_out_output;
  if (const auto* key = one.if_contains("key_field"); key != nullptr && !key->is_null()) {
    if (key->as_string() != "eid") throw std::invalid_argument("unknown key_field");
    s.keyed = true;
  }
  if (const auto* order = one.if_contains("comparator"); order != nullptr && !order->is_null()) {
    if (order->as_string() != "price_asc") throw std::invalid_argument("unknown comparator");
    s.options.order = [](const record& a, const record& b) { return a.price < b.price; };
  }
  return s;
}

json::object refused(const std::string& why) {
  return {{"matches", json::array{}},
          {"emitted_at", json::array{}},
          {"error", "invalid_pattern"},
          {"message", why}};
}

json::object run_valid_case(const json::object& one, const setting& s) {
  const json::array& input = one.at("input").as_array();
  const bool operators = one.contains("time");
  std::optional<run> r{begin(s, start_of(input))};
  account seen{s.keyed, operators};
  for (const auto& item : input) {
    const json::object& record_of = item.as_object();
    try {
      if (operators)
        feed_operator(r, record_of, s.options.time == match_time::event);
      else
        feed_matcher(*r, record_of);
    } catch (const exception&) {
      if (r->failure().empty()) throw;
    }
    seen.take(*r, record_of.at("id"));
    if (!r->failure().empty()) break;
  }
  json::object result = seen.result(r->failure());
  const auto* wants = one.if_contains("report_timeouts");
  if (wants == nullptr || !wants->is_bool() || !wants->as_bool()) result.erase("timeouts");
  return result;
}

}  // namespace

json::object run_pattern_case(const json::object& one) {
  std::optional<setting> s;
  try {
    s = make_setting(one);
  } catch (const exception& e) {
    return refused(e.why().message);
  }
  const auto plan = s->what.compile();
  return plan ? run_valid_case(one, *s) : refused(plan.error().message);
}

}  // namespace weir::conformance
