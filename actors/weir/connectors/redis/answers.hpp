// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/redis/client.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace weir::redis {

/// Answers on their way from a connection's thread to a stage's. As many as are asked for; the
/// stage is woken by the first of those that wait.
class answers {
public:
  struct one {
    std::uint64_t number = 0;  ///< Of what was asked.
    replies got;
    std::uint64_t connection = 0;  ///< On which it came, by number.
  };

  /// `wake` is safe to call from any thread.
  explicit answers(std::function<void()> wake) : wake_(std::move(wake)) {}

  void put(one a) {
    bool first = false;
    {
      const std::lock_guard lock{mutex_};
      first = waiting_.empty();
      waiting_.push_back(std::move(a));
      any_.store(true, std::memory_order_release);
    }
    if (first && wake_) wake_();
  }
  /// Moves all that have come to `to`, which is empty.
  void take(std::vector<one>& to) {
    if (!any()) return;
    const std::lock_guard lock{mutex_};
    to.swap(waiting_);
    any_.store(false, std::memory_order_release);
  }
  [[nodiscard]] bool any() const noexcept { return any_.load(std::memory_order_acquire); }

private:
  std::function<void()> wake_;
  std::mutex mutex_;  // the connection's thread puts, the stage's takes, and neither may wait long
  std::vector<one> waiting_;
  std::atomic<bool> any_ = false;
};

}  // namespace weir::redis
