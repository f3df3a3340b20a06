// SPDX-License-Identifier: BSD-3-Clause
// What a stage does for a checkpoint: aligns, takes its snapshot, and writes that while it goes on.
#include "weir/flow/stage.hpp"

#include "weir/codec/binary.hpp"
#include "weir/core/planted_fault.hpp"

#include <algorithm>
#include <utility>

namespace weir::flow {

namespace {

/// Ends the part of a cold store, once all tables have saved theirs.
class cold_save final : public gradual_save {
public:
  explicit cold_save(std::shared_ptr<cold_store> store) : store_(std::move(store)) {}

  bool write_some(std::size_t, snapshot_writer& to) override {
    if (auto part = store_->end_checkpoint()) to.files(*std::move(part));
    return true;
  }
  void cancel() noexcept override { store_->cancel_checkpoint(); }

private:
  std::shared_ptr<cold_store> store_;
};

}  // namespace

void stage::align(const inbox::turn& t) {
  const bool first = !inbox_.aligning();
  const bool all = inbox_.align(t.channel, t.frame.barrier);
  if (first && parts_.aligns && inbox_.aligning()) aligning_since_ = clock_->steady();
  if (all) begin_snapshot(t.frame.barrier);
}

void stage::begin_snapshot(barrier b) {
  give_up_saving();
  taking_ = b;
  aligned_for_ = aligning_since_ ? clock_->steady() - *aligning_since_ : std::chrono::nanoseconds{};
  aligning_since_.reset();
  if (parts_.cold) parts_.cold->begin_checkpoint();
  now_ = activity::snapshot;
}

/// What a snapshot holds is fixed now: the barrier goes on, and the stream does; what is large is
/// written meanwhile.
void stage::send_snapshot(effects& out) {
  if (!planted(fault::watermark_not_saved)) {
    bytes watermark;
    encode(inbox_.merged().watermark, watermark);
    snapshot_to_.bind(parts_.own_state());
    snapshot_to_.item("@watermark", std::move(watermark), state_kind::union_list);
  }
  if (parts_.cold) {
    snapshot_to_.bind(parts_.own_state());
    snapshot_to_.later(std::make_shared<cold_save>(parts_.cold));
  }
  for (auto& port : parts_.outputs) port->send_barrier(*taking_);
  saving_ = std::exchange(taking_, std::nullopt);
  save_at_once_ = std::min<std::size_t>(parts_.budget, 1024);
  if (!parts_.is_source) inbox_.release();
  static_cast<void>(save_some(out));
}

/// Writes some more of what the snapshot holds, for about a millisecond; hands on what it has come
/// to if that is much, and acknowledges the checkpoint when it was the last.
verdict stage::save_some(effects& out) {
  constexpr std::chrono::nanoseconds aim = std::chrono::milliseconds{1};
  const steady_time began = clock_->steady();
  const bool done = snapshot_to_.write_some(save_at_once_);
  const std::chrono::nanoseconds took = clock_->steady() - began;
  saved_for_ += took;
  if (took > aim)
    save_at_once_ = std::max<std::size_t>(64, save_at_once_ / 2);
  else if (took < aim / 4)
    save_at_once_ = std::min<std::size_t>(parts_.budget, 2 * save_at_once_);
  if (!done) {
    if (!snapshot_to_.has_much()) return verdict::more;
    out.notices.push_back({notice::kind::saved_some, *saving_, snapshot_to_.take()});
    parts_before_ += out.notices.back().parts.size();
    return verdict::more;
  }
  out.notices.push_back({notice::kind::acknowledged, *saving_, snapshot_to_.take(), aligned_for_,
                         std::exchange(parts_before_, 0)});
  saving_.reset();
  return verdict::done;
}

void stage::give_up_saving() {
  snapshot_to_.cancel();
  if (parts_.cold) parts_.cold->cancel_checkpoint();
  static_cast<void>(snapshot_to_.take());
  parts_before_ = 0;
  saving_.reset();
}

void stage::read_state(snapshot_writer& to) {
  effects unused;
  flow::step s{.out = unused, .errors = *parts_.errors, .wall = clock_->wall()};
  while (parts_.body->snapshot({}, to, s) == verdict::more) {
  }
  to.write_rest();
}

}  // namespace weir::flow
