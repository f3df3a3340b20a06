// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/flow/effects.hpp"
#include "weir/flow/event_errors.hpp"
#include "weir/flow/inbox.hpp"
#include "weir/flow/lanes.hpp"
#include "weir/flow/output_port.hpp"
#include "weir/flow/stage_body.hpp"
#include "weir/metrics/stage_metrics.hpp"
#include "weir/state/cold_store.hpp"

#include <boost/unordered/unordered_flat_set.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace weir::flow {

/// What a stage is told from outside the data plane.
struct command {
  enum class kind : std::uint8_t {
    start,       ///< Grant the first credits; a source begins to read.
    stop,        ///< A source reads no more and sends the end; others work off what comes.
    checkpoint,  ///< A source takes its part of `barrier` and sends it on.
    commit,      ///< The checkpoint `barrier` is complete: make pre-committed work visible.
    assign,      ///< A source reads further splits, too.
    abandon,     ///< The checkpoint `barrier` won't be completed: wait for its barriers no more.
    suspend,     ///< A source reads no more, and sends no end: it will go on in another run.
    hold,        ///< A source reads nothing until it is released.
    release,
  };
  kind what = kind::start;
  flow::barrier barrier;
  std::vector<split_position> splits{};  ///< To be assigned.
};

/// The answer to a request that an operator made.
struct completion {
  std::uint64_t id = 0;
  bytes payload;
};

/// A processing-time wake-up that was asked for has come.
struct timer {};
/// A source that had nothing may have something again.
struct source_ready {};

using message = std::variant<frame, grant, timer, completion, source_ready, command>;

/// What a stage instance is made of. Put together by the graph's builder.
struct stage_parts {
  std::string name;
  attempt_id attempt = 0;
  bool is_source = false;
  std::vector<input_channel> inputs;
  std::vector<std::unique_ptr<output_port>> outputs;  ///< The dead letters' port is the last one.
  bool sends_dead_letters = false;
  std::unique_ptr<event_errors> errors;
  std::shared_ptr<stage_metrics> metrics;
  std::shared_ptr<cold_store> cold;  ///< Before the body, which uses it; may be null.
  std::unique_ptr<stage_body> body;
  credit_settings credits;
  std::uint32_t budget =
      16 * 1024;  ///< Events and timer firings a step may take before others have a turn.
  /// Bytes of a piece of state in a checkpoint; 16 of them are handed on while the rest is taken.
  std::size_t snapshot_piece = std::size_t{64} << 10U;
  std::vector<const snapshot_part*> restored;  ///< They live until `stage::restore` is through.
  std::deque<dead_letter> replays;             ///< Worked off before anything that comes.
  bool aligns = true;                          ///< Whether inputs wait for each other's barriers.

  /// The operator id of the state that belongs to the stage itself.
  [[nodiscard]] std::string own_state() const { return "@" + name; }
};

/// One instance of a stage as a plain state machine: takes messages, works in steps that can stop
/// between any two events or timer firings, and answers with effects. Knows no thread, actor or
/// clock of its own.
class stage {
public:
  stage(stage_parts parts, const clock& time);

  /// Reads the state it goes on from, if there is one; before anything else, and once. Instances
  /// may do so at the same time, each in a thread. Throws `weir::exception` if it can't be read.
  void restore();
  [[nodiscard]] bool has_to_restore() const noexcept { return !parts_.restored.empty(); }

  /// Notes a message; constant time but for grants, which may send what waited.
  void take(message m, effects& out);
  /// Works until the budget is spent (`more`), nothing is left (`done`), or an output or a wait is
  /// in the way
  /// (`blocked`).
  verdict step(effects& out);

  [[nodiscard]] const std::string& name() const noexcept { return parts_.name; }
  [[nodiscard]] attempt_id attempt() const noexcept { return parts_.attempt; }
  [[nodiscard]] const stage_metrics& metrics() const noexcept { return *parts_.metrics; }
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  /// Whether a grant would let something go that is held back now.
  [[nodiscard]] bool waits_for_credit() const noexcept;
  [[nodiscard]] bool ended() const noexcept { return ended_; }
  /// Whether the firings of a watermark wait for a barrier to be through.
  [[nodiscard]] bool owes_firings() const noexcept { return owes_firings_; }
  /// Whether it writes what a checkpoint holds while it goes on.
  [[nodiscard]] bool saves() const noexcept { return saving_.has_value(); }

  /// Whether it has state on a disk that it waits for.
  [[nodiscard]] bool may_block() const noexcept { return parts_.cold != nullptr; }

  /// Tells a source that nothing more will be read; for the end of a run, not of an attempt.
  void close() { parts_.body->stop_source(true); }

