// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/segment.hpp"

#include <algorithm>
#include <cstddef>

namespace weir::flow {

/// Runs one resumable call over several parts, one after the other; goes on where it stopped.
class part_cursor {
public:
  template <class Parts, class Call>
  verdict run(Parts& parts, Call call) {
    for (; at_ < parts.size(); ++at_)
      if (const verdict v = call(*parts[at_]); v != verdict::done) return v;
    at_ = 0;
    return verdict::done;
  }

  [[nodiscard]] bool at_start() const noexcept { return at_ == 0; }

private:
  std::size_t at_ = 0;
};

template <class Parts>
timestamp earliest_timer(const Parts& parts) {
  timestamp earliest = max_timestamp;
  for (const auto& p : parts) earliest = std::min(earliest, p->next_timer());
  return earliest;
}

template <class Parts>
result<void> commit_all(Parts& parts, barrier b) {
  for (auto& p : parts)
    if (auto done = p->commit(b); !done) return done;
  return {};
}

}  // namespace weir::flow
