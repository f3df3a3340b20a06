// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"

#include <string>
#include <utility>

namespace weir::operators {

/// Where events go that found no partner and don't come out of the join: counted, and sent to the
/// side output if somebody consumes it.
template <class T>
class unmatched_gate {
public:
  explicit unmatched_gate(std::string output) : output_(std::move(output)) {}

  /// `which` is "left" or "right".
  void open(const flow::operator_environment& e, const char* which) {
    count_ = &e.metrics->add_counter(e.id + ": unmatched " + which);
    side_ = e.side<T>(output_);
  }

  /// Notes an event that comes out of the join by itself.
  void count() { count_->add(1); }
  template <class E>
  void pass(E&& event, timestamp at) {
    count_->add(1);
    if (side_ != nullptr) side_->emit(std::forward<E>(event), at);
  }
  [[nodiscard]] bool is_consumed() const noexcept { return side_ != nullptr; }

private:
  std::string output_;
  counter* count_ = nullptr;
  flow::fan_out<T>* side_ = nullptr;
};

}  // namespace weir::operators