  /// For the account of what a failure lost: events sent on each output channel, events taken from
  /// each input channel, and events emitted that were never sent.
  [[nodiscard]] std::vector<std::pair<channel_id, std::uint64_t>> events_sent() const;
  [[nodiscard]] std::vector<std::pair<channel_id, std::uint64_t>> events_taken() const;
  [[nodiscard]] std::uint64_t events_held() const;
  [[nodiscard]] std::size_t frames_queued() const { return inbox_.frames_queued(); }

  /// Writes the state as it stands, outside any checkpoint: what a restart without checkpoints
  /// keeps of a source.
  void read_state(snapshot_writer& to);

private:
  enum class activity : std::uint8_t {
    none,
    reading,
    data,
    progress,
    time,
    completion,
    replay,
    snapshot
  };

  void take_frame(frame&& f, effects& out);
  void take_grant(const grant& g, effects& out);
  void take_command(const command& c, effects& out);
  void fail(errc code, std::string text, effects& out);

  verdict work(flow::step& s);
  template <class F>
  verdict guarded(effects& out, F f);
  verdict resume(flow::step& s);
  verdict begin_next(flow::step& s);
  verdict begin_owed(flow::step& s);
  [[nodiscard]] bool barrier_is_next() const noexcept;
  [[nodiscard]] bool holds_barrier() const noexcept;
  static bool note_cut(flow::step& s) noexcept;
  verdict begin_input(flow::step& s);
  verdict begin_frame(flow::step& s);
  verdict begin_turn(flow::step& s);
  verdict begin_source(flow::step& s);
  bool wait_if_full();
  verdict read(flow::step& s);
  verdict end_source();
  [[nodiscard]] bool waits(const flow::step& s) const;
  [[nodiscard]] bool all_in() const noexcept;
  void progress_again();
  void assign(const command& c, effects& out);
  void suspend(effects& out);
  verdict after_frame(flow::step& s);
  void note_lane(const frame& f);
  void align(const inbox::turn& t);
  void begin_snapshot(barrier b);
  void send_snapshot(effects& out);
  verdict save_some(effects& out);
  void give_up_saving();
  void check_cold(effects& out);
  void finish_end(effects& out);
  [[nodiscard]] bool output_full() const noexcept;
  void ask_receivers(flow::step& s) const;
  void note_watermark(timestamp now);
  void adapt_budget(std::size_t used, std::chrono::nanoseconds took);
  void note_gauges(verdict v);

  stage_parts parts_;
  const clock* clock_;
  inbox inbox_;
  lane_list lanes_;  ///< How the input channels stand, by index.
  snapshot_writer snapshot_to_;
  std::vector<snapshot_part> snapshot_parts_;
  std::size_t parts_before_ = 0;          ///< Of the one that is being saved, handed on.
  std::chrono::nanoseconds saved_for_{};  ///< In this step.

  activity now_ = activity::none;
  std::optional<inbox::turn> turn_;
  steady_time turn_began_{};
  progress going_to_;
  std::optional<barrier> taking_;  ///< The checkpoint that is being taken.
  std::optional<barrier> saving_;  ///< The one that was taken, while its state is written.
  std::size_t save_at_once_ = 0;   ///< Entries of it to write in a step.
  std::optional<steady_time> aligning_since_;  ///< The first barrier of one came then.
  std::chrono::nanoseconds aligned_for_{};
  std::optional<barrier> triggered_;  ///< A source's order to take one.
  std::deque<completion> completions_;
  boost::unordered_flat_set<std::uint64_t> unanswered_;  ///< Requests that the end waits for.
  std::optional<inbox::turn> held_end_;  ///< The last end, while requests are unanswered.
  bool full_ = false;  ///< Operators wait for so many answers that no frame may begin.
  std::optional<steady_time> blocked_since_;
  steady_time flushed_{};  ///< When its outputs last sent what they had.
  std::chrono::nanoseconds blocked_total_{};
  std::size_t noted_lanes_ = 0;
  std::uint32_t budget_ = 256;  ///< Of the next step; follows the time that steps take.
  bool started_ = false;
  bool cut_ = false;  ///< A burst of timers was cut for a barrier: something else has a turn first.
  bool owes_firings_ = false;  ///< A watermark's firings were cut; they go on before all else.
  bool halfway_ = false;       ///< Some firings of the watermark in hand have been made.
  bool source_ended_ = false;
  bool suspending_ = false;
  bool suspended_ = false;
  bool held_ = false;    ///< A source that was told to wait.
  bool ending_ = false;  ///< The end has been handed to the outputs.
  bool ended_ = false;   ///< ... and is on its way.
  bool failed_ = false;
};

}  // namespace weir::flow
