// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/consumer_body.hpp"
#include "weir/flow/either.hpp"
#include "weir/flow/inputs_apart.hpp"

#include <utility>

namespace weir::flow {

/// The inside of a stage that is fed by channels of another type on each port, in the order of `T`:
/// its first stream has them as `one_of<T...>`, in the order of their frames. A consumer that takes
/// inputs apart gets the frames themselves.
template <class... T>
class many_input_root final : public consumer_body<one_of<T...>> {
  using event = one_of<T...>;
  using body_of = consumer_body<event>;

public:
  explicit many_input_root(typename body_of::consumer_list consumers)
      : body_of(std::move(consumers)),
        apart_(this->template only_consumer<input_consumer<T...>>()) {}

  verdict on_data(std::uint16_t port, frame_body& body, step& s) override {
    verdict v = verdict::done;
    each_port(port, [&]<std::size_t Port, class In> {
      auto& events = static_cast<batch_body<In>&>(body).events;
      // A broadcast body is shared with other instances, which may be at it now.
      const bool owned = body.use_count() == 1;
      v = apart_ != nullptr ? hand_frame<Port>(events, owned, s)
                            : hand_made<Port>(events, owned, s);
    });
    if (v == verdict::done && !s.errors.failed()) in_hand_ = 0;
    return v;
  }

private:
  template <class F>
  static void each_port(std::uint16_t port, F f) {
    [&]<std::size_t... Port>(std::index_sequence<Port...>) {
      static_cast<void>((... || (port == Port && (f.template operator()<Port, T>(), true))));
    }
    (std::index_sequence_for<T...>{});
  }

  template <std::size_t Port, class In>
  verdict hand_frame(batch<In>& events, bool owned, step& s) {
    in_hand_ = events.size();
    const typename input_consumer<T...>::input_batch in{std::in_place_index<Port>, &events};
    return this->hand_out_by([&](segment<event>&) { return apart_->on_input(in, owned, s); });
  }
  template <std::size_t Port, class In>
  verdict hand_made(batch<In>& events, bool owned, step& s) {
    if (in_hand_ == 0) make<Port>(events, owned);
    in_hand_ = made_.size();
    return this->hand_out(made_, true, s);
  }
  /// Where inputs have the same type, which of them an event came by is still told.
  template <std::size_t Port, class In>
  void make(batch<In>& events, bool owned) {
    constexpr std::in_place_index_t<Port> input{};
    made_.clear();
    made_.reserve(events.size());
    made_.times = events.times;
    if (owned)
      for (In& e : events.values) made_.values.emplace_back(input, std::move(e));
    else
      for (const In& e : events.values) made_.values.emplace_back(input, e);
  }
  [[nodiscard]] std::size_t in_hand() const override { return in_hand_; }

  input_consumer<T...>* apart_;  ///< The consumer, if it takes the inputs apart.
  batch<event> made_;            ///< Of the frame that is being worked on, if it does not.
  std::size_t in_hand_ = 0;      ///< Events of that frame.
};

}  // namespace weir::flow
