// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"

#include <string>
#include <vector>

namespace weir {

/// Files that belong to a piece of state beside its bytes, those of a database say. They never
/// change, lie in one directory, and stay at least as long as this. Safe from any thread.
class state_files {
public:
  struct listing {
    std::string directory;
    std::vector<std::string> names;
  };

  state_files() = default;
  state_files(const state_files&) = delete;
  state_files& operator=(const state_files&) = delete;
  virtual ~state_files() = default;

  /// Waits until they are written, so it is not for a stage's thread.
  [[nodiscard]] virtual result<listing> list() const = 0;
};

}  // namespace weir
