// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/consumer_body.hpp"
#include "weir/flow/either.hpp"

#include <utility>

namespace weir::flow {

/// The inside of a stage that is fed by channels of `A` on port 0 and of `B` on port 1: its first
/// stream has them as `either<A, B>`, in the order of their frames.
template <class A, class B>
class two_input_root final : public consumer_body<either<A, B>> {
  using event = either<A, B>;

public:
  using consumer_body<event>::consumer_body;

  verdict on_data(std::uint16_t port, frame_body& body, step& s) override {
    if (in_hand_.empty()) port == 0 ? take<0, A>(body) : take<1, B>(body);
    const verdict v = this->hand_out(in_hand_, true, s);
    if (v == verdict::done && !s.errors.failed()) in_hand_.clear();
    return v;
  }

private:
  /// Where both inputs have the same type, which of them an event came by is still told.
  template <std::size_t Input, class T>
  void take(frame_body& body) {
    constexpr std::in_place_index_t<Input> input{};
    auto& events = static_cast<batch_body<T>&>(body).events;
    // A broadcast body is shared with other instances, which may be at it now.
    const bool owned = body.use_count() == 1;
    for (std::size_t i = 0; i < events.size(); ++i)
      owned ? in_hand_.push(event{std::variant<A, B>{input, std::move(events.values[i])}},
                            events.times[i])
            : in_hand_.push(event{std::variant<A, B>{input, events.values[i]}}, events.times[i]);
  }
  [[nodiscard]] std::size_t in_hand() const override { return in_hand_.size(); }

  batch<event> in_hand_;  ///< The frame that is being worked on.
};

}  // namespace weir::flow
