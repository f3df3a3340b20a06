// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

#include <chrono>

namespace weir {

/// A point on a clock that never jumps; only differences mean anything.
using steady_time = std::chrono::time_point<std::chrono::steady_clock, std::chrono::nanoseconds>;

/// The two clocks that a pipeline reads. Handed in, so that tests can use `manual_clock`.
/// Implementations are safe to call from any thread.
class clock {
public:
  virtual ~clock() = default;

  /// Wall-clock time; may jump.
  [[nodiscard]] virtual timestamp wall() const = 0;
  /// Time that only moves forward; measures durations and drives timers.
  [[nodiscard]] virtual steady_time steady() const = 0;
};

/// The machine's clocks.
class system_clock final : public clock {
public:
  [[nodiscard]] timestamp wall() const override {
    return std::chrono::time_point_cast<duration>(std::chrono::system_clock::now());
  }
  [[nodiscard]] steady_time steady() const override { return std::chrono::steady_clock::now(); }
};

/// A clock that stands still until it is told to move. For one thread.
class manual_clock final : public clock {
public:
  explicit manual_clock(timestamp start = timestamp{}) : wall_(start) {}

  void advance(duration d) {
    wall_ += d;
    steady_ += d;
  }

  [[nodiscard]] timestamp wall() const override { return wall_; }
  [[nodiscard]] steady_time steady() const override { return steady_; }

private:
  timestamp wall_;
  steady_time steady_{};
};

}  // namespace weir
