// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/schedules.hpp"

#include "simulation/scenario.hpp"

#include <array>
#include <stdexcept>

namespace weir::test {

namespace {

constexpr std::array all_shapes{
    linear,
    flat,
    counted_by_key,
    keyed_windows,
    windows_of_split_sources,
    diamond,
    union_with_idle_source,
    timers,
    failing_events,
    many_windows_at_once,
    restarts_on_failure,
    stopped,
    shared_results,
};

/// Crashes, checkpoints, and who is slow.
void disturb(dice& d, scenario& s) {
  simulation_options& o = s.options;
  o.seed = d.number();
  if (!o.outputs_of_one_event) o.outputs_of_one_event = 1;
  o.repeat_grants = d.one_of({0.0, 0.05, 0.4});
  o.checkpoint_every = d.one_of<std::uint32_t>({0, 10, 40, 40, 150, 400});
  if (o.checkpoint_every != 0 && d.chance(0.3)) o.abandon = 0.02;
  if (d.chance(0.6)) {
    o.max_crashes = static_cast<std::uint32_t>(d.between(1, 3));
    o.crash = d.one_of({0.001, 0.005, 0.02});
    if (d.chance(0.5)) o.alignment_crash = 0.1;
    o.keep_old_frames = d.one_of({0.0, 0.5, 1.0});
  }
  const auto stages = static_cast<std::uint32_t>(s.built->plan().stages.size());
  const auto any_stage = [&] { return static_cast<std::uint32_t>(d.between(0, stages - 1)); };
  if (d.chance(0.3)) o.slow = {any_stage(), any_stage()};
  if (d.chance(0.2)) o.stalled = any_stage();
}

std::string run(scenario& s, tallies& seen) {
  simulator sim{*s.built, s.options};
  s.watch(sim.time());
  const simulator::outcome o = sim.run();
  seen = sim.seen();
  seen.add(met::sink_pushed, s.put_off());
  if (o == simulator::outcome::failed) return "failed: " + sim.failure();
  if (o != simulator::outcome::finished) return "deadlock: " + sim.where_stuck();
  if (sim.most_frames_in_a_channel() > s.built->options().credits.frames)
    return "a channel held " + std::to_string(sim.most_frames_in_a_channel()) + " frames";
  return s.check(seen);
}

}  // namespace

std::size_t shapes() noexcept { return all_shapes.size(); }

schedule_report run_schedule(std::uint64_t seed) {
  schedule_report report;
  dice d{seed * 0x9E3779B97F4A7C15ULL + 1};
  scenario s = all_shapes[seed % all_shapes.size()](d);
  report.shape = s.shape;
  disturb(d, s);
  try {
    report.problem = run(s, report.seen);
  } catch (const std::exception& e) {
    report.problem = std::string{"exception: "} + e.what();
  }
  return report;
}

}  // namespace weir::test
