// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/flow/frame.hpp"
#include "weir/state/snapshot.hpp"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <vector>

namespace weir {

/// When checkpoints are taken.
struct checkpoint_timing {
  duration interval{
      0};  ///< From the beginning of one to that of the next; 0: only those asked for.
  duration min_pause{0};  ///< From the end of one to the beginning of the next, at least.
  duration timeout = std::chrono::minutes{10};  ///< One that takes longer is given up; a store that
                                                ///< takes longer is told of.
};

/// What a coordinator wants done.
struct checkpoint_order {
  enum class kind : std::uint8_t {
    trigger,  ///< Tell every source to take its part of `barrier` and send it on.
    write,    ///< Write `parts`; more of `barrier` follows, or it is abandoned.
    abandon,  ///< Tell every stage that `barrier` won't be completed. If some of it was to be
              ///< written, drop that, and call `on_dropped`.
    store,    ///< Make `parts` and those written before durable, then call `on_stored`.
    commit,   ///< It is complete: tell every stage to commit `barrier`.
    done,     ///< Every stage has committed `barrier`.
    overdue,  ///< The store has been busy with `barrier` for longer than the timeout.
  };
  kind what = kind::trigger;
  flow::barrier barrier;
  std::vector<snapshot_part> parts{};
};

/// Runs a pipeline's checkpoints, one at a time, as a plain state machine: a barrier goes out from
/// the sources, every instance takes its part, which is written meanwhile, and acknowledges it,
/// what was written is made durable, and only then is it committed (Chandy and Lamport's snapshot,
/// made a two-phase commit with the sinks). One that fails or takes too long is given up; what
/// sinks have pre-committed for it is part of the next. The store is never busy with two.
class checkpoint_coordinator {
public:
  using orders = std::vector<checkpoint_order>;

  /// The checkpoints' ids count from `first_id`; `instances` is the number of all stage instances.
  /// Where nothing `keeps_state`, a checkpoint is no more than the sinks' two phases.
  checkpoint_coordinator(checkpoint_timing timing, std::size_t instances, std::uint64_t first_id,
                         bool keeps_state = true)
      : timing_(timing), instances_(instances), next_id_(first_id), keeps_state_(keeps_state) {}

  /// Begins to count the time to the first one.
  void begin(steady_time now) { next_at_ = after(now, timing_.interval); }
  /// Asks for one beside those of the interval: at once, or when the one under way has ended.
  void ask(flow::checkpoint_kind kind, steady_time now, orders& out);
  /// Does what is due at `now`.
  void tick(steady_time now, orders& out);
  /// When `tick` has something to do next; `steady_time::max()` if never.
  [[nodiscard]] steady_time wakes_at() const noexcept;

  /// An instance has taken some of its part. Ignored if it is not of the checkpoint under way.
  void on_saved_some(std::uint32_t instance, flow::barrier b, std::vector<snapshot_part> parts,
                     orders& out);
  /// An instance has taken its part, or the rest of it. Ignored if it is not of the checkpoint
  /// under way, a repeat, or if of the `before` parts that it has told of before some have not
  /// come.
  void on_acknowledged(std::uint32_t instance, flow::barrier b, std::vector<snapshot_part> parts,
                       std::size_t before, steady_time now, orders& out);
  /// The parts are durable, or could not be made so.
  void on_stored(flow::barrier b, bool durable, steady_time now, orders& out);
  /// Nothing is left of what was written of one that was abandoned.
  void on_dropped(flow::barrier b, steady_time now, orders& out);
  void on_committed(std::uint32_t instance, flow::barrier b, orders& out);

  /// A stage has failed: the checkpoint that is being taken, or the last one, will not come to its
  /// end. One that is being stored will.
  void give_up(steady_time now, orders& out);

  /// Between the two none is begun: stages that are down could not take part.
  void pause() noexcept { paused_ = true; }
  void resume(steady_time now, orders& out);

  [[nodiscard]] const std::optional<flow::barrier>& taking() const noexcept { return taking_; }
  [[nodiscard]] const std::optional<flow::barrier>& storing() const noexcept { return storing_; }
  /// Whether the last one is wanted or being taken: what is asked for now would come behind it.
  [[nodiscard]] bool last_is_due() const noexcept;
  /// Whether one is complete, and not committed by every stage.
  [[nodiscard]] bool committing() const noexcept { return committing_.has_value(); }
  [[nodiscard]] std::uint64_t next_id() const noexcept { return next_id_; }
  /// How many instances have acknowledged the one being taken.
  [[nodiscard]] std::size_t acknowledged() const noexcept { return acknowledged_.size(); }
  [[nodiscard]] steady_time began() const noexcept { return began_; }
  /// Checkpoints that were given up or could not be stored.
  [[nodiscard]] std::uint64_t failures() const noexcept { return failures_; }

private:
  static steady_time after(steady_time now, duration d) {
    return d <= duration{0} ? steady_time::max() : now + d;
  }
  void trigger(flow::checkpoint_kind kind, steady_time now, orders& out);
  void abandon(steady_time now, orders& out);
  void end(steady_time now, orders& out);
  [[nodiscard]] bool busy() const noexcept { return taking_ || storing_ || dropping_ || paused_; }

  checkpoint_timing timing_;
  std::size_t instances_;
  std::uint64_t next_id_;
  steady_time next_at_ = steady_time::max();
  steady_time began_{};
  steady_time overdue_at_ = steady_time::max();  ///< Of what the store is busy with.
  std::deque<flow::checkpoint_kind> asked_;
  std::optional<flow::barrier> taking_;
  std::optional<flow::barrier> storing_;
  std::optional<flow::barrier> dropping_;
  std::set<std::uint32_t> acknowledged_;
  /// How many parts of an instance came before its acknowledgement.
  std::map<std::uint32_t, std::size_t> written_;
  std::optional<flow::barrier> committing_;
  std::set<std::uint32_t> committed_;
  std::uint64_t failures_ = 0;
  bool keeps_state_;
  bool paused_ = false;
};

}  // namespace weir
