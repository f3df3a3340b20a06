// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/scheduling.hpp"

#if CAF_MAJOR_VERSION < 1
#include <caf/policy/work_sharing.hpp>
#include <caf/scheduler/coordinator.hpp>

#include <mutex>
#endif

namespace weir::actors {

namespace {

#if CAF_MAJOR_VERSION < 1

/// CAF's work sharing, but for an actor that goes on with its next message: its thread looks into
/// the queue right after, so no other has to be woken for it. A source that is never held up does
/// so at each step: over 20 million events of Nexmark's q7 threads switched 230 times in place of
/// 2,440.
class quiet_sharing : public caf::policy::work_sharing {
public:
  template <class Worker>
  void resume_job_later(Worker* self, caf::resumable* job) {
    auto& shared = d(self->parent());
    const std::lock_guard guard{shared.lock};
    shared.queue.push_back(job);
  }
};

void choose(caf::actor_system_config& config) {
  config.module_factories.push_back([](caf::actor_system& of) -> caf::actor_system::module* {
    return new caf::scheduler::coordinator<quiet_sharing>{of};
  });
}

#else

void choose(caf::actor_system_config& config) { config.set("caf.scheduler.policy", "sharing"); }

#endif

}  // namespace

void use_shared_queue(caf::actor_system_config& config, std::uint32_t threads) {
  config.set("caf.scheduler.max-threads", threads);
  // Its default is without bound, and lets two busy actors starve all others for good. A message
  // is a step, of about a millisecond: where threads are short the others wait for all of a turn.
  config.set("caf.scheduler.max-throughput", 1);
  choose(config);
}

}  // namespace weir::actors
