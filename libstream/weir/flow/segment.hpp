// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/event/batch.hpp"
#include "weir/flow/replay.hpp"
#include "weir/flow/step.hpp"
#include "weir/flow/verdict.hpp"
#include "weir/state/snapshot.hpp"

namespace weir::flow {

/// What operators wait for that comes from outside the stage.
struct outstanding {
  bool answers = false;  ///< Results are still to come: the end must not pass before them.
  bool full = false;     ///< ... of so many events that no further frame is to be begun.

  friend constexpr outstanding operator|(outstanding a, outstanding b) noexcept {
    return {a.answers || b.answers, a.full || b.full};
  }
};

/// A part of a stage that takes part in everything but data: progress, timers, snapshots. Calls
/// that answer a verdict are resumable, as those of `stage_body` are.
class stage_part {
public:
  stage_part() = default;
  stage_part(const stage_part&) = delete;
  stage_part& operator=(const stage_part&) = delete;
  virtual ~stage_part() = default;

  virtual verdict on_progress(progress p, step& s) = 0;
  virtual verdict on_time(step& s) = 0;
  virtual verdict on_completion(step& s) = 0;
  [[nodiscard]] virtual timestamp next_timer() const = 0;
  virtual verdict snapshot(barrier b, snapshot_writer& to, step& s) = 0;
  virtual void restore(snapshot_reader& from) = 0;
  virtual result<void> commit(barrier b) = 0;
  /// Events that some operator in here has emitted and another has not taken yet; a failure loses
  /// them.
  [[nodiscard]] virtual std::size_t events_held() const = 0;
  [[nodiscard]] virtual flow::outstanding outstanding() const { return {}; }
  /// Adds the places in here that may have refused a dead letter's event.
  virtual void find_places(return_search&) {}
};

/// A consumer of batches of `T` within a stage: one fused loop, or a sink. One virtual call a
/// batch.
template <class T>
class segment : public stage_part {
public:
  /// Works through `in`; if it is `owned`, the events may be moved out, but `in` keeps its size
  /// until this is done.
  virtual verdict on_batch(batch<T>& in, bool owned, step& s) = 0;
  /// Events of the batch in hand that have been worked off.
  [[nodiscard]] virtual std::size_t worked() const = 0;
};

}  // namespace weir::flow
