// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/runtime/status.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace weir {

/// What a pipeline's supervisor lets others see: written by the supervisor, read by any thread. A
/// mutex, because threads that are no actors look at it and wait on it; nothing on the data plane
/// touches it.
class board {
public:
  /// Adds an instance; one of an earlier attempt in its place goes into the sums.
  void add(instance_status s);
  void count_restart(std::uint64_t events_lost);
  void set_stopped();
  void note_checkpoint(checkpoint_note done, bool is_savepoint);
  void count_failed_checkpoint();
  void set_store_hangs();
  void note_memory(std::uint64_t resident, std::uint64_t limit);
  void count_memory_hold();
  void set_restored(std::uint64_t checkpoint);
  void finish(std::optional<error> failure);

  /// The newest attempt of each instance.
  [[nodiscard]] std::vector<instance_status> current() const;
  [[nodiscard]] run_summary summary() const;
  bool wait_for(duration d) const;
  void wait() const;

private:
  mutable std::mutex mutex_;
  mutable std::condition_variable ended_;
  std::vector<instance_status> current_;
  run_summary sums_;  ///< Of attempts that are over.
  std::unique_ptr<histogram> past_latency_ = std::make_unique<histogram>();
  bool finished_ = false;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

}  // namespace weir
