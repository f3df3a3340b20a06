// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/graph/graph.hpp"
#include "weir/graph/pipeline.hpp"
#include "weir/journal/digest.hpp"
#include "weir/journal/recording.hpp"
#include "weir/journal/tape.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// One entry of a journal, repeated.
struct repeated_step {
  std::uint64_t number = 0;
  std::string stage;
  std::uint32_t instance = 0;         ///< Within the stage.
  std::string what;                   ///< "made", "a step", or the message that came alone.
  std::uint64_t dead_letters = 0;     ///< Events that failed in it.
  std::vector<std::string> failures;  ///< What the stage could not handle itself.
  /// How it differs from what was recorded; empty if it doesn't. Nothing behind it is repeated.
  std::string difference;
};

/// Repeats what a journal recorded, step by step, on one thread: the same stages take the same
/// input, the same answers of clocks, sources and sinks, in the same order. Sources are not read,
/// and sinks write nothing. User functions must be what they were, and look at nothing outside.
class repeat {
public:
  /// Throws `weir::exception` if the pipeline is not the one that was recorded.
  repeat(std::unique_ptr<journal::recording> what, pipeline p);

  /// Repeats the next entry; nothing at the end, or behind a difference.
  std::optional<repeated_step> step();
  /// Repeats up to and including the entry of that number, and answers the last one.
  std::optional<repeated_step> to(std::uint64_t number);
  /// ... up to the first in which an event or a stage fails, or which differs; nothing if none
  /// does.
  std::optional<repeated_step> to_failure();
  /// Repeats all that is left; how it differs from what was recorded, empty if it doesn't.
  std::string to_end();

  /// How many entries were repeated.
  [[nodiscard]] std::uint64_t steps() const noexcept { return steps_; }
  [[nodiscard]] const journal::recorded_start& start() const { return recording_->start(); }
  /// Why the recording ends before the run did; empty if it doesn't.
  [[nodiscard]] std::string note() const { return recording_->note(); }

  /// What came of the last entry.
  [[nodiscard]] const flow::effects& effects() const noexcept { return last_; }
  /// The events of type `T` in the frames that it sent.
  template <class T>
  [[nodiscard]] std::vector<T> sent() const {
    std::vector<T> all;
    for (const flow::frame& f : last_.frames)
      if (const auto* body = dynamic_cast<const flow::batch_body<T>*>(f.body.get()))
        all.insert(all.end(), body->events.values.begin(), body->events.values.end());
    return all;
  }
  /// The state of an instance now. Throws `weir::exception` while it writes a checkpoint.
  [[nodiscard]] std::vector<snapshot_part> state(const std::string& stage,
                                                 std::uint32_t instance = 0);
  [[nodiscard]] const stage_metrics& metrics(const std::string& stage,
                                             std::uint32_t instance = 0) const;

private:
  struct member {
    std::uint32_t stage = 0;
    std::uint32_t instance = 0;
    std::shared_ptr<journal::tape> tape = std::make_shared<journal::tape>();
    std::shared_ptr<stage_metrics> metrics = std::make_shared<stage_metrics>();
    std::unique_ptr<flow::stage> machine;
    std::uint64_t next_request = 0;
  };

  [[nodiscard]] std::size_t find(const std::string& stage, std::uint32_t instance) const;
  void make(member& m);
  /// Does what stands on the member's tape, up to its digest.
  std::string play(member& m);
  void deliver();

  std::unique_ptr<journal::recording> recording_;
  graph graph_;
  std::shared_ptr<flow::poison_list> poison_ = std::make_shared<flow::poison_list>();
  std::vector<member> members_;                    ///< By the instance's number.
  std::vector<std::deque<flow::frame>> channels_;  ///< What has been sent and not taken.
  flow::effects effects_;
  flow::effects last_;
  flow::verdict verdict_ = flow::verdict::done;
  bytes scratch_;
  std::uint64_t steps_ = 0;
  bool over_ = false;
};

}  // namespace weir::test
