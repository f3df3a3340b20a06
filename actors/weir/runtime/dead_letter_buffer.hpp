// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/dead_letter.hpp"
#include "weir/sink/sink.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace weir {

/// Keeps the newest dead letters in memory. Copies share; any thread may read.
class dead_letter_buffer {
public:
  explicit dead_letter_buffer(std::size_t capacity);

  [[nodiscard]] std::vector<dead_letter> newest() const;
  /// Letters that newer ones took the place of.
  [[nodiscard]] std::uint64_t dropped() const;

  template <class T>
  requires std::same_as<T, dead_letter>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return make();
  }
  [[nodiscard]] std::string kind() const { return "dead-letter-buffer"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  struct kept;
  [[nodiscard]] std::unique_ptr<sink_writer<dead_letter>> make() const;

  std::shared_ptr<kept> kept_;
};

}  // namespace weir
