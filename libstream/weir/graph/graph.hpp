// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/flow/stage.hpp"
#include "weir/graph/draft.hpp"
#include "weir/graph/plan.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <vector>

namespace weir {

/// The splits of each source stage, fixed when an attempt begins so that all instances deal them
/// out alike.
struct split_list {
  std::vector<std::vector<split_position>> by_stage;
};

/// A checked pipeline: the plan, which is data, and the factories that make stage instances from
/// it. Immutable; copies share. An instance depends on the plan, its stage and number, the attempt
/// and the restored state alone.
class graph {
public:
  [[nodiscard]] static result<graph> from_draft(const build::graph_draft& draft);

  [[nodiscard]] const weir::plan& plan() const noexcept { return inside_->plan; }
  [[nodiscard]] const pipeline_options& options() const noexcept { return inside_->options; }
  [[nodiscard]] const std::vector<channel_plan>& channels() const noexcept {
    return inside_->channels;
  }
  /// Warnings of the check: things that work but that one should know.
  [[nodiscard]] const std::vector<std::string>& warnings() const noexcept {
    return inside_->warnings;
  }

  /// Asks every source, or those among the stages `of`, for its splits, and merges what `restored`
  /// knows of them. May block on files or servers.
  [[nodiscard]] result<split_list> find_splits(std::span<const snapshot_part> restored,
                                               const std::set<std::uint32_t>* of = nullptr) const;

  /// Lets the operators try what they need of the world outside, before the pipeline starts: an
  /// error is one that only its user can mend, such as a wrong password. May block on servers.
  [[nodiscard]] result<void> reach_outside() const;

  /// Whether the event of a dead letter can be brought back to the stage that refused it; an error,
  /// one line, says why not.
  [[nodiscard]] result<void> check_replay(const dead_letter& letter) const;

  /// What finds the splits of a source stage; null for another stage.
  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator(std::uint32_t stage) const;

  /// Makes one stage instance. Throws `weir::exception` if a source or sink can't be opened.
  [[nodiscard]] std::unique_ptr<flow::stage> make_stage(std::uint32_t stage, std::uint32_t instance,
                                                        flow::attempt_id attempt,
                                                        const split_list& splits,
                                                        std::span<const snapshot_part> restored,
                                                        const build::surroundings& around) const;

  /// Says to the sources that nobody will read them any more, for those who push into them.
  void close_sources() const;

private:
  struct inside {
    weir::plan plan;
    pipeline_options options;
    std::vector<build::stage_draft> stages;
    std::vector<channel_plan> channels;
    std::vector<std::string> warnings;
  };

  [[nodiscard]] std::optional<std::uint32_t> instance_for(std::uint32_t stage,
                                                          const dead_letter& letter,
                                                          const split_list& splits) const;

  explicit graph(std::shared_ptr<const inside> in) : inside_(std::move(in)) {}

  std::shared_ptr<const inside> inside_;
};

}  // namespace weir
