// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/dead_letter.hpp"
#include "weir/graph/pipeline.hpp"
#include "weir/test/simulator.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

/// How a simulated run of a pipeline went. What its sinks took is in the sinks.
struct simulation_report {
  simulator::outcome outcome = simulator::outcome::failed;
  std::string problem;  ///< Why it did not finish: lines that say what and where. Empty if it did.
  tallies seen;         ///< What the run met: how many moves, checkpoints, crashes, …
  std::vector<stage_counts> stages;
  /// What could not be processed, each once though a crash repeats it; empty if the pipeline sends
  /// its dead letters elsewhere.
  std::vector<dead_letter> dead_letters;
  timestamp ended_at{};  ///< What the clock showed at last.
  /// The newest complete checkpoint; the one that closes a run is the last.
  std::optional<complete_checkpoint> checkpoint;

  [[nodiscard]] bool finished() const noexcept { return outcome == simulator::outcome::finished; }
  /// Summed over the stages.
  [[nodiscard]] std::uint64_t late_events() const noexcept;
  /// Throws `weir::exception` if there is no stage of that name.
  [[nodiscard]] const stage_counts& stage(std::string_view name) const;
};

/// Runs a whole pipeline in virtual time on one thread, in an order that the seed chooses among all
/// that the runtime could take, with the disturbances that the options say: the same pipeline and
/// options give the same run. The pipeline's sources must not block, and must end. May begin with a
/// checkpoint of another run, whose pipeline may have had another parallelism. Throws nothing:
/// mistakes in the pipeline and exceptions are problems in the report.
[[nodiscard]] simulation_report simulate(const pipeline& p, simulation_options options = {},
                                         std::optional<complete_checkpoint> from = {});

}  // namespace weir::test
