// SPDX-License-Identifier: BSD-3-Clause
// How a test waits for the threads of a run, and lets them wait.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace weir::test {

/// Lets others wait until it is opened.
class gate {
public:
  void open() {
    std::lock_guard lock{mutex_};
    open_ = true;
    opened_.notify_all();
  }
  void pass() {
    std::unique_lock lock{mutex_};
    ++waiting_;
    opened_.wait(lock, [this] { return open_; });
  }
  [[nodiscard]] int came() const {
    std::lock_guard lock{mutex_};
    return waiting_;
  }

private:
  mutable std::mutex mutex_;
  std::condition_variable opened_;
  bool open_ = false;
  int waiting_ = 0;
};

/// Waits until `holds()`; false if that takes too long.
template <class Holds>
bool soon(Holds holds) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds{20};
  while (!holds() && std::chrono::steady_clock::now() < until) std::this_thread::yield();
  return holds();
}

}  // namespace weir::test
