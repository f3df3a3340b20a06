// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/test/operator_options.hpp"
#include "weir/test/stage_network.hpp"
#include "weir/test/subject.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace weir::test {

/// What a run of operators does whatever its event types.
class run_base {
public:
  /// Says on every split of every input that no more event at or before `w` comes.
  void push_watermark(timestamp w);
  /// Says of every split of every input that it is not to be waited for.
  void idle();
  /// Ends every split of every input that has not ended: completes all windows.
  void end();

  /// Moves the clock of processing time, stopping at each timer that is due on the way.
  void advance(duration d) { network_.advance_to(now() + d); }
  /// ... to `t`; it never goes back.
  void set_time(timestamp t) { network_.advance_to(t); }
  /// Moves the clock at once, as of a machine that was asleep: timers on the way fire together,
  /// late.
  void jump_to(timestamp t) { network_.jump_to(t); }
  [[nodiscard]] timestamp now() { return network_.time().wall(); }

  /// What operators have asked and nobody has answered, in the order in which it was asked: all of
  /// it with `operator_options::hold_requests`, else what brings no service of its own.
  [[nodiscard]] const std::vector<held_request>& requests() const noexcept {
    return network_.requests();
  }
  /// Answers request number `i` of `requests()`.
  void answer(std::size_t i, bytes payload) { network_.answer(i, std::move(payload)); }

  /// Lets the output carry so many more batches of at most so many events; for runs that withhold
  /// credit. Batches are of one event until the first grant that says more.
  void grant(std::uint64_t batches, std::uint32_t events_each = 1024);
  void grant_side(const std::string& side, std::uint64_t batches, std::uint32_t events_each = 1024);

  /// Saves the state of all operators as a checkpoint does. Throws `weir::exception` if a stage
  /// that waits for credit holds the barrier up.
  [[nodiscard]] std::vector<snapshot_part> snapshot() { return network_.snapshot(); }

  /// Why the run has failed, as "operator: cause"; empty while it hasn't.
  [[nodiscard]] const std::string& failure() const noexcept { return network_.failure(); }
  /// Whether something waits for credit.
  [[nodiscard]] bool blocked() const noexcept { return network_.blocked(); }
  /// A line for each stage instance, for messages of tests.
  [[nodiscard]] std::string describe() const { return network_.describe(); }

  /// A counter, summed over all stages: `run.count(&weir::stage_metrics::results)`.
  [[nodiscard]] std::uint64_t count(counter stage_metrics::*which) const {
    return network_.count(which);
  }
  [[nodiscard]] std::uint64_t late_events() const { return count(&stage_metrics::late_events); }
  /// The metrics of one stage instance. Throws `weir::exception` if there is no such stage.
  [[nodiscard]] const stage_metrics& metrics(const std::string& stage,
                                             std::uint32_t instance = 0) const;

  /// The progress that those behind the output have been told: the lowest watermark of the
  /// channels that are not idle, and whether all are.
  [[nodiscard]] flow::progress progress() const;
  [[nodiscard]] timestamp watermark() const { return progress().watermark; }

protected:
  run_base(std::shared_ptr<const detail::subject_layout> layout, const operator_options& options,
           std::span<const snapshot_part> restored);

  [[nodiscard]] stage_network& network() noexcept { return network_; }
  [[nodiscard]] const detail::subject_layout& layout() const noexcept { return *layout_; }
  [[nodiscard]] flow::channel_id channel_of(std::size_t input, std::size_t split) const;

private:
  template <class T>
  friend class run_input;

  void send_data(flow::channel_id on, flow::body_ptr body);
  void send_watermark(flow::channel_id on, timestamp w);
  void send_idle(flow::channel_id on);
  void send_end(flow::channel_id on);

  /// Throws if nothing can be sent on a channel any more.
  void require_open(flow::channel_id on) const;
  void require_output(const char* call) const;
  void grant_stage(std::uint32_t stage, std::uint64_t batches, std::uint32_t events_each);

  std::shared_ptr<const detail::subject_layout> layout_;
  stage_network network_;
};

}  // namespace weir::test
