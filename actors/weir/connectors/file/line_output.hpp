// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <string>

namespace weir::file {

/// Collects lines and writes them to standard output, or to another descriptor, which stays open.
/// Lines of several instances are never mixed: the lock of C's `stdout` is held while they are
/// written. A reader that has gone is an error, not a signal, whatever the process does with
/// SIGPIPE.
class line_output {
public:
  explicit line_output(int to) : to_(to) {}

  /// Where whole lines are appended.
  [[nodiscard]] std::string& lines() noexcept { return lines_; }
  [[nodiscard]] bool full() const noexcept { return lines_.size() >= (64 << 10); }
  [[nodiscard]] result<void> write_out();

private:
  int to_;
  std::string lines_;
};

}  // namespace weir::file
