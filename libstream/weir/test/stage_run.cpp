// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/stage_run.hpp"

#include <algorithm>
#include <iterator>

namespace weir::test {

stage_run::stage_run(const pipeline& p, const std::string& name,
                     const std::vector<snapshot_part>& restored, std::uint32_t instance,
                     flow::attempt_id attempt)
    : graph_(p.build().value()), attempt_(attempt), metrics_(std::make_shared<stage_metrics>()) {
  const std::uint32_t number = find(name);
  made_ = graph_.make_stage(
      number, instance, attempt, graph_.find_splits(restored).value(), restored,
      {.time = &clock_, .metrics = metrics_, .wake = [] {}, .snapshot_piece = 256});
  for (const channel_plan& c : graph_.channels()) {
    const edge_plan& e = graph_.plan().edges[c.edge];
    if (e.to == number && c.to_instance == instance) inputs_.push_back({c.id, 0});
    if (e.from == number && c.from_instance == instance) outputs_.push_back(c.id);
  }
  tell(flow::command::kind::start);
}

std::uint32_t stage_run::find(const std::string& name) const {
  const auto& stages = graph_.plan().stages;
  std::string known;
  for (std::uint32_t i = 0; i < stages.size(); ++i) {
    if (stages[i].name == name) return i;
    known += (i == 0 ? "" : ", ") + stages[i].name;
  }
  throw exception({errc::invalid_argument, "pipeline '" + graph_.plan().name + "' has no stage '" +
                                               name + "', only " + known});
}

void stage_run::frame(std::size_t input, flow::frame_kind kind, flow::progress p, flow::barrier b,
                      flow::body_ptr body) {
  auto& [id, next] = inputs_.at(input);
  made_->take(flow::frame{id, attempt_, next++, kind, p, b, {}, std::move(body)}, effects_);
}

void stage_run::grant(std::size_t output, std::uint64_t up_to, std::uint32_t max_events,
                      timestamp watermark) {
  made_->take(flow::grant{outputs_.at(output), attempt_, up_to, max_events, watermark, nullptr},
              effects_);
}

flow::verdict stage_run::work() {
  flow::verdict v = step();
  while (v == flow::verdict::more) v = step();
  return v;
}

std::vector<snapshot_part> stage_run::saved() const {
  using kind = flow::notice::kind;
  std::vector<snapshot_part> all, taken;
  for (const flow::notice& n : effects_.notices) {
    if (n.what != kind::saved_some && n.what != kind::acknowledged) continue;
    // What comes before those is of one that was given up.
    if (n.what == kind::acknowledged)
      taken.erase(taken.begin(), std::prev(taken.end(), static_cast<std::ptrdiff_t>(std::min(
                                                            n.parts_before, taken.size()))));
    taken.insert(taken.end(), n.parts.begin(), n.parts.end());
    if (n.what != kind::acknowledged) continue;
    all.insert(all.end(), taken.begin(), taken.end());
    taken.clear();
  }
  return all;
}

std::vector<flow::frame> stage_run::taken(std::size_t output) {
  std::vector<flow::frame> all;
  std::vector<flow::frame> rest;
  for (flow::frame& f : effects_.frames)
    (f.channel == outputs_.at(output) ? all : rest).push_back(std::move(f));
  effects_.frames = std::move(rest);
  return all;
}

}  // namespace weir::test
