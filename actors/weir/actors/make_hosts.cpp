// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/local_channel.hpp"
#include "weir/actors/pipeline_actor.hpp"
#include "weir/actors/restore_all.hpp"
#include "weir/codec/rfc3339.hpp"

#include <utility>
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

/// Makes the stage instances of an attempt, with their state.
class host_maker {
public:
  host_maker(const supervision& s, const std::set<std::uint32_t>& stages, const split_list& splits,
             const beginning& from)
      : what_(s),
        plan_(s.graph.plan()),
        stages_(stages),
        splits_(splits),
        from_(from),
        recording_(begin_recording(s, stages, splits, from)) {}

  /// Sinks, those of dead letters too, are the last: they commit what a checkpoint has as they read
  /// their state, and by then all others have found that they can read theirs.
  std::map<std::uint32_t, std::shared_ptr<stage_host>> make() {
    for (const bool sinks : {false, true}) {
      std::vector<flow::stage*> made;
      for (const std::uint32_t stage : stages_)
        if (is_sink(plan_.stages[stage]) == sinks)
          for (std::uint32_t i = 0; i < plan_.stages[stage].parallelism; ++i)
            made.push_back(&make_instance(stage, i));
      // Sinks one after the other, as they may share a transaction's server.
      restore_all(made, sinks ? 1 : what_.workers);
      for (auto& [number, recorder] : std::exchange(recorders_, {})) {
        recorder->made();
        hosts_[number]->record(std::move(recorder));
      }
    }
    for (const channel_plan& c : what_.graph.channels()) connect(c);
    return std::move(hosts_);
  }

private:
  static bool is_sink(const stage_plan& s) { return s.kind == "sink" || s.kind == "dead letters"; }

  flow::stage& make_instance(std::uint32_t stage, std::uint32_t i) {
    auto metrics = std::make_shared<stage_metrics>();
    auto bell = std::make_shared<doorbell>();
    const std::uint32_t number = instance_number(plan_, stage, i);
    const auto tape = recording_ ? std::make_shared<journal::tape>(*what_.time) : nullptr;
    const clock* const time = tape ? static_cast<const clock*>(tape.get()) : what_.time.get();
    auto machine = what_.graph.make_stage(
        stage, i, from_.attempt, splits_, from_.state,
        {time, metrics, [bell] { bell->ring(); }, from_.sinks, what_.poison, what_.replays,
         std::nullopt, checkpoint_interval(what_), tape, what_.backend.get(), true});
    hosts_[number] = std::make_shared<stage_host>(std::move(machine), bell);
    if (recording_)
      recorders_[number] = std::make_unique<journal::instance_recorder>(tape, recording_, number);
    bells_[number] = std::move(bell);
    what_.shown->add(
        {plan_.stages[stage].name, plan_.stages[stage].kind, i, from_.attempt, std::move(metrics)});
    return hosts_[number]->machine();
  }

  void connect(const channel_plan& c) {
    const edge_plan& e = plan_.edges[c.edge];
    if (!stages_.contains(e.from)) return;
    const std::uint32_t sender = instance_number(plan_, e.from, c.from_instance);
    const std::uint32_t receiver = instance_number(plan_, e.to, c.to_instance);
    auto channel =
        std::make_shared<local_channel>(c.id, from_.attempt, what_.graph.options().credits.frames,
                                        bells_[sender], bells_[receiver]);
    hosts_[sender]->add_output(c.id, channel);
    hosts_[receiver]->add_input(c.id, channel);
  }

  const supervision& what_;
  const plan& plan_;
  const std::set<std::uint32_t>& stages_;
  const split_list& splits_;
  const beginning& from_;
  std::shared_ptr<journal::open_recording> recording_;
  std::map<std::uint32_t, std::shared_ptr<stage_host>> hosts_;
  std::map<std::uint32_t, std::shared_ptr<doorbell>> bells_;
  std::map<std::uint32_t, std::unique_ptr<journal::instance_recorder>> recorders_;
};

}  // namespace

std::map<std::uint32_t, std::shared_ptr<stage_host>> make_hosts(
    const supervision& s, const std::set<std::uint32_t>& stages, const split_list& splits,
    const beginning& from) {
  return host_maker{s, stages, splits, from}.make();
}

}  // namespace weir::actors
