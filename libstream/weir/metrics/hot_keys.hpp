// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Whether keyed stages look for keys that have a large share of their events, and how closely.
struct hot_key_options {
  std::uint32_t keys = 0;     ///< Counters an instance; 0 looks for none. 64 are a good number.
  std::uint32_t sample = 64;  ///< One event of so many is looked at.
};

/// A key that has a large share of an instance's recent events.
struct hot_key {
  std::string key;      ///< As JSON.
  double at_least = 0;  ///< Bounds on its share of the events looked at.
  double at_most = 0;
};

/// The hot keys of a stage instance, largest first. The instance writes, any thread reads; a mutex,
/// because a list is more than a number and is replaced so seldom.
class hot_key_list {
public:
  void put(std::vector<hot_key> keys) {
    const std::lock_guard lock{mutex_};
    keys_ = std::move(keys);
  }
  [[nodiscard]] std::vector<hot_key> get() const {
    const std::lock_guard lock{mutex_};
    return keys_;
  }

private:
  mutable std::mutex mutex_;
  std::vector<hot_key> keys_;
};

}  // namespace weir
