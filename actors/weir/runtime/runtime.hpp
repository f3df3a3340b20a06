// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint_store.hpp"
#include "weir/checkpoint/coordinator.hpp"
#include "weir/core/clock.hpp"
#include "weir/core/result.hpp"
#include "weir/dead_letters/letter_file.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/graph/pipeline.hpp"
#include "weir/journal/journal_options.hpp"
#include "weir/runtime/memory_watch.hpp"
#include "weir/runtime/restart_policy.hpp"
#include "weir/runtime/service.hpp"
#include "weir/runtime/state_options.hpp"
#include "weir/runtime/status.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// Whether checkpoints are taken, and what a run begins with.
struct checkpoint_options {
  /// Where they are kept; without one none is taken. `directory_store::open` makes one.
  std::shared_ptr<checkpoint_store> store;
  checkpoint_timing timing{.interval = std::chrono::seconds{10}};
  std::size_t retained = 2;  ///< Older ones that are kept beside the newest.
  bool fresh = false;        ///< Begins anew, and removes the checkpoints that are there.
  /// Begins with this one, a savepoint say, instead of the newest of the store.
  std::optional<checkpoint> from;
  bool allow_dropped_state = false;  ///< State of operators that are gone is given up.
};

struct runtime_options {
  std::uint32_t workers = 0;  ///< Threads for stages that don't block; 0 for one a processor core.
  restart_policy restarts;
  /// Called with one line about what happened, from any thread; by default it is written to
  /// standard error.
  std::function<void(const std::string& line)> log;
  checkpoint_options checkpoints;
  state_options state;
  memory_options memory;
  /// How often a stage's late events that no side output takes are told of, in one line with one of
  /// them for an example; 0 for never. They are in the summary in any case.
  duration log_late_every = std::chrono::seconds{10};
  service_map services;  ///< What operators may ask of the world outside.
  std::size_t kept_dead_letters =
      1000;  ///< Newest ones kept in memory, where the pipeline has no sink for them.
  /// ... and all of them in this file, as lines of JSON; empty for none. It is made with the first.
  std::string dead_letter_file;
  letter_file_limits dead_letter_limits;
  /// Dead letters to bring back to the stages that refused them. If there are any, the run reads
  /// nothing: it brings them back and stops, with a checkpoint if it has a store; a failure of a
  /// stage ends it, and nothing of it is committed.
  std::vector<dead_letter> replay;
  /// Records the run, to be repeated step by step (`weir::test::repeat`). A failure to write ends
  /// the recording with a line in the log, and not the run.
  journal_options journal;
};

/// A running pipeline. Several may run in one process; no global state, no signal handlers. All
/// members are safe to call from any thread. Destroying a runtime that still runs aborts it.
class runtime {
public:
  /// Checks the pipeline, opens its sources and sinks, and starts it. An error lists every mistake
  /// that was found.
  [[nodiscard]] static result<runtime> start(pipeline p, runtime_options options = {});

  runtime(runtime&&) noexcept;
  runtime& operator=(runtime&&) noexcept;
  ~runtime();

  /// Lets the sources read no more, and returns at once. With checkpoints a last one is taken, with
  /// which another run goes on: open windows stay open. Without, it is the same as `drain`.
  void stop();
  /// Lets the sources end, and returns at once: what is in flight is worked off, windows fire,
  /// sinks commit.
  void drain();
  /// As `stop`; the last checkpoint is kept as a savepoint.
  void stop_with_savepoint();
  /// Has a savepoint taken, and returns at once; `summary()` says when there is one more. Without
  /// checkpoints a line in the log says that there is none.
  void savepoint();
  /// Ends everything now. What sinks have not committed is not made visible.
  void abort();
  /// Waits until the run has ended, and says what it came to.
  run_summary wait();
  /// Waits for at most `d`; whether the run has ended.
  [[nodiscard]] bool wait_for(duration d);

  [[nodiscard]] const graph& running() const noexcept;
  [[nodiscard]] std::vector<instance_status> status() const;
  /// The sums so far.
  [[nodiscard]] run_summary summary() const;
  /// The newest dead letters, where the pipeline has no sink for them.
  [[nodiscard]] std::vector<dead_letter> dead_letters() const;

private:
  struct inside;
  explicit runtime(std::unique_ptr<inside> in);
  std::unique_ptr<inside> inside_;
};

}  // namespace weir
