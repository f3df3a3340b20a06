// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

namespace weir::flow {

/// Counts how often each event has made its stage fail, over all attempts of a run, so that one
/// that fails for ever can be put aside. A mutex, because stages of several threads share the list;
/// it is touched only when an event fails. An entry is 48 bytes, and the restart policy bounds how
/// many there are in a time.
class poison_list {
public:
  /// Notes a failure of the event with these bytes in that operator, and answers how often by now.
  std::uint32_t failed(const std::string& operator_and_event) {
    const std::lock_guard lock{mutex_};
    return ++counts_[std::hash<std::string>{}(operator_and_event)];
  }

  /// The counts so far, and those that a list begins with.
  [[nodiscard]] std::map<std::uint64_t, std::uint32_t> counts() {
    const std::lock_guard lock{mutex_};
    return {counts_.begin(), counts_.end()};
  }
  void begin_with(const std::map<std::uint64_t, std::uint32_t>& counts) {
    const std::lock_guard lock{mutex_};
    counts_ = {counts.begin(), counts.end()};
  }

private:
  std::mutex mutex_;
  std::map<std::size_t, std::uint32_t> counts_;
};

}  // namespace weir::flow
