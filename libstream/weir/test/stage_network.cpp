// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/stage_network.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::test {

network_layout::network_layout(graph g, std::vector<bool> played) : graph_(std::move(g)) {
  const auto& stages = graph_.plan().stages;
  std::vector<std::uint32_t> first(stages.size(), nobody);
  for (std::uint32_t s = 0; s < stages.size(); ++s) {
    if (played[s]) continue;
    first[s] = static_cast<std::uint32_t>(members_.size());
    for (std::uint32_t i = 0; i < stages[s].parallelism; ++i) members_.push_back({s, i});
  }
  for (const channel_plan& c : graph_.channels()) {
    const edge_plan& e = graph_.plan().edges[c.edge];
    ends& made = channels_.emplace_back();
    made.from_stage = e.from;
    made.to_stage = e.to;
    if (first[e.from] != nobody) made.from = first[e.from] + c.from_instance;
    if (first[e.to] != nobody) made.to = first[e.to] + c.to_instance;
  }
}

std::vector<flow::channel_id> network_layout::channels_from(std::uint32_t stage) const {
  std::vector<flow::channel_id> all;
  for (std::size_t c = 0; c < channels_.size(); ++c)
    if (channels_[c].from_stage == stage && channels_[c].to != nobody)
      all.push_back(static_cast<flow::channel_id>(c));
  return all;
}

stage_network::stage_network(std::shared_ptr<const network_layout> layout, const settings& how)
    : layout_(std::move(layout)),
      attempt_(how.attempt),
      clock_(std::make_unique<manual_clock>(how.start)),
      lines_(layout_->channels().size()),
      hold_requests_(how.hold_requests) {
  const graph& g = layout_->of();
  split_list none;
  none.by_stage.resize(g.plan().stages.size());
  const auto begin = how.restored.empty() ? sink_start::fresh : sink_start::restored;
  instances_.reserve(layout_->members().size());
  for (const network_layout::member& m : layout_->members()) {
    instance& made = instances_.emplace_back();
    made.metrics = std::make_shared<stage_metrics>();
    made.machine = g.make_stage(m.stage, m.number, attempt_, none, how.restored,
                                {.time = clock_.get(),
                                 .metrics = made.metrics,
                                 .wake = [] {},
                                 .start = begin,
                                 .budget = how.step_budget,
                                 .backend = how.backend.get()});
  }
  tell_all(flow::command::kind::start);
}

void stage_network::tell_all(flow::command::kind what, flow::barrier b) {
  for (instance& i : instances_) {
    i.machine->take(flow::command{what, b}, effects_);
    i.may_step = true;
  }
  deliver();
}

void stage_network::send(flow::channel_id on, flow::frame_kind kind, flow::progress after,
                         flow::body_ptr body, flow::barrier barrier) {
  line& l = lines_[on];
  l.progress = after;
  l.ended = l.ended || kind == flow::frame_kind::end;
  flow::frame f{on,    attempt_, l.next + l.waiting.size(), kind,
                after, barrier,  clock_->steady(),          std::move(body)};
  if (l.next >= l.granted) {
    l.waiting.push_back(std::move(f));
    return;
  }
  ++l.next;
  deliver(std::move(f));
  deliver();
}

void stage_network::grant(flow::channel_id on, std::uint64_t frames, std::uint32_t max_events) {
  line& l = lines_[on];
  l.granted += frames;
  instance& to = instances_[layout_->channels()[on].from];
  to.machine->take(flow::grant{on, attempt_, l.granted, max_events, {}, nullptr}, effects_);
  to.may_step = true;
  deliver();
}

void stage_network::work() {
  constexpr std::uint64_t far_too_many = 10'000'000;
  std::uint64_t steps = 0;
  for (bool moved = true; moved && failure_.empty();) {
    moved = false;
    for (std::size_t i = 0; i < instances_.size(); ++i)
      while (instances_[i].may_step && failure_.empty()) {
        step(i);
        moved = true;
        if (++steps == far_too_many)
          failure_ = "the stages do not come to rest: a timer that sets itself again, at once?";
      }
  }
}

void stage_network::step(std::size_t member) {
  instance& at = instances_[member];
  const flow::verdict v = at.machine->step(effects_);
  at.may_step = v == flow::verdict::more;
  at.blocked = v == flow::verdict::blocked;
  at.wake_at = effects_.wake_at;
  serve(member);
  deliver();
}

/// Has the requests that a member just made answered, or keeps them for the test.
void stage_network::serve(std::size_t member) {
  std::vector<flow::completion> answered;
  for (flow::request& r : effects_.requests)
    if (hold_requests_ || !r.via)
      requests_.push_back({member, std::move(r)});
    else
      (*r.via)(r.payload, [&](bytes answer) { answered.push_back({r.id, std::move(answer)}); });
  effects_.requests.clear();
  for (flow::completion& c : answered) {
    instances_[member].machine->take(std::move(c), effects_);
    instances_[member].may_step = true;
  }
}

void stage_network::answer(std::size_t i, bytes payload) {
  const held_request of = std::move(requests_.at(i));
  requests_.erase(requests_.begin() + static_cast<std::ptrdiff_t>(i));
  instances_[of.member].machine->take(flow::completion{of.what.id, std::move(payload)}, effects_);
  instances_[of.member].may_step = true;
  deliver();
  work();
}

