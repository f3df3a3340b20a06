// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/test/tallies.hpp"

#include "weir/checkpoint/coordinator.hpp"
#include "weir/core/clock.hpp"
#include "weir/graph/graph.hpp"
#include "weir/state/cold_store.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace weir::test {

/// How a simulated run is disturbed.
struct simulation_options {
  std::uint64_t seed = 0;
  timestamp start{};                   ///< What the clock shows at first.
  double repeat_grants = 0.05;         ///< Share of grants that are delivered a second time, later.
  std::uint32_t checkpoint_every = 0;  ///< Moves between checkpoints; 0 for none but the final one.
  double abandon = 0;          ///< Chance, at each move, that a checkpoint being taken is given up.
  double crash = 0;            ///< Chance, at each move, that the run crashes and starts again.
  double alignment_crash = 0;  ///< ... and, besides, while some stage aligns barriers.
  double saving_crash = 0;     ///< ... and while some stage writes its state,
  double store_crash = 0;      ///< ... and while a checkpoint is being stored,
  double commit_crash = 0;     ///< ... or is complete and not committed by all,
  double restore_crash = 0;    ///< ... or while the stages of a new attempt are being made.
  double failed_store = 0;     ///< Share of checkpoints that can't be stored.
  double slow_store = 0;       ///< Share that the disk takes up to `slowest_store` to write.
  duration slowest_store = std::chrono::seconds{3};
  double late_wake = 0;             ///< Share of due timers that come up to 5 ms after their time.
  double repeated_wake = 0;         ///< Share of timers that come a second time.
  double lost_acknowledgement = 0;  ///< Share of acknowledgements, and of parts handed on before
                                    ///< them, that never arrive.
  double late_acknowledgement = 0;  ///< Share of those that arrive a while later.
  duration checkpoint_timeout = std::chrono::seconds{1};
  /// Events and firings that a step may take at most, where it is not to be the usual number.
  std::optional<std::uint32_t> step_budget{};
  std::uint32_t max_crashes = 0;
  std::uint32_t max_restarts = 0;  ///< Restarts that stages may ask for, or need to be made.
  double keep_old_frames =
      0.5;  ///< Share of in-flight frames that a crash leaves to arrive at the next attempt.
  /// Stages, by number in the plan, that are stepped a hundred times less often.
  std::vector<std::uint32_t> slow;
  std::optional<std::uint32_t>
      stalled;  ///< A stage that is not stepped until nothing else can move.
  std::optional<std::uint64_t> stop_at;  ///< The move at which the user stops the run,
  bool stop_suspends = false;            ///< ... without an end, for another run to go on.
  std::uint64_t max_moves = 2'000'000;   ///< A run that takes more is given up.
  /// The most that a stage emits for one event or firing. If it is set, the run fails when a stage
  /// holds more than its bound: one event's outputs and a batch an output.
  std::optional<std::uint64_t> outputs_of_one_event;
  /// The most streams that a stage has with a name or a side: each holds a batch, too.
  std::uint64_t streams_in_a_stage = 0;
  /// Where keyed state goes that is not to be in memory; null for memory.
  std::shared_ptr<state_backend> backend{};
  /// Answers the requests of operators, by the name they call; answers come in any order.
  std::map<std::string, std::function<bytes(std::span<const std::byte>)>, std::less<>> services{};
  /// Answers take a time in between: virtual, drawn for each. They come in any order either way.
  duration slowest_answer{};
};

/// What the instances of a stage counted in all attempts of a run.
struct stage_counts {
  std::string name;
  std::uint64_t events_in = 0;
  std::uint64_t events_out = 0;
  std::uint64_t late_events = 0;
  std::uint64_t dead_letters = 0;
  std::uint64_t skipped_events = 0;
  std::uint64_t results = 0;
};

/// A checkpoint that every stage has acknowledged, and that was stored.
struct complete_checkpoint {
  flow::barrier barrier;
  std::vector<snapshot_part> parts;
};

/// Runs a graph without threads or actors: delivers frames, grants, timers and commands in any
/// order that the runtime could, chosen by a seed. Frames of one channel keep their order;
/// everything else may be late, and what a crashed attempt had sent may arrive at any time after.
/// Time moves only when nothing else can. Checks at every move that no frame is sent without
/// credit and that no more credit is given than the window; and if it is told what one event may
/// lead to, that no stage holds more than its bound.
class simulator {
public:
  /// Begins empty, or with a checkpoint of an earlier run, which may have had another parallelism.
  simulator(graph g, simulation_options options, std::optional<complete_checkpoint> from = {});

  enum class outcome { running, finished, deadlock, failed };

  /// Makes one move; answers `running` while there is more to do.
  outcome move();
  /// Moves until the run ends; answers `running` if it has not after `max_moves`.
  outcome run();

