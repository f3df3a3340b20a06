// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/event/batch.hpp"
#include "weir/flow/frame.hpp"

namespace weir::flow {

/// The body of a data frame on a channel of `T`.
template <class T>
class batch_body final : public frame_body {
public:
  batch<T> events;

  [[nodiscard]] std::size_t size() const noexcept override { return events.size(); }
  void recycle() noexcept override { events.clear(); }

  void encode(bytes& out) const override {
    weir::encode(events.values, out);
    weir::encode(events.times, out);
  }
};

/// Fills `body` from what `batch_body<T>::encode` wrote; false if the bytes are damaged.
template <class T>
[[nodiscard]] bool decode_body(byte_reader& in, batch_body<T>& body) {
  return decode(in, body.events.values) && decode(in, body.events.times) &&
         body.events.values.size() == body.events.times.size();
}

}  // namespace weir::flow
