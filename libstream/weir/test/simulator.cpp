// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/simulator.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::test {

simulator::simulator(graph g, simulation_options options, std::optional<complete_checkpoint> from)
    : graph_(std::move(g)),
      options_(std::move(options)),
      random_(options_.seed),
      clock_(options_.start),
      newest_(std::move(from)) {
  if (newest_) next_checkpoint_ = newest_->barrier.id + 1;
  for (const stage_plan& stage : graph_.plan().stages) counts_.push_back({stage.name});
  wires_.resize(graph_.channels().size());
  next_trigger_ = options_.checkpoint_every;
  start(0);
}

void simulator::start(flow::attempt_id attempt) {
  attempt_ = attempt;
  // What a crash has thrown back is there to be read once more.
  if (std::exchange(stopped_when_quiet_, false)) stopped_ = false;
  count_metrics(seen_);
  count_stages(counts_);
  instances_.clear();
  late_acknowledgements_.clear();
  final_started_ = false;
  const std::vector<snapshot_part> restored =
      newest_ ? newest_->parts : std::vector<snapshot_part>{};
  const split_list splits = graph_.find_splits(restored).value();
  const auto& stages = graph_.plan().stages;
  const std::uint64_t batch = graph_.options().batches.events;
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    for (std::uint32_t i = 0; i < stages[s].parallelism; ++i) {
      instance& made = instances_.emplace_back();
      made.stage = s;
      made.number = i;
      made.is_source = stages[s].kind == "source";
      made.metrics = std::make_shared<stage_metrics>();
      if (!make_machine(made, attempt, splits, restored)) return start(attempt + 1);
      made.commands.push_back({flow::command::kind::start, {}, {}});
      if (stopped_)
        made.commands.push_back(
            {suspending_ ? flow::command::kind::suspend : flow::command::kind::stop, {}, {}});
      if (newest_ && crashes_ < options_.max_crashes && chance(options_.restore_crash)) {
        ++crashes_;
        seen_.add(met::crash);
        seen_.add(met::crash_in_restore);
        return start(attempt + 1);
      }
      const std::uint64_t one_event = options_.outputs_of_one_event.value_or(0);
      made.may_hold =
          one_event + options_.streams_in_a_stage * (batch + one_event) + 1;  // a dead letter
    }
  coordinator_.emplace(checkpoint_timing{.timeout = options_.checkpoint_timeout}, instances_.size(),
                       next_checkpoint_);
  begin_searches(splits);
  for (const channel_plan& c : graph_.channels()) {
    const edge_plan& e = graph_.plan().edges[c.edge];
    wire& w = wires_[c.id];
    w.from = find(e.from, c.from_instance);
    w.to = find(e.to, c.to_instance);
    w.delivered = w.granted = 0;
    ++instances_[w.to].channels_in;
    instances_[w.from].may_hold += batch;
  }
}

/// False if it failed, a commit in the restore say, and a restart is left.
bool simulator::make_machine(instance& in, flow::attempt_id attempt, const split_list& splits,
                             const std::vector<snapshot_part>& restored) try {
  std::optional<duration> interval;
  if (options_.checkpoint_every != 0) interval = std::chrono::seconds{1};
  in.machine = graph_.make_stage(in.stage, in.number, attempt, splits, restored,
                                 {.time = &clock_,
                                  .metrics = in.metrics,
                                  .wake = [woken = in.woken] { *woken = true; },
                                  .start = newest_ ? sink_start::restored : sink_start::fresh,
                                  .budget = options_.step_budget,
                                  .checkpoint_interval = interval,
                                  .backend = options_.backend.get(),
                                  .snapshot_piece = 4});
  return true;
} catch (const std::exception&) {
  if (restarts_ >= options_.max_restarts) throw;
  ++restarts_;
  seen_.add(met::restart);
  return false;
}

void simulator::begin_searches(const split_list& splits) {
  searches_.clear();
  for (std::uint32_t s = 0; s < graph_.plan().stages.size(); ++s) {
    auto of = graph_.make_enumerator(s);
    if (!of || of->find_again_every() <= duration{0}) continue;
    split_search& search = searches_.emplace_back(split_search{s, std::move(of), {}});
    for (const split_position& at : splits.by_stage[s]) search.known.insert(at.id);
  }
}

