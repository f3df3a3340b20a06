// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/planted_fault.hpp"
#include "weir/flow/frame.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <vector>

namespace weir::flow {

/// Merges the progress of several inputs by minimum over those that are active. The merged
/// watermark never falls. Idle inputs are not waited for; ended ones neither, and when all have
/// ended the watermark is the maximum. When the inputs left are all idle, the watermark stays where
/// it is and the merge is idle: an ended input beside an idle one must not push the watermark to
/// the maximum, or all that the idle one sends later would be late. An input at the maximum has
/// ended.
class watermark_merge {
public:
  explicit watermark_merge(std::size_t inputs, timestamp start = min_timestamp) : inputs_(inputs) {
    merged_.watermark = start;
  }

  /// Notes the progress of input `i`. Linear in the number of inputs, at worst.
  void update(std::size_t i, progress p) {
    progress& at = inputs_[i].at;
    const bool rose = p.watermark > at.watermark;
    at = {std::max(at.watermark, p.watermark), p.idle && !rose};
    merge();
    if (at.idle == p.idle) return;
    at.idle = p.idle;  // it was active until it had come here
    merge();
  }

  /// Notes that input `i` sent data, and so is active again.
  void activate(std::size_t i) {
    if (!inputs_[i].at.idle) return;
    inputs_[i].at.idle = false;
    merge();
  }

  void end(std::size_t i) {
    inputs_[i].ended = true;
    merge();
  }

  /// The active input with the lowest watermark; none if no input is waited for.
  [[nodiscard]] std::optional<std::size_t> holder() const {
    std::optional<std::size_t> lowest;
    for (std::size_t i = 0; i < inputs_.size(); ++i) {
      const input& in = inputs_[i];
      if (in.ended || in.at.idle || in.at.watermark == max_timestamp) continue;
      if (!lowest || in.at.watermark < inputs_[*lowest].at.watermark) lowest = i;
    }
    return lowest;
  }

  [[nodiscard]] const progress& merged() const noexcept { return merged_; }
  [[nodiscard]] const progress& of(std::size_t i) const noexcept { return inputs_[i].at; }

private:
  struct input {
    progress at;
    bool ended = false;
  };

  void merge() {
    timestamp lowest = max_timestamp;
    bool active = false;
    bool all_ended = true;
    for (const input& in : inputs_) {
      if (in.ended || in.at.watermark == max_timestamp) continue;
      all_ended = false;
      if (in.at.idle) continue;
      active = true;
      lowest = lower(lowest, in.at.watermark);
    }
    if (active || all_ended) merged_.watermark = std::max(merged_.watermark, lowest);
    merged_.idle = !active && !all_ended && !planted(fault::idle_not_passed_on);
  }

  static timestamp lower(timestamp a, timestamp b) {
    if (planted(fault::merge_by_maximum)) return a == max_timestamp ? b : std::max(a, b);
    return std::min(a, b);
  }

  std::vector<input> inputs_;
  progress merged_;
};

}  // namespace weir::flow
