// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace weir::test {

/// What one split of a test source gives, and when: written from front to back, on a time line that
/// begins with the run.
///
///     input.split().every(10ms).events(first).idle().pause(1min).event(last);
template <class T>
class split_script {
public:
  /// One thing that happens: an event, or without a value, the split is said to be idle.
  struct step {
    duration due{};
    std::optional<T> value;
  };

  split_script& event(T value) {
    steps_.push_back({end_, std::move(value)});
    ++events_;
    end_ += every_;
    return *this;
  }
  split_script& events(std::vector<T> values) {
    for (T& v : values) event(std::move(v));
    return *this;
  }
  /// From here on an event takes this long; at first none takes any time.
  split_script& every(duration d) {
    every_ = d;
    return *this;
  }
  /// Gives nothing for so long. At the end of a script the split ends so much later.
  split_script& pause(duration d) {
    end_ += d;
    return *this;
  }
  /// Says that the split has nothing for now and is not to be waited for until its next event.
  split_script& idle() {
    steps_.push_back({end_, std::nullopt});
    return *this;
  }

  [[nodiscard]] const std::vector<step>& steps() const noexcept { return steps_; }
  [[nodiscard]] std::uint64_t event_count() const noexcept { return events_; }
  /// When the split ends.
  [[nodiscard]] duration end() const noexcept { return end_; }

private:
  std::vector<step> steps_;
  std::uint64_t events_ = 0;
  duration end_{};
  duration every_{};
};

}  // namespace weir::test
