// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/messages.hpp"
#include "weir/core/clock.hpp"

#include <memory>
#include <vector>

namespace weir::actors {

/// One stage instance as an actor: a thin shell round its host. Woken by its doorbell, by timers
/// and by commands.
class stage_actor {
public:
  static inline const char* name = "weir.stage";

  stage_actor(caf::event_based_actor* self, std::shared_ptr<stage_host> host,
              std::shared_ptr<const clock> time)
      : self_(self), host_(std::move(host)), clock_(std::move(time)) {}
  ~stage_actor() { host_->bell().take_down(); }

  caf::behavior make_behavior();

private:
  void run();

  caf::event_based_actor* self_;
  std::shared_ptr<stage_host> host_;
  std::shared_ptr<const clock> clock_;
  std::vector<timestamp>
      timers_;  ///< When timers will come that are on their way, the earliest last.
};

}  // namespace weir::actors