  /// Stops the sources, as a user's stop does: to their end.
  void stop();
  /// Stops the sources for another run to go on: takes a last checkpoint, and sends no end.
  void suspend();
  /// Replaces all instances by a new attempt from the newest complete checkpoint.
  void crash();

  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  /// A line for each stage instance that has not ended and each channel that holds something.
  [[nodiscard]] std::string where_stuck() const;
  [[nodiscard]] flow::stage& stage(std::uint32_t stage, std::uint32_t instance = 0);
  [[nodiscard]] manual_clock& time() noexcept { return clock_; }
  [[nodiscard]] const std::optional<complete_checkpoint>& newest_checkpoint() const noexcept {
    return newest_;
  }
  /// The most frames that ever were on their way in one channel.
  [[nodiscard]] std::size_t most_frames_in_a_channel() const noexcept { return most_in_channel_; }
  /// What happened so far, with what the instances counted.
  [[nodiscard]] tallies seen() const;
  /// What each stage counted, by its number in the plan. An event that comes again after a crash is
  /// counted again.
  [[nodiscard]] std::vector<stage_counts> counts() const;

private:
  struct instance {
    std::uint32_t stage = 0;
    std::uint32_t number = 0;
    std::unique_ptr<flow::stage> machine;
    std::shared_ptr<stage_metrics> metrics;
    bool may_step = true;
    bool wakes_again = false;
    bool is_source = false;
    timestamp wake_at = max_timestamp;
    bool ended = false;
    bool suspended = false;
    std::deque<flow::command> commands;
    std::vector<flow::completion> answers;  ///< To its requests, in any order.
    std::multimap<timestamp, flow::completion> answers_to_come;
    /// Where services put their answers.
    std::shared_ptr<std::vector<flow::completion>> answered =
        std::make_shared<std::vector<flow::completion>>();
    std::shared_ptr<bool> woken = std::make_shared<bool>(false);
    std::uint64_t channels_in = 0;
    std::uint64_t barriers_in = 0;  ///< That came for the checkpoint being taken.
    std::uint64_t may_hold = 0;     ///< Events that its outputs may hold.
  };
  struct wire {
    std::size_t from = 0;
    std::size_t to = 0;
    std::deque<flow::frame> frames;
    std::deque<flow::frame> old_frames;  ///< Of attempts that have crashed.
    std::deque<flow::grant> grants;
    std::uint64_t delivered = 0;
    std::uint64_t granted = 0;  ///< The receiver's newest permission, delivered or not.
    std::uint32_t max_events = 0;
  };
  struct choice {
    enum { frame, old_frame, grant, command, answer, step, store, acknowledgement } what;
    std::size_t at;
  };

  void start(flow::attempt_id attempt);
  bool make_machine(instance& in, flow::attempt_id attempt, const split_list& splits,
                    const std::vector<snapshot_part>& restored);
  [[nodiscard]] std::size_t find(std::uint32_t stage, std::uint32_t number) const;
  void make(choice c);
  void deliver(instance& at, flow::message m);
  void step(instance& at);
  void take_effects(instance& at);
  void send(flow::frame&& f);
  void send(flow::grant&& g);
  void serve(instance& at, const flow::request& r);
  void collect_answers(instance& in);
  void take_notice(std::uint32_t from, flow::notice&& n);
  void acknowledge(std::uint32_t from, flow::notice&& n);
  void carry_out();
  void tell_all(flow::command::kind what, flow::barrier b = {});
  void store();
  void drop();
  void begin_on_disk();
  void disturb();
  [[nodiscard]] bool crashes_now();
  bool advance_time();
  void wake(instance& in);
  [[nodiscard]] bool aligning() const;
  [[nodiscard]] bool saving() const;
  void count_metrics(tallies& to) const;
  void count_stages(std::vector<stage_counts>& to) const;
  bool chance(double p) { return p > 0 && static_cast<double>(random_() >> 11) * 0x1.0p-53 < p; }
  std::size_t pick(std::size_t n) { return n == 1 ? 0 : static_cast<std::size_t>(random_() % n); }
  void broken(std::string what) {
    if (failure_.empty()) failure_ = std::move(what);
  }

  /// Looks for the splits that a source finds while it is read.
  struct split_search {
    std::uint32_t stage = 0;
    std::unique_ptr<source_enumerator> of;
    std::set<std::string> known;
  };

  void begin_searches(const split_list& splits);
  bool find_further(split_search& search);
  bool go_on_searching();

  graph graph_;
  simulation_options options_;
  std::vector<split_search> searches_;
  std::mt19937_64 random_;
  manual_clock clock_;
  std::vector<instance> instances_;
  std::vector<wire> wires_;
  flow::effects effects_;
  flow::attempt_id attempt_ = 0;
  std::vector<choice> choices_;
  std::vector<choice> held_back_;

  std::optional<checkpoint_coordinator> coordinator_;
  checkpoint_coordinator::orders orders_;
  std::uint64_t next_checkpoint_ = 1;
  std::uint64_t next_trigger_ = 0;
  std::vector<snapshot_part> written_;  ///< Of the checkpoint that is being taken, so far.
  std::optional<complete_checkpoint> storing_;
  std::optional<flow::barrier> dropping_;
  timestamp stored_at_{};  ///< When the disk is done with either.
  std::optional<complete_checkpoint> newest_;
  std::vector<std::pair<std::uint32_t, flow::notice>> late_acknowledgements_;
  std::uint64_t moves_ = 0;
  std::uint32_t crashes_ = 0;
  std::uint32_t restarts_ = 0;
  bool restart_wanted_ = false;
  bool anything_new_ = true;  ///< Data was sent, or time moved, since the last checkpoint began.
  bool stopped_ = false;
  bool stopped_when_quiet_ = false;  ///< Not by the options' wish.
  bool final_started_ = false;
  bool suspending_ = false;
  bool finished_ = false;
  std::string failure_;
  std::size_t most_in_channel_ = 0;
  tallies seen_;
  std::vector<stage_counts> counts_;  ///< Of attempts that are over.
};

}  // namespace weir::test
