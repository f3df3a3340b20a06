// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/schedules.hpp"

#include "simulation/scenario.hpp"
#include "support/map_backend.hpp"

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
    matched,
    overlapping_windows,
    sessions,
    sorted_beside_others,
    joined_by_interval,
    joined_by_window,
    joined_with_versions,
};

/// Those that keep state, or a row a reading.
constexpr std::array fault_shapes{
    linear,
    keyed_windows,
    counted_by_key,
    diamond,
    timers,
    union_with_idle_source,
    matched,
    overlapping_windows,
    sessions,
    sorted_beside_others,
    joined_by_interval,
    joined_by_window,
    joined_with_versions,
};

/// State in memory, or in a cold store with room in memory for next to nothing or some keys.
std::shared_ptr<state_backend> some_backend(dice& d) {
  if (d.chance(0.5)) return nullptr;
  return std::make_shared<map_backend>(d.one_of<std::size_t>({1, 2'000}));
}

/// Crashes, checkpoints, and who is slow.
void disturb(dice& d, scenario& s) {
  simulation_options& o = s.options;
  o.seed = d.number();
  if (!o.outputs_of_one_event) o.outputs_of_one_event = 1;
  o.repeat_grants = d.one_of({0.0, 0.05, 0.4});
  if (d.chance(0.3)) o.step_budget = d.one_of<std::uint32_t>({2, 10, 60});
  o.backend = some_backend(d);
  o.checkpoint_every = d.one_of<std::uint32_t>({0, 10, 40, 40, 150, 400});
  if (o.checkpoint_every != 0 && d.chance(0.3)) o.abandon = 0.02;
  if (d.chance(0.2)) o.failed_store = 0.3;
  if (d.chance(0.2)) o.slow_store = 0.3;
  o.late_wake = d.one_of({0.0, 0.0, 0.3});
  o.repeated_wake = d.one_of({0.0, 0.3});
  if (d.chance(0.2)) o.lost_acknowledgement = 0.05;
  if (d.chance(0.3)) o.late_acknowledgement = 0.3;
  if (d.chance(0.6)) {
    o.max_crashes = static_cast<std::uint32_t>(d.between(1, 3));
    o.crash = d.one_of({0.001, 0.005, 0.02});
    if (d.chance(0.5)) o.alignment_crash = 0.1;
    if (d.chance(0.5)) o.saving_crash = 0.1;
    if (d.chance(0.5)) o.store_crash = o.commit_crash = 0.1;
    if (d.chance(0.3)) o.restore_crash = 0.1;
    o.keep_old_frames = d.one_of({0.0, 0.5, 1.0});
  }
  const auto stages = static_cast<std::uint32_t>(s.built->plan().stages.size());
  const auto any_stage = [&] { return static_cast<std::uint32_t>(d.between(0, stages - 1)); };
  if (!o.stop_at && d.chance(0.15)) {
    o.stop_at = d.between(1, 800);
    o.stop_suspends = true;
  }
  if (d.chance(0.3)) o.slow = {any_stage(), any_stage()};
  if (d.chance(0.2)) o.stalled = any_stage();
}

/// Crashes of every class, and checkpoints often enough for several to come to their end.
void break_often(dice& d, scenario& s) {
  simulation_options& o = s.options;
  o.seed = d.number();
  o.repeat_grants = 0.05;
  if (d.chance(0.5)) o.step_budget = d.one_of<std::uint32_t>({2, 10, 60});
  o.backend = some_backend(d);
  o.checkpoint_every = d.one_of<std::uint32_t>({30, 60, 120});
  o.max_crashes = static_cast<std::uint32_t>(d.between(2, 6));
  o.crash = d.one_of({0.0005, 0.002, 0.005});
  o.alignment_crash = d.one_of({0.0, 0.02});
  o.saving_crash = d.one_of({0.0, 0.1});
  o.store_crash = d.one_of({0.0, 0.05, 0.3});
  o.commit_crash = d.one_of({0.0, 0.02, 0.1});
  o.restore_crash = d.one_of({0.0, 0.05, 0.2});
  o.failed_store = d.one_of({0.0, 0.0, 0.2});
  o.slow_store = d.one_of({0.0, 0.0, 0.2});
  o.late_wake = d.one_of({0.0, 0.3});
  o.repeated_wake = d.one_of({0.0, 0.3});
  o.lost_acknowledgement = d.one_of({0.0, 0.0, 0.02});
  o.late_acknowledgement = d.one_of({0.0, 0.2});
  o.abandon = d.one_of({0.0, 0.0, 0.01});
  o.keep_old_frames = d.one_of({0.0, 0.5, 1.0});
  if (d.chance(0.1)) {
    o.stop_at = d.between(500, 5'000);
    o.stop_suspends = true;
  }
}

/// Runs to the end; answers what is wrong.
std::string run(scenario& s, simulator& sim, tallies& seen) {
  s.watch(sim.time());
  const simulator::outcome o = sim.run();
  seen += sim.seen();
  if (o == simulator::outcome::failed) return "failed: " + sim.failure();
  if (o != simulator::outcome::finished) return "deadlock: " + sim.where_stuck();
  if (sim.most_frames_in_a_channel() > s.built->options().credits.frames)
    return "a channel held " + std::to_string(sim.most_frames_in_a_channel()) + " frames";
  return {};
}

std::string run(scenario& s, tallies& seen) {
  simulator sim{*s.built, s.options};
  if (std::string problem = run(s, sim, seen); !problem.empty()) return problem;
  if (seen[met::suspension] != 0) {
    s.options.stop_at.reset();
    s.options.seed += 1;
    simulator next{*s.built, s.options, sim.newest_checkpoint()};
    if (std::string problem = run(s, next, seen); !problem.empty())
      return "after a suspension: " + problem;
  }
  seen.add(met::sink_pushed, s.put_off());
  return s.check(seen);
}

}  // namespace

std::size_t shapes() noexcept { return all_shapes.size(); }

namespace {

schedule_report run(scenario s, schedule_report report) {
  report.shape = s.shape;
  try {
    report.problem = run(s, report.seen);
  } catch (const std::exception& e) {
    report.problem = std::string{"exception: "} + e.what();
  }
  return report;
}

}  // namespace

schedule_report run_schedule(std::uint64_t seed) {
  dice d{seed * 0x9E3779B97F4A7C15ULL + 1};
  scenario s = all_shapes[seed % all_shapes.size()](d);
  disturb(d, s);
  return run(std::move(s), {});
}

schedule_report run_fault_schedule(std::uint64_t seed) {
  dice d{seed * 0x9E3779B97F4A7C15ULL + 7, true};
  scenario s = fault_shapes[seed % fault_shapes.size()](d);
  break_often(d, s);
  return run(std::move(s), {});
}

}  // namespace weir::test
