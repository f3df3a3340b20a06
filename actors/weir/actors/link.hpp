// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/frame.hpp"

namespace weir::actors {

/// A channel as its sender sees it, local or to another process.
class sending_end {
public:
  virtual ~sending_end() = default;

  virtual void send(flow::frame&& f) = 0;
  /// Takes the receiver's newest grant; false if there is none since the last call.
  [[nodiscard]] virtual bool take_grant(flow::grant& out) = 0;
  /// Says whether the sender waits for credit: only then does a grant wake it. True if a grant has
  /// come meanwhile, which nobody will tell.
  [[nodiscard]] virtual bool wait_for_grant(bool waits) = 0;
};

/// A channel as its receiver sees it.
class receiving_end {
public:
  virtual ~receiving_end() = default;

  [[nodiscard]] virtual bool take_frame(flow::frame& out) = 0;
  virtual void grant(flow::grant&& g) = 0;
};

}  // namespace weir::actors
