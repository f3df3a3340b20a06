// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/window.hpp"

namespace weir {

/// One window for all time. It is complete when the stream ends; for results before that give it a
/// trigger.
struct global_window {
  [[nodiscard]] static constexpr window at() noexcept { return {min_timestamp, max_timestamp}; }

  template <class T, class Emit>
  void assign(const T&, timestamp, Emit emit) const {
    emit(at());
  }
};

}  // namespace weir
