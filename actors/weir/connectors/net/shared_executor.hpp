// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/net/thread_executor.hpp"

#include <memory>
#include <mutex>

namespace weir::net {

/// A thread that all copies of a description share, such as the instances of a look-up; started at
/// the first use.
class shared_executor {
public:
  [[nodiscard]] std::shared_ptr<thread_executor> get() const {
    const std::lock_guard lock{held_->mutex};
    if (!held_->executor) held_->executor = std::make_shared<thread_executor>();
    return held_->executor;
  }

private:
  struct held {
    std::mutex mutex;  // instances are made in threads of the runtime's choosing
    std::shared_ptr<thread_executor> executor;
  };
  std::shared_ptr<held> held_ = std::make_shared<held>();
};

}  // namespace weir::net
