// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Where a stage instance's events come from: a split of a source, or an instance of another stage.
struct input_name {
  std::string split;
  std::string stage;
  std::uint32_t instance = 0;
};

/// The names of a stage instance's inputs, by number. One thread adds, any thread reads; the lock
/// is taken when a split is added and when somebody looks, never for an event.
class input_names {
public:
  void add(input_name name) {
    std::lock_guard lock{mutex_};
    names_.push_back(std::move(name));
  }
  [[nodiscard]] std::optional<input_name> at(std::int64_t i) const {
    std::lock_guard lock{mutex_};
    if (i < 0 || static_cast<std::size_t>(i) >= names_.size()) return std::nullopt;
    return names_[static_cast<std::size_t>(i)];
  }

private:
  mutable std::mutex mutex_;
  std::vector<input_name> names_;
};

}  // namespace weir
