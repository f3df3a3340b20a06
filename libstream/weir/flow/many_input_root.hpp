// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/consumer_body.hpp"
#include "weir/flow/either.hpp"

#include <utility>

namespace weir::flow {

/// The inside of a stage that is fed by channels of another type on each port, in the order of `T`:
/// its first stream has them as `one_of<T...>`, in the order of their frames.
template <class... T>
class many_input_root final : public consumer_body<one_of<T...>> {
  using event = one_of<T...>;

public:
  using consumer_body<event>::consumer_body;

  verdict on_data(std::uint16_t port, frame_body& body, step& s) override {
    if (in_hand_.empty()) take_from(port, body, std::index_sequence_for<T...>{});
    const verdict v = this->hand_out(in_hand_, true, s);
    if (v == verdict::done && !s.errors.failed()) in_hand_.clear();
    return v;
  }

private:
  template <std::size_t... Port>
  void take_from(std::uint16_t port, frame_body& body, std::index_sequence<Port...>) {
    static_cast<void>((... || (port == Port && (take<Port, T>(body), true))));
  }
  /// Where inputs have the same type, which of them an event came by is still told.
  template <std::size_t Port, class In>
  void take(frame_body& body) {
    constexpr std::in_place_index_t<Port> input{};
    auto& events = static_cast<batch_body<In>&>(body).events;
    in_hand_.reserve(events.size());
    in_hand_.times = events.times;
    // A broadcast body is shared with other instances, which may be at it now.
    if (body.use_count() == 1)
      for (In& e : events.values) in_hand_.values.emplace_back(input, std::move(e));
    else
      for (const In& e : events.values) in_hand_.values.emplace_back(input, e);
  }
  [[nodiscard]] std::size_t in_hand() const override { return in_hand_.size(); }

  batch<event> in_hand_;  ///< The frame that is being worked on.
};

}  // namespace weir::flow
