// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/caf_compat.hpp"

#include <atomic>
#include <mutex>
#include <utility>

namespace weir::actors {

/// Wakes an actor whose input lies outside its mailbox: one message however often it is rung before
/// the actor answers. Safe from any thread. A bell without an actor, before it is hung or after it
/// was taken down, is silent.
class doorbell {
public:
  void hang(caf::actor at, caf::message what) {
    std::lock_guard lock{mutex_};
    at_ = std::move(at);
    what_ = std::move(what);
  }
  void take_down() {
    std::lock_guard lock{mutex_};
    at_ = nullptr;
  }

  void ring() {
    if (rung_.exchange(true, std::memory_order_acq_rel)) return;
    // Guards the handle against being taken down meanwhile; contended only then.
    std::lock_guard lock{mutex_};
    if (at_) caf_compat::send_shared(at_, what_);
  }
  /// Call before looking at the input: what is added after that rings again.
  void answer() { rung_.exchange(false, std::memory_order_acq_rel); }

private:
  std::atomic<bool> rung_{false};
  std::mutex mutex_;
  caf::actor at_;
  caf::message what_;
};

}  // namespace weir::actors
