// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/coordinator.hpp"

#include "weir/core/planted_fault.hpp"

#include <algorithm>
#include <utility>

namespace weir {

using order_kind = checkpoint_order::kind;

namespace {

/// Whose a watermark is, so that an instance gets its own back: others may have been behind it, and
/// what it has emitted would come again.
void name_watermarks(std::vector<snapshot_part>& parts, std::uint32_t instance) {
  for (snapshot_part& p : parts)
    if (p.kind == state_kind::union_list && p.state == "@watermark")
      p.group = static_cast<key_group>(instance + 1);
}

}  // namespace

void checkpoint_coordinator::ask(flow::checkpoint_kind kind, steady_time now, orders& out) {
  if (busy())
    asked_.push_back(kind);
  else
    trigger(kind, now, out);
}

void checkpoint_coordinator::tick(steady_time now, orders& out) {
  if (taking_ && now >= after(began_, timing_.timeout)) {
    abandon(now, out);
    end(now, out);
  }
  if ((storing_ || dropping_) && now >= overdue_at_) {
    overdue_at_ = after(now, timing_.timeout);
    out.push_back({order_kind::overdue, storing_ ? *storing_ : *dropping_});
  }
  if (!busy() && now >= next_at_) trigger(flow::checkpoint_kind::checkpoint, now, out);
}

steady_time checkpoint_coordinator::wakes_at() const noexcept {
  if (taking_) return after(began_, timing_.timeout);
  if (storing_ || dropping_) return overdue_at_;
  return busy() ? steady_time::max() : next_at_;
}

bool checkpoint_coordinator::last_is_due() const noexcept {
  constexpr auto last = flow::checkpoint_kind::final;
  return (taking_ && taking_->kind == last) || (storing_ && storing_->kind == last) ||
         (committing_ && committing_->kind == last) ||
         std::find(asked_.begin(), asked_.end(), last) != asked_.end();
}

void checkpoint_coordinator::trigger(flow::checkpoint_kind kind, steady_time now, orders& out) {
  taking_ = flow::barrier{next_id_++, kind, keeps_state_};
  began_ = now;
  next_at_ = after(now, timing_.interval);
  acknowledged_.clear();
  written_.clear();
  out.push_back({order_kind::trigger, *taking_});
}

void checkpoint_coordinator::on_saved_some(std::uint32_t instance, flow::barrier b,
                                           std::vector<snapshot_part> parts, orders& out) {
  if (b != taking_) return;
  written_[instance] += parts.size();
  name_watermarks(parts, instance);
  out.push_back({order_kind::write, b, std::move(parts)});
}

void checkpoint_coordinator::on_acknowledged(std::uint32_t instance, flow::barrier b,
                                             std::vector<snapshot_part> parts, std::size_t before,
                                             steady_time now, orders& out) {
  const auto written = written_.find(instance);
  if (b != taking_ || before != (written == written_.end() ? 0 : written->second)) return;
  if (!acknowledged_.insert(instance).second) return;
  name_watermarks(parts, instance);
  if (planted(fault::commit_before_manifest) && acknowledged_.size() == 1)
    out.push_back({order_kind::commit, b});
  if (acknowledged_.size() != instances_) {
    written_[instance] += parts.size();
    out.push_back({order_kind::write, b, std::move(parts)});
    return;
  }
  storing_ = std::exchange(taking_, std::nullopt);
  overdue_at_ = after(now, timing_.timeout);
  out.push_back({order_kind::store, b, std::move(parts)});
}

void checkpoint_coordinator::on_stored(flow::barrier b, bool durable, steady_time now,
                                       orders& out) {
  if (b != storing_) return;
  storing_.reset();
  if (durable) {
    committing_ = b;
    committed_.clear();
    // Nothing comes behind the last one.
    if (b.kind == flow::checkpoint_kind::final) {
      next_at_ = steady_time::max();
      asked_.clear();
    }
    out.push_back({order_kind::commit, b});
  } else {
    ++failures_;
  }
  end(now, out);
}

void checkpoint_coordinator::on_dropped(flow::barrier b, steady_time now, orders& out) {
  if (b != dropping_) return;
  dropping_.reset();
  end(now, out);
}

void checkpoint_coordinator::on_committed(std::uint32_t instance, flow::barrier b, orders& out) {
  if (b != committing_ || !committed_.insert(instance).second) return;
  if (committed_.size() != instances_) return;
  committing_.reset();
  out.push_back({order_kind::done, b});
}

void checkpoint_coordinator::give_up(steady_time now, orders& out) {
  committing_.reset();  // what has not committed does so when it is restored
  const bool was_taking = taking_.has_value();
  if (was_taking) abandon(now, out);
  // Whoever asked for the last one asks again when all have ended again.
  std::erase(asked_, flow::checkpoint_kind::final);
  if (was_taking) end(now, out);
}

void checkpoint_coordinator::resume(steady_time now, orders& out) {
  paused_ = false;
  if (!busy()) end(now, out);
}

void checkpoint_coordinator::abandon(steady_time now, orders& out) {
  ++failures_;
  // One that was asked for is waited for by somebody.
  if (taking_->kind != flow::checkpoint_kind::checkpoint) asked_.push_front(taking_->kind);
  if (!written_.empty()) {
    dropping_ = taking_;
    overdue_at_ = after(now, timing_.timeout);
  }
  out.push_back({order_kind::abandon, *std::exchange(taking_, std::nullopt)});
}

/// Goes on with what was asked for meanwhile.
void checkpoint_coordinator::end(steady_time now, orders& out) {
  if (next_at_ != steady_time::max()) next_at_ = std::max(next_at_, now + timing_.min_pause);
  if (asked_.empty() || busy()) return;
  const flow::checkpoint_kind kind = asked_.front();
  asked_.pop_front();
  trigger(kind, now, out);
}

}  // namespace weir
