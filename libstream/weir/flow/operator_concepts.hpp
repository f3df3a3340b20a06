// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/event/batch.hpp"
#include "weir/flow/fan_out.hpp"
#include "weir/flow/segment.hpp"
#include "weir/flow/step.hpp"
#include "weir/flow/verdict.hpp"
#include "weir/metrics/stage_metrics.hpp"

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {
class cold_store;
}

namespace weir::flow {

/// A side output of an operator, as it stands in one instance.
struct side_slot {
  std::string name;
  fan_out_base* to = nullptr;
};

/// What an operator learns when its instance is made.
struct operator_environment {
  std::string id;
  std::uint32_t instance = 0;
  std::uint32_t parallelism = 1;
  std::uint32_t key_groups = 128;
  stage_metrics* metrics = nullptr;
  std::vector<side_slot> sides;  ///< The side outputs that somebody consumes.
  cold_store* cold = nullptr;    ///< For state by key that does not fit in memory; may be null.

  /// Returns the side output of that name, or null if nobody consumes it.
  template <class T>
  [[nodiscard]] fan_out<T>* side(std::string_view name) const {
    for (const side_slot& slot : sides)
      if (slot.name == name) return static_cast<fan_out<T>*>(slot.to);
    return nullptr;
  }
};

// An operator is a copyable value with `on_event(event, at, next, step)`. Anything below is
// optional, and what is absent costs nothing. `next(value, at)` hands a value on; `next.full()`
// says that firings must stop and answer `blocked`, to be called again. Exceptions of user
// functions may pass through all of them; an operator must have moved its own cursor past the
// failing firing before it calls them.

/// Is told of its instance before the first event.
template <class Op>
concept opens = requires(Op& op, const operator_environment& e) {
  op.open(e);
};
/// Acts on watermarks: `verdict on_progress(progress&, Next&, step&)`, and may hold back what it
/// passes on.
template <class Op, class Next>
concept takes_progress = requires(Op& op, progress& p, Next& next, step& s) {
  op.on_progress(p, next, s);
};
/// Has processing-time timers.
template <class Op, class Next>
concept takes_time = requires(Op& op, Next& next, step& s) {
  op.on_time(next, s);
  op.next_timer();
};
/// Whose timers that `on_time` has not fired yet are all in what `snapshot` writes: a barrier may
/// come between two of them, and events, too.
template <class Op>
concept leaves_timers = requires {
  requires Op::leaves_timers;
};
/// Whose firings that `on_progress` has not come to are all in what `snapshot` writes, and are made
/// by the same watermark when it comes again: a barrier may come between two of them. No event
/// does.
template <class Op>
concept leaves_firings = requires {
  requires Op::leaves_firings;
};
/// Waits for answers to its requests.
template <class Op, class Next>
concept takes_completion = requires(Op& op, Next& next, step& s) {
  op.on_completion(next, s);
};
/// Says what it waits for that its requests will bring: the end waits for it, and while it is full
/// the stage takes no further frame.
template <class Op>
concept has_outstanding = requires(const Op& op) {
  { op.outstanding() } -> std::same_as<outstanding>;
};
/// Has state. `snapshot` answers a verdict: the first call fixes what is in the snapshot, and an
/// operator that needs longer answers `more` and is called again between batches. `restore` is
/// called once, before all but `open`, by a thread that may be another one than what follows is.
template <class Op>
concept stateful = requires(Op& op, snapshot_writer& to, snapshot_reader& from) {
  { op.snapshot(to) } -> std::same_as<verdict>;
  op.restore(from);
};
/// Keeps events as dead letters by itself, as they came to it (`event_errors::keep`).
template <class Op>
concept keeps_letters = requires {
  requires Op::keeps_letters;
};
/// May emit several values for one event, so that a failure must take back those before it.
template <class Op>
concept emits_many = requires {
  requires Op::emits_many;
};

/// Emits at most one value for an event, and says so: then a loop may write into room that was made
/// for as many values as events.
template <class Op>
concept emits_at_most_one = requires {
  requires Op::emits_at_most_one;
};
/// Wants to see what comes behind the event that it is given next, number `i` of a batch, so as to
/// call for memory ahead: `look_ahead(batch, i)`, which must change nothing and not throw. Only the
/// first operator of a chain is asked.
template <class Op, class S>
concept looks_ahead = requires(const Op& op, const batch<S>& in) {
  op.look_ahead(in, std::size_t{});
};
/// A filter, whose `keeps(event)` may be asked for several events before the first is handed on.
template <class Op>
inline constexpr bool is_filter = false;

}  // namespace weir::flow
