// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/stage_actor.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

/// Timers closer than this are put together: a source paced at a million events a second must not
/// wake a million times.
constexpr duration timer_resolution = std::chrono::microseconds{200};

}  // namespace

caf::behavior stage_actor::make_behavior() {
  host_->bell().hang(caf::actor{self_}, caf::make_message(wake_atom_v));
  host_->on_request([this](flow::request&& r) { return serve(std::move(r)); });
  return {
      [this](wake_atom) { run(); },
      [this](timer_atom) {
        timers_.pop_back();  // they come in the order of their times
        run();
      },
      [this](flow::completion& c) {
        host_->take(std::move(c));
        run();
      },
      [this](const flow::command& c) {
        host_->take(c);
        run();
      },
      [this](quit_atom) { self_->quit(); },
  };
}

result<void> stage_actor::serve(flow::request&& r) {
  const auto service = services_->find(r.target);
  if (service == services_->end() && !r.via)
    return error{errc::unsupported,
                 "there is no service '" + r.target + "'; give one in runtime_options::services"};
  try {
    const weir::service& serve = service == services_->end() ? *r.via : service->second;
    serve(r.payload, [id = r.id, to = caf::actor_cast<caf::actor_addr>(self_)](bytes b) {
      if (const auto stage = caf::actor_cast<caf::actor>(to))
        caf_compat::send_anonymous(stage, flow::completion{id, std::move(b)});
    });
    return {};
  } catch (const std::exception& e) {
    return error{errc::stage_failed, "the service '" + r.target + "' failed: " + e.what()};
  }
}

void stage_actor::run() {
  const timestamp wake_at = host_->run();
  if (wake_at == max_timestamp) return;
  const timestamp now = clock_->wall();
  const timestamp at = std::max(wake_at, saturating_add(now, timer_resolution));
  if (!timers_.empty() && at >= timers_.back()) return;
  timers_.push_back(at);
  caf_compat::send_after(self_, at - now, caf::actor{self_}, timer_atom_v);
}

}  // namespace weir::actors
