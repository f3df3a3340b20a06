// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/batch_observer.hpp"
#include "weir/flow/part_list.hpp"
#include "weir/flow/stage_body.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace weir::flow {

/// The inside of a stage that is fed by channels of `T`: hands each frame to the consumers of the
/// stage's first stream.
template <class T>
class input_root final : public stage_body {
public:
  explicit input_root(std::vector<std::unique_ptr<segment<T>>> consumers,
                      std::unique_ptr<batch_observer<T>> observer = nullptr)
      : consumers_(std::move(consumers)), observer_(std::move(observer)) {}

  verdict on_data(std::uint16_t, frame_body& body, step& s) override {
    auto& events = static_cast<batch_body<T>&>(body).events;
    // A broadcast body is shared with other instances, which may be at it now.
    if (handing_out_.at_start()) owned_ = body.use_count() == 1;
    if (observer_ && in_hand_ == 0) observer_->on_batch(events);
    in_hand_ = events.size();
    const verdict v = handing_out_.run(consumers_, [&](segment<T>& c) {
      return c.on_batch(events, owned_ && &c == consumers_.back().get(), s);
    });
    if (v == verdict::done && !s.errors.failed()) in_hand_ = 0;
    return v;
  }
  verdict on_progress(progress p, step& s) override {
    return progressing_.run(consumers_, [&](segment<T>& c) { return c.on_progress(p, s); });
  }
  verdict on_time(step& s) override {
    return timing_.run(consumers_, [&](segment<T>& c) { return c.on_time(s); });
  }
  verdict on_completion(step& s) override {
    return completing_.run(consumers_, [&](segment<T>& c) { return c.on_completion(s); });
  }
  [[nodiscard]] timestamp next_timer() const override { return earliest_timer(consumers_); }

  poll_outcome poll(step&) override { return poll_outcome::waiting; }
  void stop_source() override {}

  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    return saving_.run(consumers_, [&](segment<T>& c) { return c.snapshot(b, to, s); });
  }
  void restore(const snapshot_reader& from) override {
    snapshot_reader own = from;
    for (auto& c : consumers_) c->restore(own);
  }
  [[nodiscard]] std::size_t taken_in_hand() const override { return hand().taken; }
  result<void> commit(barrier b) override { return commit_all(consumers_, b); }
  [[nodiscard]] std::size_t events_held() const override {
    return hand().unfinished + events_held_by(consumers_);
  }

private:
  [[nodiscard]] batch_in_hand hand() const {
    return in_hand_ == 0 ? batch_in_hand{} : in_hand(consumers_, handing_out_, in_hand_);
  }

  std::vector<std::unique_ptr<segment<T>>> consumers_;
  std::unique_ptr<batch_observer<T>> observer_;  ///< May be null.
  bool owned_ = false;
  std::size_t in_hand_ = 0;  ///< Events of the frame that is being worked on.
  part_cursor handing_out_, progressing_, timing_, completing_, saving_;
};

}  // namespace weir::flow
