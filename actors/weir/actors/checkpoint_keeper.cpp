// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/checkpoint_keeper.hpp"

#include <algorithm>
#include <utility>

namespace weir::actors {

checkpoint_keeper::checkpoint_keeper(caf::event_based_actor* self, setting how, callbacks calls)
    : self_(self),
      how_(std::move(how)),
      calls_(std::move(calls)),
      coordinator_(keeps_any() ? how_.timing : checkpoint_timing{.timeout = duration{0}},
                   how_.instances, how_.first_id, keeps_any()) {}

void checkpoint_keeper::begin() {
  if (keeps_any())
    writer_ = self_->spawn<caf_compat::state_actor<checkpoint_writer>, caf::detached>(
        how_.where, caf::actor_cast<caf::actor_addr>(self_));
  coordinator_.begin(how_.time->steady());
  wake_later();
}

void checkpoint_keeper::take_last(bool as_savepoint) {
  last_is_savepoint_ = last_is_savepoint_ || as_savepoint;
  coordinator_.ask(flow::checkpoint_kind::final, how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::ask_savepoint() {
  if (!keeps_any()) return how_.where.log("no savepoint: the run was started without checkpoints");
  // One behind the last would hold nothing else: that one is kept, if it isn't on its way yet.
  if (coordinator_.last_is_due()) {
    const bool in_time = !coordinator_.storing() && !coordinator_.committing();
    last_is_savepoint_ = last_is_savepoint_ || in_time;
    if (!in_time) how_.where.log("no savepoint: the run is ending with its last checkpoint");
    return;
  }
  coordinator_.ask(flow::checkpoint_kind::savepoint, how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::on_saved_some(std::uint32_t instance, flow::notice&& n) {
  coordinator_.on_saved_some(instance, n.barrier, std::move(n.parts), orders_);
  carry_out();
}

void checkpoint_keeper::on_acknowledged(std::uint32_t instance, flow::notice&& n) {
  if (n.barrier == coordinator_.taking()) alignment_ = std::max(alignment_, n.aligned_for);
  coordinator_.on_acknowledged(instance, n.barrier, std::move(n.parts), n.parts_before,
                               how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::on_committed(std::uint32_t instance, flow::barrier b) {
  coordinator_.on_committed(instance, b, orders_);
  carry_out();
}

void checkpoint_keeper::on_stored(const store_outcome& outcome) {
  overdue_.reset();
  const bool durable = !outcome.failure;
  const steady_time now = how_.time->steady();
  const auto took = now - coordinator_.began();
  const std::string which = "checkpoint " + std::to_string(outcome.barrier.id);
  if (durable) {
    how_.shown->note_checkpoint({outcome.barrier.id, outcome.size, took, alignment_},
                                outcome.savepoint);
  } else {
    how_.shown->count_failed_checkpoint();
    how_.where.log(which + " can't be stored: " + *outcome.failure);
    if (outcome.barrier.kind == flow::checkpoint_kind::final)
      return calls_.failed({errc::io_failed, "the last " + which +
                                                 " can't be stored, so nothing "
                                                 "behind the one before it is committed: " +
                                                 *outcome.failure});
  }
  coordinator_.on_stored(outcome.barrier, durable, now, orders_);
  carry_out();
  calls_.stored(outcome.barrier.kind);
}

void checkpoint_keeper::on_dropped(flow::barrier b) {
  if (b == overdue_of_) overdue_.reset();
  coordinator_.on_dropped(b, how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::on_time(std::uint64_t number) {
  if (number != wake_number_) return;
  wakes_at_ = steady_time::max();
  const std::uint64_t failures = coordinator_.failures();
  coordinator_.tick(how_.time->steady(), orders_);
  if (coordinator_.failures() != failures) {
    how_.shown->count_failed_checkpoint();
    how_.where.log("a checkpoint took longer than its timeout and was given up");
  }
  carry_out();
}

void checkpoint_keeper::pause() {
  coordinator_.pause();
  if (coordinator_.taking()) how_.shown->count_failed_checkpoint();
  coordinator_.give_up(how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::resume() {
  coordinator_.resume(how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::quit() {
  if (writer_ && coordinator_.taking())
    caf_compat::send_urgent(self_, writer_, abandon_order{*coordinator_.taking()});
  if (writer_) caf_compat::send(self_, writer_, quit_atom_v);
  writer_ = nullptr;
}

result<std::optional<checkpoint>> checkpoint_keeper::newest() const {
  return take_newest(*how_.where.store, how_.where.log);
}

void checkpoint_keeper::carry_out() {
  using kind = checkpoint_order::kind;
  using command = flow::command;
  checkpoint_coordinator::orders now = std::exchange(orders_, {});
  for (checkpoint_order& o : now) switch (o.what) {
      case kind::trigger:
        taken_at_ = how_.time->wall();
        alignment_ = {};
        calls_.tell_sources(command{command::kind::checkpoint, o.barrier, {}});
        break;
      case kind::abandon:
        if (writer_)
          caf_compat::send_urgent(self_, writer_, abandon_order{o.barrier});
        else
          coordinator_.on_dropped(o.barrier, how_.time->steady(), orders_);
        calls_.tell_all(command{command::kind::abandon, o.barrier, {}});
        break;
      case kind::write:
        if (writer_) caf_compat::send(self_, writer_, write_order{o.barrier, std::move(o.parts)});
        break;
      case kind::store:
        store(o);
        break;
      case kind::commit:
        calls_.tell_all(command{command::kind::commit, o.barrier, {}});
        break;
      case kind::overdue:
        hang(o.barrier);
        break;
      case kind::done:
        calls_.done(o.barrier.kind);
        break;
    }
  if (!orders_.empty()) return carry_out();
  wake_later();
}

/// The stream goes on, and nothing is committed: whether a checkpoint will be complete only the
/// store can tell, and none is begun before one that was given up is gone. Who waits for that waits
/// no longer.
void checkpoint_keeper::hang(flow::barrier b) {
  const auto seconds = std::chrono::duration<double>(how_.timing.timeout).count();
  overdue_of_ = b;
  overdue_ = error{errc::io_failed, "the store has been busy with checkpoint " +
                                        std::to_string(b.id) + " for more than " +
                                        std::to_string(static_cast<std::int64_t>(seconds)) +
                                        " s (--checkpoint-timeout), and the store does not answer"};
  how_.where.log(overdue_->message + "; nothing is committed meanwhile");
  if (coordinator_.storing()) how_.shown->count_failed_checkpoint();
  if (b.kind == flow::checkpoint_kind::final && coordinator_.last_is_due())
    calls_.failed(*overdue_);
  else
    calls_.overdue(*overdue_);
}

void checkpoint_keeper::store(checkpoint_order& order) {
  // Nothing is kept: what sinks have prepared is all there is, and no crash may come in between.
  if (!keeps_any()) {
    coordinator_.on_stored(order.barrier, true, how_.time->steady(), orders_);
    return;
  }
  store_order out{{order.barrier, std::move(order.parts)}, how_.manifest};
  out.manifest.id = order.barrier.id;
  const bool last = order.barrier.kind == flow::checkpoint_kind::final;
  out.manifest.kind =
      last && last_is_savepoint_ ? flow::checkpoint_kind::savepoint : order.barrier.kind;
  out.manifest.taken_at = taken_at_;
  out.manifest.attempt = calls_.highest_attempt();
  caf_compat::send(self_, writer_, std::move(out));
}

void checkpoint_keeper::wake_later() {
  const steady_time at = coordinator_.wakes_at();
  if (at >= wakes_at_) return;
  wakes_at_ = at;
  const auto wait = std::max(std::chrono::nanoseconds{0}, at - how_.time->steady());
  caf_compat::send_after(self_, wait, caf::actor{self_}, checkpoint_atom_v, ++wake_number_);
}

}  // namespace weir::actors
