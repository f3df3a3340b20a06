// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "unit/one_stage.hpp"

#include <algorithm>

namespace weir::test {

inline bool acknowledged(one_stage& s) {
  return std::any_of(
      s.effects().notices.begin(), s.effects().notices.end(),
      [](const flow::notice& n) { return n.what == flow::notice::kind::acknowledged; });
}

/// The values that were sent on an output channel, apart for before and behind the barrier.
struct sent {
  std::vector<std::uint64_t> before, behind;
};
inline sent sent_on(one_stage& s, std::size_t output) {
  sent all;
  bool barrier = false;
  for (const auto& f : s.taken(output)) {
    barrier = barrier || f.kind == flow::frame_kind::barrier;
    if (!f.body) continue;
    auto& to = barrier ? all.behind : all.before;
    for (const std::uint64_t k :
         static_cast<flow::batch_body<std::uint64_t>&>(*f.body).events.values)
      to.push_back(k);
  }
  return all;
}

/// Requires the numbers below `keys`, each as often as the others.
inline void require_all_keys(std::vector<std::uint64_t> before,
                             const std::vector<std::uint64_t>& rest, std::uint64_t keys) {
  before.insert(before.end(), rest.begin(), rest.end());
  std::sort(before.begin(), before.end());
  const std::uint64_t times = std::max<std::uint64_t>(1, before.size() / keys);
  REQUIRE(before.size() == times * keys);
  for (std::uint64_t i = 0; i < before.size(); ++i)
    if (before[i] != i / times) FAIL("key " << i / times << " is missing, or came once more");
}

}  // namespace weir::test
