// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/batch_observer.hpp"
#include "weir/flow/consumer_body.hpp"

#include <memory>
#include <utility>

namespace weir::flow {

/// The inside of a stage that is fed by channels of `T`: hands each frame to the consumers of the
/// stage's first stream.
template <class T>
class input_root final : public consumer_body<T> {
public:
  explicit input_root(typename consumer_body<T>::consumer_list consumers,
                      std::unique_ptr<batch_observer<T>> observer = nullptr)
      : consumer_body<T>(std::move(consumers)), observer_(std::move(observer)) {}

  verdict on_data(std::uint16_t, frame_body& body, step& s) override {
    auto& events = static_cast<batch_body<T>&>(body).events;
    // A broadcast body is shared with other instances, which may be at it now.
    if (!this->hands_out()) owned_ = body.use_count() == 1;
    if (observer_ && in_hand_ == 0) observer_->on_batch(events);
    in_hand_ = events.size();
    const verdict v = this->hand_out(events, owned_, s);
    if (v == verdict::done && !s.errors.failed()) in_hand_ = 0;
    return v;
  }

private:
  [[nodiscard]] std::size_t in_hand() const override { return in_hand_; }

  std::unique_ptr<batch_observer<T>> observer_;  ///< May be null.
  bool owned_ = false;
  std::size_t in_hand_ = 0;  ///< Events of the frame that is being worked on.
};

}  // namespace weir::flow
