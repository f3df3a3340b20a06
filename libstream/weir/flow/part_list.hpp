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
  [[nodiscard]] std::size_t at() const noexcept { return at_; }

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

/// How a batch that is being handed to consumers, one after the other, stands.
struct batch_in_hand {
  std::size_t taken = 0;       ///< Events that some consumer has worked off.
  std::size_t unfinished = 0;  ///< Of these, the ones that another has not.
};

template <class Consumers>
batch_in_hand how_far(const Consumers& consumers, const part_cursor& at, std::size_t size) {
  if (at.at() >= consumers.size()) return {size, 0};
  const std::size_t worked = consumers[at.at()]->worked();
  const bool is_last = at.at() + 1 == consumers.size();
  if (at.at() == 0) return {worked, is_last ? 0 : worked};
  return {size, is_last ? size - worked : size};
}

template <class Parts>
std::size_t events_held_by(const Parts& parts) {
  std::size_t n = 0;
  for (const auto& p : parts) n += p->events_held();
  return n;
}

template <class Parts>
outstanding outstanding_of(const Parts& parts) {
  outstanding all;
  for (const auto& p : parts) all = all | p->outstanding();
  return all;
}

}  // namespace weir::flow
