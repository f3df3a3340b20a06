// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/runtime/status.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Says which stages have had late events that no side output takes since it was asked last: a line
/// for each, however many events, with one of them for an example if one was noted. How often it is
/// asked bounds how much is logged.
class late_log {
public:
  [[nodiscard]] std::vector<std::string> lines(const std::vector<instance_status>& now);

private:
  struct told {
    std::uint32_t attempt = 0;
    std::uint64_t events = 0;
    std::uint64_t notes = 0;
  };
  std::map<std::pair<std::string, std::uint32_t>, told> told_;  ///< By stage and instance.
};

}  // namespace weir
