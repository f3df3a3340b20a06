// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace weir::operators {

/// Which slots are due at which window, by the windows' numbers: a list of slots for each window
/// that has some. Who puts a slot in twice must know which entry counts.
class calendar {
public:
  using list = std::vector<std::uint32_t>;

  void add(std::int64_t window, std::uint32_t slot) {
    if (newest_ == nullptr || newest_window_ != window) {
      const auto [at, fresh] = due_.try_emplace(window);
      if (fresh && !spare_.empty()) {
        at->second = std::move(spare_.back());
        spare_.pop_back();
      }
      newest_ = &at->second;
      newest_window_ = window;
    }
    newest_->push_back(slot);
  }

  /// Moves the slots of the first window, if its number is not above `limit`, to `slots`, and
  /// returns whether there is one.
  bool take(std::int64_t limit, std::int64_t& window, list& slots) {
    if (due_.empty() || due_.begin()->first > limit) return false;
    window = due_.begin()->first;
    slots.clear();
    std::swap(slots, due_.begin()->second);
    if (spare_.size() < 4) spare_.push_back(std::move(due_.begin()->second));
    due_.erase(due_.begin());
    newest_ = nullptr;
    return true;
  }

private:
  std::map<std::int64_t, list> due_;
  list* newest_ = nullptr;  ///< The list that was added to last.
  std::int64_t newest_window_ = 0;
  std::vector<list> spare_;
};

}  // namespace weir::operators
