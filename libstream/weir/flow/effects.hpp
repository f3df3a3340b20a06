// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/flow/frame.hpp"
#include "weir/flow/service.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::flow {

/// Something a stage tells its supervisor.
struct notice {
  enum class kind : std::uint8_t {
    ended,         ///< Its inputs have ended and everything behind them is on its way.
    suspended,     ///< A source that was told to suspend has handed on all that it had taken.
    acknowledged,  ///< It has taken its part, or the rest of it, of the checkpoint `barrier`.
    committed,     ///< What was pre-committed for the checkpoint `barrier` is visible.
    saved_some,    ///< It has taken some of its part of the checkpoint `barrier`; more follows.
  };
  kind what = kind::ended;
  flow::barrier barrier;
  std::vector<snapshot_part> parts{};      ///< Of a checkpoint.
  std::chrono::nanoseconds aligned_for{};  ///< How long its inputs waited for each other.
  /// How many parts of a checkpoint that is acknowledged have been told of before.
  std::size_t parts_before = 0;
};

/// A failure that the stage can't handle itself: its directive, or a broken invariant, wants more
/// than this event.
struct failure {
  enum class remedy : std::uint8_t {
    restart,  ///< Restart the region as a new attempt, if the restart policy allows it.
    stop,     ///< Stop the pipeline.
  };
  remedy wants = remedy::restart;
  std::string where;  ///< The operator's name.
  error why;
};

/// An operator's request to something outside the stage, answered by a completion of the same id.
struct request {
  std::uint64_t id = 0;
  std::string target;
  bytes payload;
  /// Who answers, unless the shell has a service called `target`. May be null.
  std::shared_ptr<const service> via{};
  /// The stage's end waits for the answer. An operator that gives answers up says by its
  /// `outstanding()` what it waits for.
  bool awaited = true;
};

/// What a stage wants done after a step. The shell delivers it and clears it; the memory is reused.
struct effects {
  std::vector<frame> frames;
  std::vector<grant> grants;
  std::vector<request> requests;
  std::uint64_t next_request = 0;  ///< The id of the next one; goes on after `clear`.
  std::vector<notice> notices;
  std::vector<failure> failures;
  timestamp wake_at = max_timestamp;  ///< When to call again although nothing arrived (wall clock).

  void clear() {
    frames.clear();
    grants.clear();
    requests.clear();
    notices.clear();
    failures.clear();
    wake_at = max_timestamp;
  }
};

}  // namespace weir::flow
