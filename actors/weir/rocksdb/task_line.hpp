// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <future>
#include <utility>
#include <vector>

namespace weir::rocks {

/// Tasks for other threads, one after the other: one at a time has enough of a core. A task runs
/// though one before it has failed, and what it holds goes when it is done. Goes when all are done.
class task_line {
public:
  /// Waits as long as `most` others are not done.
  template <class Task>
  void add(Task task, std::size_t most) {
    if (tasks_.size() >= most) tasks_[tasks_.size() - most].wait();
    std::shared_future<void> before = tasks_.empty() ? std::shared_future<void>{} : tasks_.back();
    tasks_.push_back(std::async(std::launch::async,
                                [before = std::move(before), task = std::move(task)]() mutable {
                                  if (before.valid()) before.wait();
                                  before = {};
                                  Task mine{std::move(task)};  // the future keeps this function
                                  mine();
                                }));
  }
  [[nodiscard]] std::size_t size() const noexcept { return tasks_.size(); }
  /// Waits for a task, and throws what it threw.
  void get(std::size_t i) const { tasks_[i].get(); }

private:
  std::vector<std::shared_future<void>> tasks_;
};

}  // namespace weir::rocks