/// Looks for further splits, and deals them out; false if there are none.
bool simulator::find_further(split_search& search) {
  bool found = false;
  const std::vector<split> all = search.of->discover().value();
  for (const split& s : all) {
    const auto to = static_cast<std::uint32_t>(search.known.size() %
                                               graph_.plan().stages[search.stage].parallelism);
    if (!search.known.insert(s.id).second) continue;
    found = true;
    seen_.add(met::further_split);
    instances_[find(search.stage, to)].commands.push_back(
        {flow::command::kind::assign, {}, {{s.id}}});
  }
  return found;
}

/// Nothing moves any more: a run that could find further splits for ever is stopped by its user.
bool simulator::go_on_searching() {
  if (searches_.empty() || stopped_) return false;
  bool found = false;
  for (split_search& s : searches_) found = find_further(s) || found;
  if (!found) {
    stop();
    stopped_when_quiet_ = true;
  }
  return true;
}

std::size_t simulator::find(std::uint32_t stage, std::uint32_t number) const {
  for (std::size_t i = 0; i < instances_.size(); ++i)
    if (instances_[i].stage == stage && instances_[i].number == number) return i;
  throw std::logic_error("no such instance");
}

flow::stage& simulator::stage(std::uint32_t stage, std::uint32_t number) {
  return *instances_[find(stage, number)].machine;
}

simulator::outcome simulator::run() {
  while (moves_ < options_.max_moves)
    if (const outcome o = move(); o != outcome::running) return o;
  return outcome::running;
}

simulator::outcome simulator::move() {
  if (!failure_.empty()) return outcome::failed;
  if (finished_) return outcome::finished;
  ++moves_;
  seen_.add(met::move);
  disturb();

  choices_.clear();
  held_back_.clear();
  for (std::size_t w = 0; w < wires_.size(); ++w) {
    if (!wires_[w].frames.empty()) choices_.push_back({choice::frame, w});
    if (!wires_[w].old_frames.empty()) choices_.push_back({choice::old_frame, w});
    if (!wires_[w].grants.empty()) choices_.push_back({choice::grant, w});
  }
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    instance& in = instances_[i];
    if (std::exchange(*in.woken, false)) in.may_step = true;
    if (in.wakes_again && chance(0.1)) {
      in.wakes_again = false;
      in.may_step = true;
      seen_.add(met::repeated_wake);
    }
    collect_answers(in);
    if (!in.commands.empty()) choices_.push_back({choice::command, i});
    if (!in.answers.empty()) choices_.push_back({choice::answer, i});
    if (!in.may_step) continue;
    const bool slow =
        std::count(options_.slow.begin(), options_.slow.end(), in.stage) != 0 && !chance(0.01);
    (slow || options_.stalled == in.stage ? held_back_ : choices_).push_back({choice::step, i});
  }
  if ((storing_ || dropping_) && stored_at_ <= clock_.wall())
    choices_.push_back({choice::store, 0});
  // One that is late comes when little else moves.
  if (!late_acknowledgements_.empty() && (choices_.size() < 3 || chance(0.02)))
    choices_.push_back({choice::acknowledgement, pick(late_acknowledgements_.size())});
  if (choices_.empty()) choices_.swap(held_back_);
  if (choices_.empty())
    return advance_time() || go_on_searching() ? outcome::running : outcome::deadlock;
  make(choices_[pick(choices_.size())]);
  if (std::exchange(restart_wanted_, false)) crash();
  if (!failure_.empty()) return outcome::failed;
  return finished_ ? outcome::finished : outcome::running;
}

/// Crashes, stops, begins or gives up a checkpoint, as the options say.
void simulator::disturb() {
  if (options_.stop_at == moves_) options_.stop_suspends ? suspend() : stop();
  if (!stopped_)
    for (split_search& s : searches_)
      if (chance(0.01)) find_further(s);
  if (crashes_ < options_.max_crashes && crashes_now()) {
    ++crashes_;
    crash();
  }
  if (options_.checkpoint_every == 0 || final_started_) return;
  const steady_time now = clock_.steady();
  if (coordinator_->taking() && chance(options_.abandon)) {
    seen_.add(met::abandoned_checkpoint);
    coordinator_->give_up(now, orders_);
    coordinator_->ask(flow::checkpoint_kind::checkpoint, now, orders_);
    return carry_out();
  }
  // Nothing has happened since the last one: let time move on.
  if (coordinator_->taking() || storing_ || coordinator_->committing() || moves_ < next_trigger_ ||
      !std::exchange(anything_new_, false))
    return;
  next_trigger_ = moves_ + options_.checkpoint_every;
  coordinator_->ask(flow::checkpoint_kind::checkpoint, now, orders_);
  carry_out();
}

