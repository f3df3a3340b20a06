// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/either.hpp"
#include "weir/flow/part_list.hpp"
#include "weir/flow/stage_body.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace weir::flow {

/// The inside of a stage that is fed by channels of `A` on port 0 and of `B` on port 1: its first
/// stream has them as `either<A, B>`, in the order of their frames.
template <class A, class B>
class two_input_root final : public stage_body {
  using event = either<A, B>;

public:
  explicit two_input_root(std::vector<std::unique_ptr<segment<event>>> consumers)
      : consumers_(std::move(consumers)) {}

  verdict on_data(std::uint16_t port, frame_body& body, step& s) override {
    if (in_hand_.empty()) port == 0 ? take<A>(body) : take<B>(body);
    const verdict v = handing_out_.run(consumers_, [&](segment<event>& c) {
      return c.on_batch(in_hand_, &c == consumers_.back().get(), s);
    });
    if (v == verdict::done && !s.errors.failed()) in_hand_.clear();
    return v;
  }
  verdict on_progress(progress p, step& s) override {
    return progressing_.run(consumers_, [&](segment<event>& c) { return c.on_progress(p, s); });
  }
  verdict on_time(step& s) override {
    return timing_.run(consumers_, [&](segment<event>& c) { return c.on_time(s); });
  }
  verdict on_completion(step& s) override {
    return completing_.run(consumers_, [&](segment<event>& c) { return c.on_completion(s); });
  }
  [[nodiscard]] timestamp next_timer() const override { return earliest_timer(consumers_); }

  poll_outcome poll(step&) override { return poll_outcome::waiting; }
  void stop_source() override {}

  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    return saving_.run(consumers_, [&](segment<event>& c) { return c.snapshot(b, to, s); });
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
  template <class T>
  void take(frame_body& body) {
    auto& events = static_cast<batch_body<T>&>(body).events;
    // A broadcast body is shared with other instances, which may be at it now.
    const bool owned = body.use_count() == 1;
    for (std::size_t i = 0; i < events.size(); ++i)
      owned ? in_hand_.push(event{std::move(events.values[i])}, events.times[i])
            : in_hand_.push(event{events.values[i]}, events.times[i]);
  }
  [[nodiscard]] batch_in_hand hand() const {
    return in_hand_.empty() ? batch_in_hand{} : in_hand(consumers_, handing_out_, in_hand_.size());
  }

  std::vector<std::unique_ptr<segment<event>>> consumers_;
  batch<event> in_hand_;  ///< The frame that is being worked on.
  part_cursor handing_out_, progressing_, timing_, completing_, saving_;
};

}  // namespace weir::flow
