// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/flow/frame.hpp"
#include "weir/flow/lanes.hpp"
#include "weir/flow/segment.hpp"
#include "weir/flow/split.hpp"
#include "weir/flow/step.hpp"
#include "weir/flow/verdict.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <span>

namespace weir::flow {

/// What polling a source came to.
enum class poll_outcome : std::uint8_t {
  more,     ///< Poll again. If budget is left, all that was read has been handed on.
  blocked,  ///< An output is full, or a wait is on, in the middle of what was read; call again.
  waiting,  ///< Nothing to read now; call again when the source says it is ready, or at its wake-up
            ///< time.
  ended,    ///< There will never be more.
};

/// The typed inside of a stage: its operators, built for one instance. The stage's state machine
/// calls it; every call that answers a verdict is resumable and is repeated with the same input
/// until it answers `done`. Single-threaded.
class stage_body {
public:
  stage_body() = default;
  stage_body(const stage_body&) = delete;
  stage_body& operator=(const stage_body&) = delete;
  virtual ~stage_body() = default;

  virtual verdict on_data(std::uint16_t port, frame_body& body, step& s) = 0;
  virtual verdict on_progress(progress p, step& s) = 0;
  /// Fires the processing-time timers that are due at `s.wall`.
  virtual verdict on_time(step& s) = 0;
  virtual verdict on_completion(step& s) = 0;
  /// Wall-clock time of the earliest processing-time timer.
  [[nodiscard]] virtual timestamp next_timer() const = 0;

  /// Reads from the source, for a stage that begins with one.
  virtual poll_outcome poll(step&) { return poll_outcome::waiting; }
  /// Tells the source to take nothing more; `poll` answers `ended` once what it had taken is read
  /// out.
  /// Another run goes on where this one stops, unless it `ends` the source for good.
  virtual void stop_source(bool /*ends*/) {}

  /// Reads further splits, too; those that it has already are left as they are.
  virtual void assign(std::span<const split_position>) {}
  /// How the splits of a source stand.
  [[nodiscard]] virtual const lane_list* lanes() const { return nullptr; }
  /// The watermark of its receivers that the source waits for with splits that are ahead of the
  /// others.
  [[nodiscard]] virtual timestamp awaited_watermark() const { return max_timestamp; }

  /// Brings the event of a dead letter back to where it was refused. What can't be brought back is
  /// a dead letter again.
  virtual verdict replay(const dead_letter&, step&) { return verdict::done; }

  /// For the account of what a failure lost: events of the frame in hand that have been worked off,
  /// and events that wait between operators.
  [[nodiscard]] virtual std::size_t taken_in_hand() const = 0;
  [[nodiscard]] virtual std::size_t events_held() const = 0;

  /// What operators wait for that comes from outside.
  [[nodiscard]] virtual flow::outstanding outstanding() const { return {}; }

  virtual verdict snapshot(barrier b, snapshot_writer& to, step& s) = 0;
  virtual void restore(const snapshot_reader& from) = 0;
  /// Makes visible what sinks pre-committed for checkpoint `b` and the ones before it.
  virtual result<void> commit(barrier b) = 0;
};

}  // namespace weir::flow
