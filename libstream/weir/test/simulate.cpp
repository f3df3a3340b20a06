// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/simulate.hpp"

#include "weir/test/test_sink.hpp"

#include <exception>
#include <utility>

namespace weir::test {

std::uint64_t simulation_report::late_events() const noexcept {
  std::uint64_t n = 0;
  for (const stage_counts& s : stages) n += s.late_events;
  return n;
}

const stage_counts& simulation_report::stage(std::string_view name) const {
  std::string known;
  for (const stage_counts& s : stages) {
    if (s.name == name) return s;
    known += (known.empty() ? "" : ", ") + s.name;
  }
  throw exception({errc::invalid_argument,
                   "stage(): there is no stage '" + std::string{name} + "', only " + known});
}

namespace {

void fill(simulation_report& report, simulator& sim) {
  report.seen = sim.seen();
  report.stages = sim.counts();
  report.ended_at = sim.time().wall();
  report.checkpoint = sim.newest_checkpoint();
}

simulation_report run(simulator& sim) {
  simulation_report report;
  try {
    report.outcome = sim.run();
    if (report.outcome == simulator::outcome::failed) report.problem = sim.failure();
    if (report.outcome == simulator::outcome::deadlock)
      report.problem = "nothing can move any more; what has not ended:\n" + sim.where_stuck();
    if (report.outcome == simulator::outcome::running)
      report.problem = "given up after max_moves; what has not ended:\n" + sim.where_stuck();
  } catch (const std::exception& e) {
    report.problem = e.what();
  }
  fill(report, sim);
  return report;
}

}  // namespace

simulation_report simulate(const pipeline& p, simulation_options options,
                           std::optional<complete_checkpoint> from) {
  const test_sink<dead_letter> letters;
  build::graph_draft draft = p.draft();
  if (!p.keeps_dead_letters())
    draft.add_dead_letter_sink = [letters](build::graph_draft& to, std::uint32_t) {
      return build::add_sink<dead_letter>(to, letters);
    };
  simulation_report report;
  try {
    auto built = graph::from_draft(draft);
    if (!built) {
      report.problem = built.error().message;
      return report;
    }
    simulator sim{*built, std::move(options), std::move(from)};
    report = run(sim);
  } catch (const std::exception& e) {  // a source or sink can't be opened
    report.problem = e.what();
  }
  report.dead_letters = letters.values();
  return report;
}

}  // namespace weir::test