void stage_network::deliver() {
  while (!effects_.frames.empty() || !effects_.grants.empty() || !effects_.notices.empty() ||
         !effects_.failures.empty()) {
    std::swap(effects_, delivering_);
    effects_.next_request = delivering_.next_request;  // no id is used twice
    note(delivering_);
    for (flow::frame& f : delivering_.frames) deliver(std::move(f));
    for (flow::grant& g : delivering_.grants) deliver(std::move(g));
    delivering_.clear();
  }
  effects_.clear();
}

void stage_network::note(flow::effects& e) {
  for (flow::notice& n : e.notices) {
    if (n.barrier.id != checkpoint_) continue;
    if (n.what == flow::notice::kind::acknowledged) ++acknowledged_;
    std::move(n.parts.begin(), n.parts.end(), std::back_inserter(parts_));
  }
  for (const flow::failure& f : e.failures)
    if (failure_.empty()) failure_ = f.where + ": " + f.why.message;
}

void stage_network::deliver(flow::frame&& f) {
  const std::uint32_t to = layout_->channels()[f.channel].to;
  if (to != network_layout::nobody) {
    instances_[to].machine->take(std::move(f), effects_);
    instances_[to].may_step = true;
    return;
  }
  line& l = lines_[f.channel];
  l.progress = f.progress;
  l.ended = l.ended || f.kind == flow::frame_kind::end;
  l.waiting.push_back(std::move(f));
}

void stage_network::deliver(flow::grant&& g) {
  const std::uint32_t to = layout_->channels()[g.channel].from;
  if (to != network_layout::nobody) {
    instances_[to].machine->take(std::move(g), effects_);
    instances_[to].may_step = true;
    return;
  }
  line& l = lines_[g.channel];
  l.granted = std::max(l.granted, g.up_to);
  while (!l.waiting.empty() && l.next < l.granted) {
    ++l.next;
    flow::frame f = std::move(l.waiting.front());
    l.waiting.pop_front();
    deliver(std::move(f));
  }
}

void stage_network::advance_to(timestamp t) {
  while (failure_.empty()) {
    timestamp next = max_timestamp;
    for (const instance& i : instances_) next = std::min(next, i.wake_at);
    if (next > t || next == max_timestamp) break;
    clock_->advance(std::max(duration{0}, next - clock_->wall()));
    for (instance& i : instances_)
      if (i.wake_at <= clock_->wall()) {
        i.may_step = true;
        i.wake_at = max_timestamp;
      }
    work();
  }
  clock_->advance(std::max(duration{0}, t - clock_->wall()));
}

void stage_network::jump_to(timestamp t) {
  clock_->advance(std::max(duration{0}, t - clock_->wall()));
  advance_to(t);
}

std::vector<snapshot_part> stage_network::snapshot() {
  require_alive();
  parts_.clear();
  acknowledged_ = 0;
  const flow::barrier b{++checkpoint_, flow::checkpoint_kind::checkpoint};
  for (std::size_t c = 0; c < lines_.size(); ++c)
    if (layout_->channels()[c].from == network_layout::nobody &&
        layout_->channels()[c].to != network_layout::nobody)
      send(static_cast<flow::channel_id>(c), flow::frame_kind::barrier, lines_[c].progress, nullptr,
           b);
  work();
  require_alive();
  if (acknowledged_ != instances_.size())
    throw exception(
        {errc::unsupported,
         "snapshot(): a stage waits for credit and can't take its part; grant() first\n" +
             describe()});
  tell_all(flow::command::kind::commit, b);
  return std::exchange(parts_, {});
}

std::vector<flow::frame> stage_network::take(std::uint32_t stage) {
  std::vector<flow::frame> all;
  for (std::size_t c = 0; c < lines_.size(); ++c) {
    if (layout_->channels()[c].to_stage != stage) continue;
    auto& from = lines_[c].waiting;
    all.insert(all.end(), std::make_move_iterator(from.begin()),
               std::make_move_iterator(from.end()));
    from.clear();
  }
  return all;
}

void stage_network::require_alive() const {
  if (!failure_.empty())
    throw exception({errc::stage_failed, "the operators under test have failed: " + failure_});
}

bool stage_network::blocked() const noexcept {
  return std::any_of(instances_.begin(), instances_.end(),
                     [](const instance& i) { return i.blocked || i.machine->waits_for_credit(); });
}

std::string stage_network::describe() const {
  std::string text;
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    const auto& [stage, number] = layout_->members()[i];
    const flow::stage& s = *instances_[i].machine;
    text += "  " + layout_->of().plan().stages[stage].name + "[" + std::to_string(number) +
            "]: " + std::to_string(s.frames_queued()) + " frames queued" +
            (s.waits_for_credit() ? ", waits for credit" : "") + (s.ended() ? ", ended" : "") +
            (s.failed() ? ", failed" : "") + "\n";
  }
  return text;
}

std::uint64_t stage_network::count(counter stage_metrics::*which) const {
  std::uint64_t n = 0;
  for (const instance& i : instances_) n += ((*i.metrics).*which).get();
  return n;
}

const stage_metrics& stage_network::metrics(std::uint32_t stage, std::uint32_t number) const {
  for (std::size_t i = 0; i < instances_.size(); ++i)
    if (layout_->members()[i].stage == stage && layout_->members()[i].number == number)
      return *instances_[i].metrics;
  throw exception({errc::invalid_argument, "metrics(): the test plays that stage itself"});
}

}  // namespace weir::test
