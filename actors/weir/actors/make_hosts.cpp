// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/local_channel.hpp"
#include "weir/actors/pipeline_actor.hpp"
#include "weir/codec/rfc3339.hpp"

#include <algorithm>
#include <vector>

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

/// Begins to record what is made; null if nothing is.
std::shared_ptr<journal::open_recording> begin_recording(const supervision& s,
                                                         const std::set<std::uint32_t>& stages,
                                                         const split_list& splits,
                                                         const beginning& from) {
  if (!s.records) return nullptr;
  journal::recorded_start start;
  start.pipeline = s.graph.plan().name;
  start.plan = s.graph.plan().to_json();
  start.letters_kind = s.letters_kind;
  start.stages.assign(stages.begin(), stages.end());
  start.attempt = from.attempt;
  start.checkpoint = from.checkpoint;
  if (from.sinks) start.sinks = static_cast<std::uint8_t>(*from.sinks);
  if (const auto every = checkpoint_interval(s)) start.checkpoint_interval = every->count();
  start.splits = splits.by_stage;
  start.state = from.state;
  start.poison = s.poison->counts();
  if (s.replays) start.replays = *s.replays;
  start.began_at = format_rfc3339(s.time->wall());
  auto begun = s.records->begin(start);
  if (begun) return *std::move(begun);
  s.log("journal: this attempt is not recorded: " + begun.error().message);
  return nullptr;
}

/// Sinks commit what a checkpoint has as they are made: by then all others have found that they can
/// read their state.
std::vector<std::uint32_t> sinks_last(const plan& p, const std::set<std::uint32_t>& stages) {
  std::vector<std::uint32_t> ordered{stages.begin(), stages.end()};
  std::stable_partition(ordered.begin(), ordered.end(),
                        [&](std::uint32_t s) { return p.stages[s].kind != "sink"; });
  return ordered;
}

}  // namespace

std::map<std::uint32_t, std::shared_ptr<stage_host>> make_hosts(
    const supervision& s, const std::set<std::uint32_t>& stages, const split_list& splits,
    const beginning& from) {
  const plan& p = s.graph.plan();
  std::map<std::uint32_t, std::shared_ptr<stage_host>> hosts;
  std::map<std::uint32_t, std::shared_ptr<doorbell>> bells;
  const auto recording = begin_recording(s, stages, splits, from);
  for (const std::uint32_t stage : sinks_last(p, stages))
    for (std::uint32_t i = 0; i < p.stages[stage].parallelism; ++i) {
      auto metrics = std::make_shared<stage_metrics>();
      auto bell = std::make_shared<doorbell>();
      const std::uint32_t number = instance_number(p, stage, i);
      const auto tape = recording ? std::make_shared<journal::tape>(*s.time) : nullptr;
      const clock* const time = tape ? static_cast<const clock*>(tape.get()) : s.time.get();
      auto machine = s.graph.make_stage(
          stage, i, from.attempt, splits, from.state,
          {time, metrics, [bell] { bell->ring(); }, from.sinks, s.poison, s.replays, std::nullopt,
           checkpoint_interval(s), tape, s.backend.get()});
      hosts[number] = std::make_shared<stage_host>(std::move(machine), bell);
      if (recording) {
        auto recorder = std::make_unique<journal::instance_recorder>(tape, recording, number);
        recorder->made();
        hosts[number]->record(std::move(recorder));
      }
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
