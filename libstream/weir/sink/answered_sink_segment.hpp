// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/flow/describe_event.hpp"
#include "weir/flow/segment.hpp"
#include "weir/metrics/stage_metrics.hpp"
#include "weir/sink/answered_writer.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <iterator>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

namespace weir::flow {

/// A sink whose writer is answered later, as the consumer of a stream. Keeps the batches that are
/// under way, so that an event that fails can be tried again or become a dead letter; a snapshot is
/// taken when none is.
template <class T>
class answered_sink_segment final : public segment<T> {
public:
  answered_sink_segment(std::string id, std::unique_ptr<answered_writer<T>> writer,
                        const clock& time, stage_metrics& metrics)
      : id_(std::move(id)), writer_(std::move(writer)), clock_(&time), metrics_(&metrics) {}

  verdict on_batch(batch<T>& in, bool owned, step& s) override {
    const bool clear = settle(s);
    if (s.errors.failed() || in.empty()) return verdict::done;
    if (!clear || is_full()) return verdict::blocked;
    if (s.budget == 0) return verdict::more;
    s.budget -= std::min(s.budget, in.size());
    begin(in, owned, s);
    return verdict::done;
  }

  verdict on_progress(progress, step&) override { return verdict::done; }
  verdict on_time(step& s) override {
    return settle(s) || s.errors.failed() ? verdict::done : verdict::blocked;
  }
  verdict on_completion(step&) override { return verdict::done; }
  /// Answers that have come are dealt with at once.
  [[nodiscard]] timestamp next_timer() const override {
    return again_ || writer_->has_answers() ? min_timestamp : max_timestamp;
  }

  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    if (b.id != 0) {
      static_cast<void>(settle(s));
      if (!under_way_.empty() && !s.errors.failed()) return verdict::blocked;
    }
    to.bind(id_);
    return verdict::done;
  }
  void restore(snapshot_reader& from) override { from.bind(id_); }
  result<void> commit(barrier) override { return {}; }

  [[nodiscard]] std::size_t events_held() const override {
    return std::accumulate(
        under_way_.begin(), under_way_.end(), std::size_t{0},
        [](std::size_t n, const held& h) { return n + h.events.size() - h.settled; });
  }
  [[nodiscard]] flow::outstanding outstanding() const override {
    return {!under_way_.empty(), is_full()};
  }
  void find_places(return_search& search) override {
    if (search.letter.operator_name == id_) offer_batch<T>(*this, search);
  }
  /// A batch is taken as a whole.
  [[nodiscard]] std::size_t worked() const override { return 0; }

private:
  struct held {
    batch<T> events;
    std::size_t settled = 0;
    steady_time earliest{};  ///< When the oldest event behind them was read.
  };

  [[nodiscard]] bool is_full() const { return under_way_.size() >= writer_->most_under_way(); }

  void begin(batch<T>& in, bool owned, const step& s) {
    batch<T> taken;
    if (!spare_.empty()) {
      taken = std::move(spare_.back());
      spare_.pop_back();
    }
    if (owned)
      taken.values.insert(taken.values.end(), std::make_move_iterator(in.values.begin()),
                          std::make_move_iterator(in.values.end()));
    else
      taken.values.insert(taken.values.end(), in.values.begin(), in.values.end());
    taken.times.insert(taken.times.end(), in.times.begin(), in.times.end());
    under_way_.push_back({std::move(taken), 0, s.earliest});
    writer_->begin(under_way_.back().events.values);
  }

  /// Deals with what has been answered; false if something must be waited for before the next
  /// event may be, or the stage has failed.
  bool settle(step& s) {
    while (!under_way_.empty()) {
      if (s.errors.waiting(s.wall, s.out)) return false;
      if (std::exchange(again_, false)) writer_->try_again();
      held& oldest = under_way_.front();
      const written w = writer_->settle();
      oldest.settled += w.events;
      if (w.failure) {
        if (!handle(*w.failure, oldest, s)) return false;
      } else if (oldest.settled < oldest.events.size()) {
        return true;
      } else {
        finish_oldest();
      }
    }
    return true;
  }

  bool handle(const error& why, held& in, step& s) {
    const auto describe = [&](dead_letter& letter) {
      describe_event(in.events.values[in.settled], in.events.times[in.settled], letter);
    };
    const auto tries = tries_.failed(events_before_ + in.settled);
    switch (s.errors.on_error(id_, why, tries, s.wall, s.out, true, describe)) {
      case event_errors::next::fail:
        return false;
      case event_errors::next::again:
        again_ = true;
        break;
      case event_errors::next::go_on:
        writer_->pass_over();
        ++in.settled;
    }
    return true;
  }

  void finish_oldest() {
    held& oldest = under_way_.front();
    const std::size_t n = oldest.events.size();
    if (oldest.earliest != steady_time{}) {
      const auto taken = (clock_->steady() - oldest.earliest).count();
      metrics_->latency.record(static_cast<std::uint64_t>(std::max<std::int64_t>(taken, 0)), n);
    }
    events_before_ += n;
    oldest.events.clear();
    spare_.push_back(std::move(oldest.events));
    under_way_.pop_front();
  }

  std::string id_;
  std::unique_ptr<answered_writer<T>> writer_;
  const clock* clock_;
  stage_metrics* metrics_;
  std::deque<held> under_way_;   ///< In the order in which they were begun.
  std::vector<batch<T>> spare_;  ///< Empty ones, for their memory.
  std::uint64_t events_before_ = 0;
  event_tries tries_;
  bool again_ = false;  ///< The event that failed last is to be tried again.
};

}  // namespace weir::flow
