// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/local_channel.hpp"
#include "weir/actors/pipeline_actor.hpp"

namespace weir::actors {

std::uint32_t instance_number(const plan& p, std::uint32_t stage, std::uint32_t instance) {
  for (std::uint32_t s = 0; s < stage; ++s) instance += p.stages[s].parallelism;
  return instance;
}

namespace {

/// Unset if no checkpoint is taken by the clock.
std::optional<duration> checkpoint_interval(const supervision& s) {
  const bool taken = s.checkpoints.store != nullptr && s.timing.interval > duration{0};
  return taken ? std::optional{s.timing.interval} : std::nullopt;
}

}  // namespace

std::map<std::uint32_t, std::shared_ptr<stage_host>> make_hosts(
    const supervision& s, const std::set<std::uint32_t>& stages, const split_list& splits,
    const beginning& from) {
  const plan& p = s.graph.plan();
  std::map<std::uint32_t, std::shared_ptr<stage_host>> hosts;
  std::map<std::uint32_t, std::shared_ptr<doorbell>> bells;
  for (const std::uint32_t stage : stages)
    for (std::uint32_t i = 0; i < p.stages[stage].parallelism; ++i) {
      auto metrics = std::make_shared<stage_metrics>();
      auto bell = std::make_shared<doorbell>();
      const std::uint32_t number = instance_number(p, stage, i);
      auto machine =
          s.graph.make_stage(stage, i, from.attempt, splits, from.state,
                             {s.time.get(), metrics, [bell] { bell->ring(); }, from.sinks, s.poison,
                              s.replays, std::nullopt, checkpoint_interval(s), s.backend.get()});
      hosts[number] = std::make_shared<stage_host>(std::move(machine), bell);
      bells[number] = std::move(bell);
      s.shown->add(
          {p.stages[stage].name, p.stages[stage].kind, i, from.attempt, std::move(metrics)});
    }
  for (const channel_plan& c : s.graph.channels()) {
    const edge_plan& e = p.edges[c.edge];
    if (!stages.contains(e.from)) continue;
    const std::uint32_t sender = instance_number(p, e.from, c.from_instance);
    const std::uint32_t receiver = instance_number(p, e.to, c.to_instance);
    auto channel = std::make_shared<local_channel>(
        c.id, from.attempt, s.graph.options().credits.frames, bells[sender], bells[receiver]);
    hosts[sender]->add_output(c.id, channel);
    hosts[receiver]->add_input(c.id, channel);
  }
  return hosts;
}

}  // namespace weir::actors
