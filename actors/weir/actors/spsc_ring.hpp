// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <utility>
#include <vector>

namespace weir::actors {

/// A bounded queue between one pushing and one popping thread; neither waits. The bound is fixed
/// and hard: a push to a full ring is refused. The thread of either end may change, if the change
/// itself synchronises (an actor's scheduling does).
template <class T>
class spsc_ring {
public:
  /// Holds at least `capacity` values.
  explicit spsc_ring(std::size_t capacity) : slots_(std::bit_ceil(capacity)) {}

  [[nodiscard]] bool push(T&& value) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (tail - head_.load(std::memory_order_acquire) == slots_.size()) return false;
    slots_[tail & (slots_.size() - 1)] = std::move(value);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }

  [[nodiscard]] bool pop(T& out) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (head == tail_.load(std::memory_order_acquire)) return false;
    out = std::move(slots_[head & (slots_.size() - 1)]);
    head_.store(head + 1, std::memory_order_release);
    return true;
  }

private:
  std::vector<T> slots_;
  // Apart, so that the two ends don't share a cache line.
  alignas(64) std::atomic<std::size_t> head_{0};
  alignas(64) std::atomic<std::size_t> tail_{0};
};

}  // namespace weir::actors
