// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/messages.hpp"
#include "weir/core/clock.hpp"
#include "weir/runtime/service.hpp"

#include <memory>
#include <vector>

namespace weir::actors {

/// One stage instance as an actor: a thin shell round its host. Woken by its doorbell, by timers
/// and by commands.
class stage_actor {
public:
  static inline const char* name = "weir.stage";

  stage_actor(caf::event_based_actor* self, std::shared_ptr<stage_host> host,
              std::shared_ptr<const clock> time, std::shared_ptr<const service_map> services)
      : self_(self),
        host_(std::move(host)),
        clock_(std::move(time)),
        services_(std::move(services)) {}
  ~stage_actor() { host_->bell().take_down(); }

  caf::behavior make_behavior();

private:
  void run();
  /// Hands a request to the service that it is for.
  result<void> serve(flow::request&& r);

  caf::event_based_actor* self_;
  std::shared_ptr<stage_host> host_;
  std::shared_ptr<const clock> clock_;
  std::shared_ptr<const service_map> services_;
  std::vector<timestamp>
      timers_;  ///< When timers will come that are on their way, the earliest last.
};

}  // namespace weir::actors