bool simulator::crashes_now() {
  return chance(options_.crash) ||
         (options_.alignment_crash > 0 && aligning() && chance(options_.alignment_crash)) ||
         (options_.saving_crash > 0 && saving() && chance(options_.saving_crash)) ||
         (storing_ && chance(options_.store_crash)) ||
         (coordinator_->committing() && chance(options_.commit_crash));
}

void simulator::make(choice c) {
  switch (c.what) {
    case choice::frame: {
      wire& w = wires_[c.at];
      flow::frame f = std::move(w.frames.front());
      w.frames.pop_front();
      ++w.delivered;
      if (f.kind == flow::frame_kind::barrier && f.barrier == coordinator_->taking())
        ++instances_[w.to].barriers_in;
      return deliver(instances_[w.to], std::move(f));
    }
    case choice::old_frame: {
      wire& w = wires_[c.at];
      flow::frame f = std::move(w.old_frames.front());
      w.old_frames.pop_front();
      return deliver(instances_[w.to], std::move(f));
    }
    case choice::grant: {
      // Grants are absolute: any order is legal, and so is a repeat.
      wire& w = wires_[c.at];
      const std::size_t i = pick(w.grants.size());
      if (i != 0) seen_.add(met::overtaken_grant);
      flow::grant g = w.grants[i];
      w.grants[i].returned.reset();
      if (chance(options_.repeat_grants))
        seen_.add(met::repeated_grant);
      else
        w.grants.erase(w.grants.begin() + static_cast<std::ptrdiff_t>(i));
      return deliver(instances_[w.from], std::move(g));
    }
    case choice::command: {
      instance& in = instances_[c.at];
      const flow::command order = in.commands.front();
      in.commands.pop_front();
      return deliver(in, order);
    }
    case choice::answer: {
      instance& in = instances_[c.at];
      std::swap(in.answers[pick(in.answers.size())], in.answers.back());
      flow::completion answer = std::move(in.answers.back());
      in.answers.pop_back();
      return deliver(in, std::move(answer));
    }
    case choice::step:
      return step(instances_[c.at]);
    case choice::store:
      return storing_ ? store() : drop();
    case choice::acknowledgement: {
      auto [from, n] = std::move(late_acknowledgements_[c.at]);
      late_acknowledgements_.erase(late_acknowledgements_.begin() +
                                   static_cast<std::ptrdiff_t>(c.at));
      return acknowledge(from, std::move(n));
    }
  }
}

void simulator::deliver(instance& at, flow::message m) {
  at.machine->take(std::move(m), effects_);
  at.may_step = true;
  take_effects(at);
}

void simulator::step(instance& at) {
  const flow::verdict v = at.machine->step(effects_);
  at.may_step = v == flow::verdict::more;
  at.wake_at = effects_.wake_at;
  seen_.add(met::step);
  if (v == flow::verdict::blocked) seen_.add(met::blocked_step);
  if (v == flow::verdict::more) seen_.add(met::unfinished_step);
  if (at.machine->owes_firings()) seen_.add(met::cut_firings);
  const std::uint64_t held = at.machine->events_held();
  if (held > graph_.options().batches.events) seen_.add(met::held_spill);
  if (options_.outputs_of_one_event && held > at.may_hold)
    broken("stage '" + at.machine->name() + "' holds " + std::to_string(held) +
           " events, more than its bound of " + std::to_string(at.may_hold));
  take_effects(at);
}

