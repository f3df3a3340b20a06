// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/runtime.hpp"

#include "weir/actors/pipeline_actor.hpp"
#include "weir/runtime/board.hpp"
#include "weir/runtime/dead_letter_buffer.hpp"

#include <algorithm>
#include <cstdio>
#include <thread>

namespace weir {

namespace {

class quiet_config final : public caf::actor_system_config {
public:
  explicit quiet_config(std::uint32_t workers) {
    const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
    set("caf.scheduler.max-threads", workers == 0 ? cores : workers);
    // Its default is without bound, and lets two busy actors starve all others for good.
    set("caf.scheduler.max-throughput", 5);
    set("caf.scheduler.policy", "sharing");
  }
};

void log_to_stderr(const std::string& line) { std::fprintf(stderr, "weir: %s\n", line.c_str()); }

}  // namespace

struct runtime::inside {
  inside(weir::graph g, runtime_options options, std::optional<dead_letter_buffer> letters)
      : config(options.workers),
        system(config),
        dead_letters(std::move(letters)),
        shown(std::make_shared<board>()),
        what{std::move(g),
             options.restarts,
             std::make_shared<system_clock>(),
             shown,
             options.log ? std::move(options.log) : log_to_stderr,
             options.log_late_every,
             std::make_shared<const service_map>(std::move(options.services))} {}

  quiet_config config;
  caf::actor_system system;
  std::optional<dead_letter_buffer> dead_letters;
  std::shared_ptr<board> shown;
  actors::supervision what;
  caf::actor supervisor;
};

result<runtime> runtime::start(pipeline p, runtime_options options) {
  std::optional<dead_letter_buffer> letters;
  if (!p.keeps_dead_letters()) {
    letters.emplace(options.kept_dead_letters);
    p.dead_letters_to(*letters);
  }
  auto built = p.build();
  if (!built) return built.error();
  const auto splits = built->find_splits({});
  if (!splits) return splits.error();
  actors::init_messages();
  try {
    auto in = std::make_unique<inside>(*std::move(built), std::move(options), std::move(letters));
    std::set<std::uint32_t> all;
    for (std::uint32_t i = 0; i < in->what.graph.plan().stages.size(); ++i) all.insert(i);
    auto hosts = actors::make_hosts(in->what, all, 0, *splits, {});
    // Detached: a restart looks for files or servers, which may take a while.
    in->supervisor =
        in->system.spawn<caf_compat::state_actor<actors::pipeline_actor>, caf::detached>(
            in->what, std::move(hosts), *splits);
    return runtime{std::move(in)};
  } catch (const exception& e) {
    return e.why();
  } catch (const std::exception& e) {
    return error{errc::stage_failed, std::string{"the pipeline cannot be started: "} + e.what()};
  }
}

runtime::runtime(std::unique_ptr<inside> in) : inside_(std::move(in)) {}
runtime::runtime(runtime&&) noexcept = default;

runtime& runtime::operator=(runtime&& other) noexcept {
  std::swap(inside_, other.inside_);
  return *this;
}

runtime::~runtime() {
  if (!inside_) return;
  abort();
  inside_->shown->wait();
  inside_->supervisor = nullptr;
}

void runtime::stop() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::stop);
}
void runtime::abort() {
  caf_compat::send_anonymous(inside_->supervisor, actors::pipeline_order::abort);
}

run_summary runtime::wait() {
  inside_->shown->wait();
  return inside_->shown->summary();
}

bool runtime::wait_for(duration d) { return inside_->shown->wait_for(d); }

const graph& runtime::running() const noexcept { return inside_->what.graph; }
std::vector<instance_status> runtime::status() const { return inside_->shown->current(); }
run_summary runtime::summary() const { return inside_->shown->summary(); }

std::vector<dead_letter> runtime::dead_letters() const {
  return inside_->dead_letters ? inside_->dead_letters->newest() : std::vector<dead_letter>{};
}

}  // namespace weir
