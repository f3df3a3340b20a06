// SPDX-License-Identifier: BSD-3-Clause
// The kinds of case whose events run through an operator.
#include "conformance/window_triggers.hpp"
#include "weir/test.hpp"

#include <map>
#include <stdexcept>
#include <utility>

namespace weir::conformance {

namespace json = boost::json;

namespace {

const side_output<element> late{"late"};
using row = window_result<std::string, std::int64_t>;

/// What a case of kind `window` says besides its input.
struct setting {
  bool by_clock_time = false;
  bool buffered = false;
  duration lateness{};
  any_trigger trigger;
  std::optional<any_evictor> evictor;
};

setting setting_of(const json::object& c) {
  const bool by_clock_time = json::value_to<std::string>(c.at("time")) == "processing";
  setting s{by_clock_time, false, {}, any_trigger{c.at("trigger").as_object(), by_clock_time}, {}};
  const json::value* mode = c.if_contains("agg_mode");
  s.buffered = mode != nullptr && mode->is_string() && mode->as_string() == "buffered";
  if (const json::value* l = c.if_contains("allowed_lateness"); l != nullptr && !l->is_null())
    s.lateness = time_of(*l).time_since_epoch();
  if (const json::value* e = c.if_contains("evictor"); e != nullptr && !e->is_null())
    s.evictor = any_evictor{e->as_object()};
  return s;
}

row sum_up(const std::string& key, const window& w, const pane_info& pane,
           std::span<const element> all) {
  row r{key, w, 0, pane};
  for (const element& x : all) r.value += x.value;
  return r;
}

/// Sums the values of each key and window in an accumulator.
constexpr auto by_aggregate = [](const auto& windows) {
  return windows.aggregate(sum{&element::value});
};
/// Sums them over the events that the window kept.
constexpr auto by_process = [](const auto& windows) {
  return windows.template process<row>([](const std::string& key, const window& w,
                                          const pane_info& pane, std::span<const element> all,
                                          auto emit) { emit(sum_up(key, w, pane, all)); });
};

/// Runs a case's records through what `build` makes of a stream.
template <class Build>
void run_through(Build build, const json::array& input, json::object& result) {
  test::subject subject{std::move(build), late};
  auto run = subject.run();
  json::array output;
  json::array refused;
  for (const json::value& v : input) {
    const json::object& r = v.as_object();
    if (r.contains("watermark")) {
      run.push_watermark(time_of(r.at("watermark")));
    } else if (r.contains("processing_time")) {
      run.set_time(time_of(r.at("processing_time")));
    } else if (r.contains("snapshot_restore")) {
      auto next = run.restarted();
      run = std::move(next);
    } else {
      run.push(element_of(r), time_of_record(r));
    }
    if (!run.failure().empty()) throw std::runtime_error(run.failure());
    for (const auto& letter : run.dead_letters())
      throw std::runtime_error("a dead letter: " + letter.error);
    for (const test::timed<row>& o : run.outputs())
      output.push_back({{"key", json::parse(o.value.key)},
                        {"value", o.value.value},
                        {"ts", json_of(o.at)},
                        {"window", json_of(o.value.window)},
                        {"emitted_at", r.at("id")}});
    for (const auto& e : run.side(late)) refused.push_back(json::parse(e.value.id));
  }
  result["output"] = std::move(output);
  result["late"] = std::move(refused);
}

template <class Windows>
void run_plainly(const Windows& windows, const setting& s, const json::array& input,
                 json::object& result) {
  const auto on_time = [=](stream<element> in) {
    return in.key_by(&element::key).window(windows).late_to(late);
  };
  const auto run = [&](auto windowed) {
    if (s.buffered)
      run_through([=](stream<element> in) { return by_process(windowed(in)); }, input, result);
    else
      run_through([=](stream<element> in) { return by_aggregate(windowed(in)); }, input, result);
  };
  if (s.lateness == duration{0})
    run(on_time);
  else
    run([=](stream<element> in) { return on_time(in).allowed_lateness(s.lateness); });
}

template <class Windows>
void run_with_trigger(const Windows& windows, const setting& s, const json::array& input,
                      json::object& result) {
  const auto windowed = [=](stream<element> in) {
    const auto plain = in.key_by(&element::key).window(windows).late_to(late).trigger(s.trigger);
    if constexpr (weir::detail::is_by_clock<Windows>)
      return plain;
    else
      return plain.allowed_lateness(s.lateness);
  };
  if (s.evictor)
    run_through([=](stream<element> in) { return by_aggregate(windowed(in).evict(*s.evictor)); },
                input, result);
  else if (s.buffered)
    run_through([=](stream<element> in) { return by_process(windowed(in)); }, input, result);
  else
    run_through([=](stream<element> in) { return by_aggregate(windowed(in)); }, input, result);
}

}  // namespace

void answer_window(const json::object& c, json::object& result) {
  const setting s = setting_of(c);
  const json::array& input = c.at("input").as_array();
  std::visit(
      [&]<class W>(const W& windows) {
        if constexpr (!std::is_same_v<W, global_window>)
          if (s.by_clock_time) return run_with_trigger(processing_time(windows), s, input, result);
        if (s.trigger.is_default() && !s.trigger.purges() && !s.evictor)
          run_plainly(windows, s, input, result);
        else
          run_with_trigger(windows, s, input, result);
      },
      windows_of(c.at("assigner").as_object()));
}

void answer_window_contents(const json::object& c, json::object& result) {
  using ids = std::pair<window, std::vector<std::string>>;
  std::map<window, json::array> groups;
  std::visit(
      [&](const auto& windows) {
        test::operator_run run{[&](stream<element> in) {
          return in.key_by(&element::key)
              .window(windows)
              .template process<ids>(
                  [](const std::string&, const window& w, std::span<const element> all, auto emit) {
                    ids made{w, {}};
                    for (const element& r : all) made.second.push_back(r.id);
                    emit(made);
                  })
              .named("contents");
        }};
        for (const json::value& v : c.at("input").as_array()) {
          run.push(element_of(v.as_object()), time_of_record(v.as_object()));
        }
        run.end();
        for (const ids& made : run.values())
          for (const std::string& id : made.second) groups[made.first].push_back(json::parse(id));
      },
      windows_of(c.at("assigner").as_object()));
  json::array answer;
  for (const auto& [w, all] : groups) answer.push_back({{"window", json_of(w)}, {"records", all}});
  result["output"] = answer;
  result["contents"] = std::move(answer);
}

}  // namespace weir::conformance
