// SPDX-License-Identifier: BSD-3-Clause
// How a simulated run takes checkpoints, and what it loses of them.
#include "weir/test/simulator.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace weir::test {

void simulator::take_notice(std::uint32_t from, flow::notice&& n) {
  switch (n.what) {
    case flow::notice::kind::ended:
    case flow::notice::kind::suspended: {
      if (n.what == flow::notice::kind::ended)
        instances_[from].ended = true;
      else
        instances_[from].suspended = true;
      const auto over = [this](const auto& i) {
        return suspending_ ? !i.is_source || i.suspended : i.ended;
      };
      if (final_started_ || !std::all_of(instances_.begin(), instances_.end(), over)) return;
      final_started_ = true;
      coordinator_->ask(flow::checkpoint_kind::final, clock_.steady(), orders_);
      return carry_out();
    }
    case flow::notice::kind::saved_some:
      if (chance(options_.lost_acknowledgement)) return seen_.add(met::lost_acknowledgement);
      seen_.add(met::saved_some);
      coordinator_->on_saved_some(from, n.barrier, std::move(n.parts), orders_);
      return carry_out();
    case flow::notice::kind::acknowledged:
      if (chance(options_.lost_acknowledgement)) return seen_.add(met::lost_acknowledgement);
      if (!chance(options_.late_acknowledgement)) return acknowledge(from, std::move(n));
      seen_.add(met::late_acknowledgement);
      late_acknowledgements_.emplace_back(from, std::move(n));
      return;
    case flow::notice::kind::committed:
      coordinator_->on_committed(from, n.barrier, orders_);
      return carry_out();
  }
}

void simulator::acknowledge(std::uint32_t from, flow::notice&& n) {
  coordinator_->on_acknowledged(from, n.barrier, std::move(n.parts), n.parts_before,
                                clock_.steady(), orders_);
  carry_out();
}

void simulator::carry_out() {
  using kind = checkpoint_order::kind;
  for (checkpoint_order& o : std::exchange(orders_, {})) switch (o.what) {
      case kind::trigger:
        written_.clear();
        for (instance& i : instances_) {
          i.barriers_in = 0;
          if (i.is_source) i.commands.push_back({flow::command::kind::checkpoint, o.barrier, {}});
        }
        break;
      case kind::abandon:
        tell_all(flow::command::kind::abandon, o.barrier);
        dropping_ = o.barrier;
        begin_on_disk();
        break;
      case kind::write:
        std::move(o.parts.begin(), o.parts.end(), std::back_inserter(written_));
        break;
      case kind::store:
        std::move(o.parts.begin(), o.parts.end(), std::back_inserter(written_));
        storing_ = complete_checkpoint{o.barrier, std::exchange(written_, {})};
        begin_on_disk();
        break;
      case kind::commit:
        tell_all(flow::command::kind::commit, o.barrier);
        break;
      case kind::overdue:
        break;  // a slow disk is slow; it answers in the end
      case kind::done:
        finished_ = finished_ || o.barrier.kind == flow::checkpoint_kind::final;
        break;
    }
  if (!orders_.empty()) return carry_out();
  next_checkpoint_ = coordinator_->next_id();
}

void simulator::tell_all(flow::command::kind what, flow::barrier b) {
  for (instance& i : instances_) i.commands.push_back({what, b, {}});
}

void simulator::begin_on_disk() {
  stored_at_ = clock_.wall();
  if (!chance(options_.slow_store)) return;
  seen_.add(met::slow_store);
  stored_at_ += duration{static_cast<std::int64_t>(
      pick(static_cast<std::size_t>(options_.slowest_store.count()) + 1))};
}

/// Nothing is left of a checkpoint that was abandoned.
void simulator::drop() {
  coordinator_->on_dropped(*std::exchange(dropping_, std::nullopt), clock_.steady(), orders_);
  carry_out();
}

/// The disk has written a checkpoint, or has failed to.
void simulator::store() {
  complete_checkpoint written = *std::exchange(storing_, std::nullopt);
  const flow::barrier b = written.barrier;
  const bool durable = !chance(options_.failed_store);
  seen_.add(durable ? met::checkpoint : met::failed_store);
  if (durable) newest_ = std::move(written);
  coordinator_->on_stored(b, durable, clock_.steady(), orders_);
  // Without the last one nothing of it would be committed: a disk that works again is waited for.
  if (!durable && b.kind == flow::checkpoint_kind::final)
    coordinator_->ask(b.kind, clock_.steady(), orders_);
  carry_out();
}

void simulator::stop() {
  if (std::any_of(instances_.begin(), instances_.end(),
                  [](const instance& i) { return i.is_source && !i.ended; }))
    seen_.add(met::stop);
  stopped_ = true;
  tell_all(flow::command::kind::stop);
}

void simulator::suspend() {
  seen_.add(met::suspension);
  stopped_ = suspending_ = true;
  tell_all(flow::command::kind::suspend);
}

void simulator::crash() {
  seen_.add(met::crash);
  if (coordinator_->taking() && coordinator_->acknowledged() != 0)
    seen_.add(met::crash_while_acknowledging);
  if (aligning()) seen_.add(met::crash_in_alignment);
  if (saving()) seen_.add(met::crash_while_saving);
  if (coordinator_->committing()) seen_.add(met::crash_before_commit);
  dropping_.reset();
  if (storing_) {
    // What the disk had of it is whole, or is found to be torn.
    seen_.add(met::crash_in_store);
    if (chance(0.5)) newest_ = std::move(storing_);
    storing_.reset();
  }
  if (newest_) seen_.add(met::crash_with_checkpoint);
  for (wire& w : wires_) {
    for (flow::frame& f : w.frames)
      if (chance(options_.keep_old_frames)) w.old_frames.push_back(std::move(f));
    w.frames.clear();
    for (flow::grant& g : w.grants) g.returned.reset();
    if (!chance(options_.keep_old_frames)) w.grants.clear();
  }
  start(attempt_ + 1);
}

bool simulator::saving() const {
  return std::any_of(instances_.begin(), instances_.end(),
                     [](const instance& i) { return i.machine->saves(); });
}

bool simulator::aligning() const {
  return coordinator_->taking() &&
         std::any_of(instances_.begin(), instances_.end(), [](const instance& i) {
           return i.barriers_in != 0 && i.barriers_in != i.channels_in;
         });
}

}  // namespace weir::test
