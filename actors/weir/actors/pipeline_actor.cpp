// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/pipeline_actor.hpp"

#include "weir/actors/split_finder.hpp"
#include "weir/actors/stage_actor.hpp"
#include "weir/runtime/state_place.hpp"

#include <algorithm>
#include <string_view>

namespace weir::actors {

namespace {

/// State that a restart without a checkpoint keeps: where sources stand, and how far time has come,
/// so that what was emitted before is not emitted again. Everything else begins empty.
bool survives_restart(const snapshot_part& p) {
  return p.state == "@split" || p.state == "@lane" || p.state == "@watermark";
}

/// Runs a user's clean-up: what it throws must not keep the rest from being told of the end.
template <class F>
void close_quietly(F f) {
  try {
    f();
  } catch (...) {  // there is nobody left to tell
  }
}

}  // namespace

pipeline_actor::~pipeline_actor() {
  // Does nothing after an orderly end; else whoever waits would wait for ever.
  what_.shown->finish(error{errc::stage_failed, "the pipeline's supervisor ended unexpectedly"});
}

pipeline_actor::pipeline_actor(caf::event_based_actor* self, supervision what, hosts first,
                               split_list splits)
    : self_(self),
      what_(std::move(what)),
      first_(std::move(first)),
      keeper_(make_keeper()),
      memory_(what_.memory) {
  const std::vector<std::uint32_t> regions = what_.graph.plan().regions();
  for (std::uint32_t stage = 0; stage < regions.size(); ++stage) {
    const auto at =
        regions_
            .try_emplace(
                regions[stage],
                region{what_.first_attempt, restart_budget{what_.restarts}, {}, false, {}, {}})
            .first;
    at->second.stages.insert(stage);
  }
  for (const auto& [number, r] : regions_) note_splits(r.stages, splits);
}

caf::behavior pipeline_actor::make_behavior() {
  adopt(std::exchange(first_, {}));
  if (what_.replays) {
    stopping_ = pipeline_order::stop;
    what_.shown->set_stopped();
  }
  for (const auto& [number, r] : regions_) start_region(number);
  start_finders();
  keeper_.begin();
  watch_memory();
  if (what_.log_late_every > duration{0})
    self_->run_delayed(what_.log_late_every, [this] { log_late_events(); });
  return {
      [this](stage_report& r) { on_report(r); },
      [this](pipeline_order order) { on_order(order); },
      [this](const found_splits& found) { on_found(found); },
      [this](const store_outcome& outcome) { keeper_.on_stored(outcome); },
      [this](const abandon_order& done) { keeper_.on_dropped(done.barrier); },
      [this](checkpoint_atom, std::uint64_t number) {
        if (!finishing_) keeper_.on_time(number);
      },
  };
}

checkpoint_keeper pipeline_actor::make_keeper() {
  const plan& p = what_.graph.plan();
  std::size_t instances = 0;
  for (const stage_plan& s : p.stages) instances += s.parallelism;
  checkpoint_keeper::callbacks calls;
  calls.tell_sources = [this](const flow::command& c) { tell(c, true); };
  calls.tell_all = [this](const flow::command& c) { tell(c, false); };
  calls.highest_attempt = [this] {
    flow::attempt_id highest = 0;
    for (const auto& [number, r] : regions_) highest = std::max(highest, r.attempt);
    return highest;
  };
  calls.done = [this](flow::checkpoint_kind kind) {
    if (kind == flow::checkpoint_kind::final) finish(std::nullopt);
  };
  calls.stored = [this](flow::checkpoint_kind) {
    for (const std::uint32_t number : std::exchange(waiting_, {})) restart(number);
  };
  calls.failed = [this](error why) { finish_without_store(std::move(why)); };
  calls.overdue = [this](error why) {
    if (!waiting_.empty()) finish_without_store(std::move(why));
  };
  return {self_,
          {what_.timing, what_.checkpoints, manifest_of(p), what_.first_checkpoint, instances,
           what_.time, what_.shown},
          std::move(calls)};
}

void pipeline_actor::tell(const flow::command& what, bool sources_only) {
  for (auto& [instance, c] : children_)
    if (c.alive && (!sources_only || is_source(c))) caf_compat::send(self_, c.actor, what);
}

bool pipeline_actor::is_source(const child& c) const {
  return what_.graph.plan().stages[c.stage].kind == "source";
}

flow::command pipeline_actor::stop_command() const {
  const bool suspends = stopping_ != pipeline_order::drain && keeper_.keeps_any();
  return {suspends ? flow::command::kind::suspend : flow::command::kind::stop, {}, {}};
}

void pipeline_actor::adopt(hosts made) {
  const plan& p = what_.graph.plan();
  const std::vector<std::uint32_t> regions = p.regions();
  for (std::uint32_t stage = 0; stage < p.stages.size(); ++stage)
    for (std::uint32_t i = 0; i < p.stages[stage].parallelism; ++i) {
      const std::uint32_t number = instance_number(p, stage, i);
      const auto host = made.find(number);
      if (host == made.end()) continue;
      children_[number] = {stage, regions[stage], host->second, nullptr, false, false, false};
    }
}

template <class F>
void pipeline_actor::each_of_region(std::uint32_t number, F f) {
  for (auto& [instance, c] : children_)
    if (c.region == number) f(instance, c);
}

void pipeline_actor::start_region(std::uint32_t number) {
  const flow::attempt_id attempt = regions_.at(number).attempt;
  each_of_region(number, [&](std::uint32_t instance, child& c) {
    // A stage that waits for a disk must not keep others from a worker.
    const bool blocking =
        what_.graph.plan().stages[c.stage].blocking || c.host->machine().may_block();
    c.host->on_report([instance, attempt,
                       to = caf::actor_cast<caf::actor_addr>(self_)](flow::effects& e) {
      if (const auto supervisor = caf::actor_cast<caf::actor>(to))
        caf_compat::send_anonymous(supervisor, stage_report{instance, attempt, std::move(e.notices),
                                                            std::move(e.failures)});
    });
    c.actor = blocking ? self_->spawn<caf_compat::state_actor<stage_actor>, caf::detached>(
                             c.host, what_.time, what_.services)
                       : self_->spawn<caf_compat::state_actor<stage_actor>>(c.host, what_.time,
                                                                            what_.services);
    c.alive = true;
    c.ended = c.suspended = false;
    caf_compat::watch(self_, c.actor, [this, instance, attempt](const caf::error& why) {
      on_down(instance, attempt, why);
    });
  });
  each_of_region(number, [&](std::uint32_t, child& c) {
    // Told to stop before the start, a source reads nothing.
    if (what_.replays && is_source(c)) caf_compat::send(self_, c.actor, stop_command());
    caf_compat::send(self_, c.actor, flow::command{flow::command::kind::start, {}, {}});
    if (stopping_ && is_source(c)) caf_compat::send(self_, c.actor, stop_command());
    if (!stopping_ && memory_.holds() && is_source(c))
      caf_compat::send(self_, c.actor, flow::command{flow::command::kind::hold, {}, {}});
  });
}

void pipeline_actor::on_report(stage_report& r) {
  child& c = children_.at(r.instance);
  const region& of = regions_.at(c.region);
  if (r.attempt != of.attempt || of.restarting || finishing_) return;
  for (const flow::failure& f : r.failures) {
    const std::string cause =
        "stage '" + name_of(c) + "', operator '" + f.where + "': " + f.why.message;
    if (f.wants == flow::failure::remedy::stop) return finish(error{f.why.code, cause});
    return fail_region(c.region, cause);
  }
  for (flow::notice& n : r.notices) switch (n.what) {
      case flow::notice::kind::ended:
        c.ended = true;
        end_if_all_over();
        break;
      case flow::notice::kind::suspended:
        c.suspended = true;
        end_if_all_over();
        break;
      case flow::notice::kind::saved_some:
        keeper_.on_saved_some(r.instance, std::move(n));
        break;
      case flow::notice::kind::acknowledged:
        keeper_.on_acknowledged(r.instance, std::move(n));
        break;
      case flow::notice::kind::committed:
        keeper_.on_committed(r.instance, n.barrier);
        break;
    }
}

void pipeline_actor::on_down(std::uint32_t instance, flow::attempt_id attempt,
                             const caf::error& why) {
  child& c = children_.at(instance);
  region& r = regions_.at(c.region);
  if (attempt != r.attempt) return;
  c.alive = false;
  c.actor = nullptr;
  if (finishing_) return quit_when_alone();
  if (!r.restarting)
    fail_region(c.region, "stage '" + name_of(c) + "' ended unexpectedly: " + caf::to_string(why));
  bool all_down = true;
  each_of_region(c.region,
                 [&](std::uint32_t, const child& other) { all_down = all_down && !other.alive; });
  if (all_down) region_is_down(c.region);
}

void pipeline_actor::on_order(pipeline_order order) {
  if (finishing_) return;
  if (order == pipeline_order::abort)
    return finish(error{errc::aborted, "aborted before its work was done"});
  if (order == pipeline_order::savepoint) return keeper_.ask_savepoint();
  if (stopping_) return;
  stopping_ = order;
  what_.shown->set_stopped();
  tell(stop_command(), true);
}

void pipeline_actor::note_splits(const std::set<std::uint32_t>& stages, const split_list& splits) {
  for (const std::uint32_t stage : stages) {
    splits_[stage].clear();
    for (const split_position& at : splits.by_stage[stage]) splits_[stage].insert(at.id);
  }
}

void pipeline_actor::start_finders() {
  for (std::uint32_t stage = 0; stage < what_.graph.plan().stages.size(); ++stage) {
    std::shared_ptr<source_enumerator> of = what_.graph.make_enumerator(stage);
    if (!of || of->find_again_every() <= duration{0}) continue;
    finders_[stage] = self_->spawn<caf_compat::state_actor<split_finder>, caf::detached>(
        stage, std::move(of), caf::actor_cast<caf::actor_addr>(self_));
  }
}

namespace {

std::string mebibytes(std::uint64_t n) { return std::to_string(n >> 20) + " MiB"; }

}  // namespace

std::optional<std::uint64_t> pipeline_actor::look_at_memory() {
  const std::optional<std::uint64_t> used = resident_bytes();
  if (used) what_.shown->note_memory(*used, what_.memory.limit);
  return used;
}

void pipeline_actor::watch_memory() {
  // Without a limit it is only shown, and a pipeline that waits should not be woken for it often.
  const duration every = std::chrono::milliseconds{what_.memory.limit == 0 ? 250 : 50};
  constexpr std::uint32_t rounds_to_trim = 20;
  if (finishing_) return;
  if (const std::optional<std::uint64_t> used = look_at_memory()) {
    const auto over = [&] {
      return "the process uses " + mebibytes(*used) + " of memory, and its limit is " +
             mebibytes(what_.memory.limit) + " (--memory-limit)";
    };
    switch (memory_.note(*used)) {
      case memory_watch::verdict::go_on:
        break;
      case memory_watch::verdict::hold:
        what_.shown->count_memory_hold();
        what_.log(over() + "; sources wait until it is less");
        memory_rounds_ = 0;
        hold_sources(true);
        break;
      case memory_watch::verdict::release:
        what_.log("the process uses " + mebibytes(*used) + " of memory; sources go on");
        hold_sources(false);
        break;
      case memory_watch::verdict::fail:
        return finish(error{errc::stage_failed, over() + ": give it more, bound the state, or keep "
                                                         "it in RocksDB (--backend rocksdb)"});
    }
    // What was freed may still be with the allocator.
    if (memory_.holds() && memory_rounds_++ % rounds_to_trim == 0) return_free_memory();
  }
  self_->run_delayed(every, [this] { watch_memory(); });
}

void pipeline_actor::hold_sources(bool hold) {
  if (stopping_) return;
  const auto what = hold ? flow::command::kind::hold : flow::command::kind::release;
  tell({what, {}, {}}, true);
}

void pipeline_actor::log_late_events() {
  if (finishing_) return;
  for (const std::string& line : late_.lines(what_.shown->current())) what_.log(line);
  self_->run_delayed(what_.log_late_every, [this] { log_late_events(); });
}

/// Deals splits that are new to the instances in turn. A region that restarts finds them itself.
void pipeline_actor::on_found(const found_splits& found) {
  const stage_plan& stage = what_.graph.plan().stages[found.stage];
  if (!found.failure.empty()) {
    if (searches_failed_.insert(found.stage).second)
      what_.log("stage '" + stage.name +
                "': looking for further splits failed, and is repeated: " + found.failure);
    return;
  }
  searches_failed_.erase(found.stage);
  const std::uint32_t first = instance_number(what_.graph.plan(), found.stage, 0);
  if (finishing_ || stopping_ || regions_.at(children_.at(first).region).restarting) return;
  std::set<std::string>& known = splits_[found.stage];
  for (const split& s : found.splits) {
    const auto to = static_cast<std::uint32_t>(known.size() % stage.parallelism);
    if (!known.insert(s.id).second) continue;
    what_.log("stage '" + stage.name + "': reads '" + s.id + "', too");
    flow::command assign{flow::command::kind::assign, {}, {{s.id}}};
    caf_compat::send(self_, children_.at(first + to).actor, std::move(assign));
  }
}

void pipeline_actor::fail_region(std::uint32_t number, std::string cause) {
  region& r = regions_.at(number);
  if (r.restarting) return;
  r.restarting = true;
  r.cause = std::move(cause);
  last_asked_ = false;
  keeper_.pause();
  what_.log("failed: " + r.cause);
  each_of_region(number, [&](std::uint32_t, child& c) {
    c.ended = c.suspended = false;  // or the others' end would begin the last checkpoint
    if (c.alive) caf_compat::send(self_, c.actor, quit_atom_v);
  });
}

void pipeline_actor::region_is_down(std::uint32_t number) {
  region& r = regions_.at(number);
  if (keeper_.keeps_any()) return restart_later(number, "it goes on from the newest checkpoint", 0);
  const std::uint64_t lost = lost_events(r);
  r.kept = kept_state(r);
  restart_later(number,
                std::to_string(lost) + " events in flight were lost, and state begins empty", lost);
}

void pipeline_actor::restart_later(std::uint32_t number, const std::string& how,
                                   std::uint64_t lost) {
  region& r = regions_.at(number);
  const double dice = std::uniform_real_distribution<>{}(random_);
  const std::optional<duration> wait = r.budget.on_failure(what_.time->steady(), dice);
  if (!wait)
    return finish(error{errc::stage_failed, r.cause + " (restarted " +
                                                std::to_string(what_.restarts.restarts) +
                                                " times within the time allowed; giving up)"});
  what_.shown->count_restart(lost);
  what_.log("restarting as attempt " + std::to_string(r.attempt + 1) + " in " +
            std::to_string(wait->count() / 1000) + " ms; " + how);
  self_->run_delayed(*wait, [this, number] { restart_when_stored(number); });
}

/// What fails while an attempt is made, a commit to a database that is still away say, is tried
/// again as any other failure; what does not fit never will.
void pipeline_actor::restart_failed(std::uint32_t number, const error& why) {
  region& r = regions_.at(number);
  r.cause = "the restart failed: " + why.message;
  if (why.code == errc::incompatible || why.code == errc::invalid_argument ||
      why.code == errc::stopped)
    return finish(error{why.code, r.cause});
  what_.log("failed: " + r.cause);
  restart_later(number, "as before", 0);
}

/// A checkpoint on its way to the disk is complete once it is there: then it is the one to go on
/// from, though the region failed meanwhile.
void pipeline_actor::restart_when_stored(std::uint32_t number) {
  if (keeper_.overdue()) return finish_without_store(*keeper_.overdue());
  if (keeper_.storing())
    waiting_.insert(number);
  else
    restart(number);
}

void pipeline_actor::restart(std::uint32_t number) {
  if (finishing_) return;
  region& r = regions_.at(number);
  each_of_region(number, [](std::uint32_t, child& c) { c.host.reset(); });
  try {
    const beginning from = next_attempt(r);
    const split_list splits = what_.graph.find_splits(from.state, &r.stages).value();
    note_splits(r.stages, splits);
    adopt(make_hosts(what_, r.stages, splits, from));
  } catch (const exception& e) {
    return restart_failed(number, e.why());
  } catch (const std::exception& e) {
    return restart_failed(number, error{errc::stage_failed, e.what()});
  }
  r.kept.clear();
  r.restarting = false;
  start_region(number);
  const bool all_up = std::none_of(regions_.begin(), regions_.end(),
                                   [](const auto& other) { return other.second.restarting; });
  if (all_up) keeper_.resume();
}

beginning pipeline_actor::next_attempt(region& r) {
  ++r.attempt;
  if (!keeper_.keeps_any()) return {r.attempt, r.kept, std::nullopt};
  std::optional<checkpoint> newest = keeper_.newest().value();
  // An empty one says that the run began anew.
  if (!newest || newest->parts.empty()) return {r.attempt, {}, sink_start::fresh};
  if (!what_.backend) bring_into_memory(newest->parts);
  return {r.attempt, std::move(newest->parts), sink_start::restored, newest->manifest.id};
}

std::uint64_t pipeline_actor::lost_events(const region& r) {
  std::map<flow::channel_id, std::uint64_t> in_flight;
  std::uint64_t lost = 0;
  for (auto& [instance, c] : children_) {
    if (!r.stages.contains(c.stage) || !c.host) continue;
    const flow::stage& s = c.host->machine();
    for (const auto& [channel, n] : s.events_sent()) in_flight[channel] += n;
    for (const auto& [channel, n] : s.events_taken()) in_flight[channel] -= n;
    lost += s.events_held();
  }
  for (const auto& [channel, n] : in_flight) lost += n;
  return lost;
}

std::vector<snapshot_part> pipeline_actor::kept_state(const region& r) {
  std::vector<snapshot_part> kept;
  for (auto& [instance, c] : children_) {
    if (!r.stages.contains(c.stage) || !c.host) continue;
    std::vector<snapshot_part> parts;
    snapshot_writer to{parts};
    c.host->machine().read_state(to);
    std::copy_if(parts.begin(), parts.end(), std::back_inserter(kept), survives_restart);
  }
  return kept;
}

void pipeline_actor::end_if_all_over() {
  const bool suspends = stop_command().what == flow::command::kind::suspend;
  const auto over = [&](const auto& entry) {
    const child& c = entry.second;
    return stopping_ && suspends ? !is_source(c) || c.suspended : c.ended;
  };
  if (last_asked_ || !std::all_of(children_.begin(), children_.end(), over)) return;
  last_asked_ = true;
  keeper_.take_last(stopping_ == pipeline_order::stop_with_savepoint);
}

void pipeline_actor::finish_without_store(error why) {
  if (keeper_.overdue()) what_.shown->set_store_hangs();
  finish(std::move(why));
}

void pipeline_actor::finish(std::optional<error> failure) {
  if (std::exchange(finishing_, true)) return;
  failure_ = std::move(failure);
  look_at_memory();
  for (auto& [instance, c] : children_)
    if (c.alive) caf_compat::send(self_, c.actor, quit_atom_v);
  quit_when_alone();
}

void pipeline_actor::quit_when_alone() {
  for (auto& [stage, finder] : std::exchange(finders_, {}))
    caf_compat::send(self_, finder, quit_atom_v);
  keeper_.quit();
  for (const auto& [instance, c] : children_)
    if (c.alive) return;
  // Sources and sinks close before anybody is told that the run has ended.
  for (const auto& [number, c] : children_)
    if (c.host) close_quietly([&] { c.host->machine().close(); });
  close_quietly([&] { what_.graph.close_sources(); });
  children_.clear();
  what_.shown->finish(failure_);
  self_->quit();
}

std::string pipeline_actor::name_of(const child& c) const {
  return what_.graph.plan().stages[c.stage].name;
}

}  // namespace weir::actors
