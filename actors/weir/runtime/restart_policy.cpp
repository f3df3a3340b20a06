// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/restart_policy.hpp"

#include <algorithm>

namespace weir {

std::optional<duration> restart_budget::on_failure(steady_time now, double random) {
  while (!recent_.empty() && now - recent_.front() > policy_.within) recent_.pop_front();
  if (recent_.size() >= policy_.restarts) return std::nullopt;
  duration wait = policy_.first_backoff;
  for (std::size_t i = 0; i < recent_.size() && wait < policy_.longest_backoff; ++i) wait *= 2;
  wait = std::min(wait, policy_.longest_backoff);
  recent_.push_back(now);
  const double factor = 1 + policy_.jitter * (2 * random - 1);
  return duration{static_cast<duration::rep>(static_cast<double>(wait.count()) * factor)};
}

}  // namespace weir