void simulator::send(flow::frame&& f) {
  wire& w = wires_[f.channel];
  const std::string where = "channel " + std::to_string(f.channel) + ": ";
  if (f.sequence >= w.granted) broken(where + "a frame was sent without credit");
  if (f.body && f.body->size() > w.max_events) broken(where + "a frame is larger than was granted");
  if (f.body && f.body->size() == 0) broken(where + "an empty data frame");
  anything_new_ = anything_new_ || f.kind == flow::frame_kind::data;
  w.frames.push_back(std::move(f));
  most_in_channel_ = std::max(most_in_channel_, w.frames.size());
}

void simulator::send(flow::grant&& g) {
  wire& w = wires_[g.channel];
  if (g.up_to > w.delivered + graph_.options().credits.frames)
    broken("channel " + std::to_string(g.channel) + ": more credit was given than the window");
  if (g.max_events < graph_.options().batches.events) seen_.add(met::small_grant);
  w.granted = std::max(w.granted, g.up_to);
  w.max_events = std::max(w.max_events, g.max_events);
  w.grants.push_back(std::move(g));
}

void simulator::take_effects(instance& at) {
  for (flow::frame& f : effects_.frames) send(std::move(f));
  for (flow::grant& g : effects_.grants) send(std::move(g));
  for (const flow::request& r : effects_.requests) serve(at, r);
  std::vector<flow::notice> notices = std::exchange(effects_.notices, {});
  for (const flow::failure& f : effects_.failures) {
    if (f.wants == flow::failure::remedy::restart && restarts_ < options_.max_restarts) {
      ++restarts_;
      restart_wanted_ = true;
      seen_.add(met::restart);
    } else {
      broken(f.where + ": " + f.why.message);
    }
  }
  effects_.clear();
  const auto number = static_cast<std::uint32_t>(&at - instances_.data());
  for (flow::notice& n : notices) take_notice(number, std::move(n));
}

void simulator::serve(instance& at, const flow::request& r) {
  const auto service = options_.services.find(r.target);
  if (service != options_.services.end())
    at.answered->push_back({r.id, service->second(r.payload)});
  else if (r.via)
    (*r.via)(r.payload, [to = at.answered, id = r.id](bytes answer) {
      to->push_back({id, std::move(answer)});
    });
  else
    broken("stage '" + at.machine->name() + "': there is no service '" + r.target + "'");
}

/// Draws when the answers that services gave since arrive, and takes those whose time has come.
void simulator::collect_answers(instance& in) {
  for (flow::completion& c : *in.answered) {
    const auto most = static_cast<std::uint64_t>(options_.slowest_answer.count());
    const duration after{most == 0 ? 0 : static_cast<std::int64_t>(random_() % (most + 1))};
    in.answers_to_come.emplace(clock_.wall() + after, std::move(c));
  }
  in.answered->clear();
  while (!in.answers_to_come.empty() && in.answers_to_come.begin()->first <= clock_.wall())
    in.answers.push_back(
        std::move(in.answers_to_come.extract(in.answers_to_come.begin()).mapped()));
}

bool simulator::advance_time() {
  timestamp next = max_timestamp;
  for (const instance& i : instances_) {
    next = std::min(next, i.wake_at);
    if (!i.answers_to_come.empty()) next = std::min(next, i.answers_to_come.begin()->first);
  }
  const steady_time due = coordinator_->wakes_at();
  if (due != steady_time::max())
    next = std::min(
        next, saturating_add(clock_.wall(), std::chrono::ceil<duration>(due - clock_.steady())));
  if (storing_ || dropping_) next = std::min(next, stored_at_);
  if (next == max_timestamp) return false;
  seen_.add(met::time_advance);
  anything_new_ = true;
  clock_.advance(std::max(duration{0}, next - clock_.wall()));
  for (instance& i : instances_)
    if (i.wake_at <= clock_.wall()) wake(i);
  coordinator_->tick(clock_.steady(), orders_);
  carry_out();
  return true;
}

/// A timer is due. It may come late, so that others overtake it, or twice.
void simulator::wake(instance& in) {
  if (chance(options_.late_wake)) {
    in.wake_at = clock_.wall() + duration{1 + static_cast<std::int64_t>(pick(5'000))};
    return seen_.add(met::late_wake);
  }
  in.may_step = true;
  in.wake_at = max_timestamp;
  in.wakes_again = chance(options_.repeated_wake);
}

}  // namespace weir::test
