// SPDX-License-Identifier: BSD-3-Clause
// The kinds of case that ask kinds of window, without events running through an operator.
#include "conformance/windows.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace weir::conformance {

namespace json = boost::json;

namespace {

touching rule_of(const json::object& o) {
  const json::value* v = o.if_contains("touching");
  return v != nullptr && v->is_string() && v->as_string() == "separate" ? touching::separate
                                                                        : touching::merge;
}

/// An answer of its own name is also `output`, as those of operators are.
void put(json::object& result, std::string_view name, json::array answer) {
  result["output"] = answer;
  result[name] = std::move(answer);
}

const window& itself(const window& w) { return w; }

}  // namespace

void answer_assign(const json::object& c, json::object& result) {
  const any_windows windows = windows_of(c.at("assigner").as_object());
  json::array answer;
  for (const json::value& check : c.at("checks").as_array()) {
    const timestamp at = time_of(check.at("ts"));
    json::array assigned;
    std::visit(
        [&](const auto& w) {
          w.assign(element_of(check.as_object()), at,
                   [&](const window& x) { assigned.push_back(json_of(x)); });
        },
        windows);
    answer.push_back({{"ts", check.at("ts")}, {"windows", std::move(assigned)}});
  }
  put(result, "checks", std::move(answer));
}

void answer_window_start(const json::object& c, json::object& result) {
  json::array answer;
  for (const json::value& check : c.at("checks").as_array()) {
    json::object made = check.as_object();
    // Any offset will do here; kinds of window want one that is less than their size.
    const time_grid starts{
        weir::detail::positive(time_of(check.at("size")).time_since_epoch(), "the size"),
        time_of(check.at("offset")).time_since_epoch()};
    made["start"] = json_of(starts.edge(starts.index(time_of(check.at("ts")))));
    answer.push_back(std::move(made));
  }
  put(result, "checks", std::move(answer));
}

void answer_intersects(const json::object& c, json::object& result) {
  json::array answer;
  for (const json::value& check : c.at("checks").as_array()) {
    json::object made = check.as_object();
    const json::object& with_rule = check.as_object().contains("touching") ? check.as_object() : c;
    made["intersects"] =
        intersect(window_of(check.at("a")), window_of(check.at("b")), rule_of(with_rule));
    answer.push_back(std::move(made));
  }
  put(result, "checks", std::move(answer));
}

void answer_invalid(const json::object& c, json::object& result) {
  json::array rejected;
  bool all = true;
  for (const json::value& assigner : c.at("assigners").as_array()) {
    bool refused = false;
    try {
      static_cast<void>(windows_of(assigner.as_object()));
    } catch (const exception& e) {
      refused = e.why().code == errc::invalid_argument;
      result["message"] = e.what();
    }
    rejected.push_back(json::value(refused));
    all = all && refused;
  }
  put(result, "rejected", std::move(rejected));
  if (all) result["error"] = "invalid_window";
}

void answer_merge(const json::object& c, json::object& result) {
  struct group {
    window all;
    std::vector<window> sources;
  };
  std::vector<group> groups;
  std::set<window> seen;
  for (const json::value& v : c.at("windows").as_array()) {
    const window w = window_of(v);
    if (!seen.insert(w).second) continue;  // listed twice, it is one window all the same
    const auto [from, to] = sessions_met(groups.begin(), groups.end(), w, rule_of(c),
                                         [](const group& g) -> const window& { return g.all; });
    group made{w, {}};
    for (auto g = from; g != to; ++g) {
      made.all = {std::min(made.all.start, g->all.start), std::max(made.all.end, g->all.end)};
      made.sources.insert(made.sources.end(), g->sources.begin(), g->sources.end());
    }
    made.sources.push_back(w);
    groups.insert(groups.erase(from, to), std::move(made));
  }
  json::array answer;
  for (const group& g : groups) {
    if (g.sources.size() < 2) continue;
    json::array sources;
    for (const window& w : g.sources) sources.push_back(json_of(w));
    answer.push_back({{"result", json_of(g.all)}, {"sources", std::move(sources)}});
  }
  put(result, "merges", std::move(answer));
}

void answer_merge_incremental(const json::object& c, json::object& result) {
  std::vector<window> live;
  json::array answer;
  for (const json::value& step : c.at("steps").as_array()) {
    if (const json::value* retire = step.as_object().if_contains("retire")) {
      std::erase(live, window_of(*retire));
      answer.push_back(json::object{{"retire", *retire}});
      continue;
    }
    window w = window_of(step.at("add"));
    const auto [from, to] = sessions_met(live.begin(), live.end(), w, rule_of(c), itself);
    json::array met;
    for (auto x = from; x != to; ++x) {
      met.push_back(json_of(*x));
      w = {std::min(w.start, x->start), std::max(w.end, x->end)};
    }
    const bool changed = met.size() > 1 || (met.size() == 1 && *from != w);
    live.insert(live.erase(from, to), w);
    json::object made{{"add", step.at("add")}, {"result", json_of(w)}, {"merged", changed}};
    if (changed) made["merged_from"] = std::move(met);
    answer.push_back(std::move(made));
  }
  put(result, "steps", std::move(answer));
}

}  // namespace weir::conformance
