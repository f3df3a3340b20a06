// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <utility>
#include <vector>

namespace weir::operators {

/// A stretch of time that lies in the same windows throughout, with the slots of the keys that have
/// events in it.
struct hopping_pane {
  std::int64_t first = 0;  ///< The windows that it is in, by number.
  std::int64_t last = 0;
  timestamp any{};                    ///< Some time in it.
  std::vector<std::uint32_t> keys{};  ///< Each once.
};

/// The panes that hold events, in the order of their time. A pane stays where it is in memory. The
/// pane of an event is most often that of the one before, or else costs a search.
class hopping_panes {
  using order = std::pair<std::int64_t, std::int64_t>;

public:
  using map = std::map<order, hopping_pane>;

  hopping_pane& at(std::int64_t first, std::int64_t last, timestamp t) {
    if (recent_ == nullptr || recent_->first != first || recent_->last != last)
      recent_ = &all_.try_emplace({first, last}, hopping_pane{first, last, t}).first->second;
    return *recent_;
  }
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] const hopping_pane& front() const { return all_.begin()->second; }
  /// Forgets those that are in no window behind number `last`.
  void drop_until(std::int64_t last) {
    while (!all_.empty() && front().last <= last) all_.erase(all_.begin());
    recent_ = nullptr;
  }
  [[nodiscard]] map::const_iterator begin() const { return all_.begin(); }
  [[nodiscard]] map::const_iterator end() const { return all_.end(); }

private:
  map all_;
  hopping_pane* recent_ = nullptr;
};

}  // namespace weir::operators
