// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/checkpoint_keeper.hpp"

#include <utility>

namespace weir::actors {

checkpoint_keeper::checkpoint_keeper(caf::event_based_actor* self, setting how, callbacks calls)
    : self_(self),
      how_(std::move(how)),
      calls_(std::move(calls)),
      coordinator_(keeps_any() ? how_.timing : checkpoint_timing{.timeout = duration{0}},
                   how_.instances, how_.first_id) {}

void checkpoint_keeper::begin() {
  if (keeps_any())
    writer_ = self_->spawn<caf_compat::state_actor<checkpoint_writer>, caf::detached>(
        how_.where, caf::actor_cast<caf::actor_addr>(self_));
  coordinator_.begin(how_.time->steady());
  wake_later();
}

void checkpoint_keeper::take_last(bool as_savepoint) {
  last_is_savepoint_ = as_savepoint;
  coordinator_.ask(flow::checkpoint_kind::final, how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::ask_savepoint() {
  if (!keeps_any()) return how_.where.log("no savepoint: the run was started without checkpoints");
  coordinator_.ask(flow::checkpoint_kind::savepoint, how_.time->steady(), orders_);
  carry_out();
}

void checkpoint_keeper::on_acknowledged(std::uint32_t instance, flow::notice&& n) {
  coordinator_.on_acknowledged(instance, n.barrier, std::move(n.parts), how_.time->steady(),
                               orders_);
  carry_out();
}

void checkpoint_keeper::on_committed(std::uint32_t instance, flow::barrier b) {
  coordinator_.on_committed(instance, b, orders_);
  carry_out();
}

void checkpoint_keeper::on_stored(const store_outcome& outcome) {
  const bool durable = outcome.failure.empty();
  const steady_time now = how_.time->steady();
  const auto took = now - coordinator_.began();
  const std::string which = "checkpoint " + std::to_string(outcome.barrier.id);
  if (durable) {
    how_.shown->note_checkpoint({outcome.barrier.id, outcome.size, took}, outcome.savepoint);
  } else {
    how_.shown->count_failed_checkpoint();
    how_.where.log(which + " can't be stored: " + outcome.failure);
    if (outcome.barrier.kind == flow::checkpoint_kind::final)
      return calls_.failed({errc::io_failed, "the last " + which +
                                                 " can't be stored, so nothing "
                                                 "behind the one before it is committed: " +
                                                 outcome.failure});
  }
  coordinator_.on_stored(outcome.barrier, durable, now, orders_);
  carry_out();
  calls_.stored(outcome.barrier.kind);
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
        calls_.tell_sources(command{command::kind::checkpoint, o.barrier, {}});
        break;
      case kind::abandon:
        calls_.tell_all(command{command::kind::abandon, o.barrier, {}});
        break;
      case kind::store:
        store(o);
        break;
      case kind::commit:
        calls_.tell_all(command{command::kind::commit, o.barrier, {}});
        break;
      case kind::done:
        calls_.done(o.barrier.kind);
        break;
    }
  if (!orders_.empty()) return carry_out();
  wake_later();
}

void checkpoint_keeper::store(checkpoint_order& order) {
  // Nothing is kept: what sinks have prepared is all there is, and no crash may come in between.
  if (!keeps_any()) {
    coordinator_.on_stored(order.barrier, true, how_.time->steady(), orders_);
    return;
  }
  store_order out{order.barrier, {how_.manifest, std::move(order.parts)}};
  out.whole.manifest.id = order.barrier.id;
  const bool last = order.barrier.kind == flow::checkpoint_kind::final;
  out.whole.manifest.kind =
      last && last_is_savepoint_ ? flow::checkpoint_kind::savepoint : order.barrier.kind;
  out.whole.manifest.taken_at = taken_at_;
  out.whole.manifest.attempt = calls_.highest_attempt();
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
