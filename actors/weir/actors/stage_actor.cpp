// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/stage_actor.hpp"

#include <algorithm>

namespace weir::actors {

namespace {

/// Timers closer than this are put together: a source paced at a million events a second must not wake a million times.
constexpr duration timer_resolution = std::chrono::microseconds{200};

}  // namespace

caf::behavior stage_actor::make_behavior() {
  host_->bell().hang(caf::actor{self_}, caf::make_message(wake_atom_v));
  return {
      [this](wake_atom) { run(); },
      [this](timer_atom) {
        timer_at_ = max_timestamp;
        run();
      },
      [this](const flow::command& c) {
        host_->take(c);
        run();
      },
      [this](quit_atom) { self_->quit(); },
  };
}

void stage_actor::run() {
  const timestamp wake_at = host_->run();
  if (wake_at >= timer_at_) return;
  const timestamp now = clock_->wall();
  const duration delay = std::max(wake_at - now, timer_resolution);
  timer_at_ = saturating_add(now, delay);
  caf_compat::send_after(self_, delay, caf::actor{self_}, timer_atom_v);
}

}  // namespace weir::actors
