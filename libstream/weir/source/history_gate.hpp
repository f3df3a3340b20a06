// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <algorithm>
#include <map>
#include <mutex>
#include <string>

namespace weir {

/// What the instances of a source know of each other's history: nothing live is read before all of
/// it has been. Safe to use from any thread; a mutex, since readers in several threads ask for it
/// and none of them can be sent a message.
class history_gate {
public:
  /// A split of the history is there.
  void expects(const std::string& id) {
    const std::lock_guard lock{mutex_};
    ended_.try_emplace(id, false);
  }
  /// All of them are known.
  void complete() {
    const std::lock_guard lock{mutex_};
    complete_ = true;
  }
  /// It is read, perhaps anew after a failure.
  void reads(const std::string& id) {
    const std::lock_guard lock{mutex_};
    ended_[id] = false;
  }
  void ended(const std::string& id) {
    const std::lock_guard lock{mutex_};
    ended_[id] = true;
  }
  [[nodiscard]] bool open() const {
    const std::lock_guard lock{mutex_};
    return complete_ &&
           std::all_of(ended_.begin(), ended_.end(), [](const auto& s) { return s.second; });
  }

private:
  mutable std::mutex mutex_;
  std::map<std::string, bool> ended_;
  bool complete_ = false;
};

}  // namespace weir
