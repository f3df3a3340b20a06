// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/segment.hpp"

#include <cstddef>

namespace weir::bench {

/// The end of a chain under measurement: takes batches, and keeps nothing.
template <class T>
class consumer : public flow::segment<T> {
public:
  flow::verdict on_progress(flow::progress, flow::step&) override { return flow::verdict::done; }
  flow::verdict on_time(flow::step&) override { return flow::verdict::done; }
  flow::verdict on_completion(flow::step&) override { return flow::verdict::done; }
  [[nodiscard]] timestamp next_timer() const override { return max_timestamp; }
  flow::verdict snapshot(flow::barrier, snapshot_writer&, flow::step&) override {
    return flow::verdict::done;
  }
  void restore(snapshot_reader&) override {}
  result<void> commit(flow::barrier) override { return {}; }
  [[nodiscard]] std::size_t events_held() const override { return 0; }
  [[nodiscard]] std::size_t worked() const override { return 0; }
};

}  // namespace weir::bench
