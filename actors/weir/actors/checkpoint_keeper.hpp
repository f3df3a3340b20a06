// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/checkpoint_writer.hpp"
#include "weir/checkpoint/coordinator.hpp"
#include "weir/core/clock.hpp"
#include "weir/runtime/board.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace weir::actors {

/// The checkpoints of one running pipeline: the coordinator, with what it needs around it. Part of
/// the pipeline's supervisor, and used in its thread. Without a store only the last barrier is
/// sent, so that sinks commit.
class checkpoint_keeper {
public:
  struct setting {
    checkpoint_timing timing;
    checkpoint_place where;
    checkpoint_manifest manifest;  ///< Of each checkpoint, but for id, kind, time and attempt.
    std::uint64_t first_id = 1;
    std::size_t instances = 0;
    std::shared_ptr<const clock> time;
    std::shared_ptr<board> shown;
  };
  /// What the supervisor does for it.
  struct callbacks {
    std::function<void(const flow::command&)> tell_sources;
    std::function<void(const flow::command&)> tell_all;
    std::function<std::uint32_t()> highest_attempt;
    std::function<void(flow::checkpoint_kind)> done;    ///< Committed by all.
    std::function<void(flow::checkpoint_kind)> stored;  ///< Made durable, or not.
    std::function<void(error)> failed;                  ///< The last one can't be stored.
    std::function<void(error)> overdue;  ///< The store has not answered within the timeout.
  };

  checkpoint_keeper(caf::event_based_actor* self, setting how, callbacks calls);

  void begin();
  /// The last checkpoint of the run; kept as a savepoint if told so.
  void take_last(bool as_savepoint);
  void ask_savepoint();
  void on_saved_some(std::uint32_t instance, flow::notice&& n);
  void on_acknowledged(std::uint32_t instance, flow::notice&& n);
  void on_committed(std::uint32_t instance, flow::barrier b);
  void on_stored(const store_outcome& outcome);
  void on_dropped(flow::barrier b);
  /// The wake-up of that number has come.
  void on_time(std::uint64_t number);

  /// A region is down until `resume`.
  void pause();
  void resume();
  void quit();

  /// Whether all of one is on its way to the disk: what comes of it decides where a restart goes
  /// on.
  [[nodiscard]] bool storing() const noexcept { return coordinator_.storing().has_value(); }
  /// What to say of a store that has not answered in time; nothing while it is in time.
  [[nodiscard]] const std::optional<error>& overdue() const noexcept { return overdue_; }
  [[nodiscard]] bool keeps_any() const noexcept { return how_.where.store != nullptr; }
  /// The newest one that can be read; nothing if none has been taken yet.
  [[nodiscard]] result<std::optional<checkpoint>> newest() const;

private:
  void carry_out();
  void store(checkpoint_order& order);
  void hang(flow::barrier b);
  void wake_later();

  caf::event_based_actor* self_;
  setting how_;
  callbacks calls_;
  checkpoint_coordinator coordinator_;
  checkpoint_coordinator::orders orders_;
  caf::actor writer_;
  timestamp taken_at_;
  std::chrono::nanoseconds alignment_{};  ///< The longest of the instances, of the newest one.
  std::optional<error> overdue_;          ///< What hangs, until the store answers
  flow::barrier overdue_of_;              ///< for this one.
  bool last_is_savepoint_ = false;
  steady_time wakes_at_ = steady_time::max();  ///< Of the newest wake-up; others are ignored.
  std::uint64_t wake_number_ = 0;
};

}  // namespace weir::actors
