// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <csignal>

namespace weir {

/// Counts SIGINT and SIGTERM while it lives, instead of letting them end the process. One at a time
/// in a process: signals are global, which is why only `weir::main`, which owns the process, uses
/// this.
class signal_counter {
public:
  signal_counter();
  signal_counter(const signal_counter&) = delete;
  signal_counter& operator=(const signal_counter&) = delete;
  ~signal_counter();

  [[nodiscard]] int count() const noexcept;

private:
  struct sigaction int_before_ {};
  struct sigaction term_before_ {};
};

}  // namespace weir
