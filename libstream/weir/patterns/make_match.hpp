// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/match.hpp"
#include "weir/patterns/match_buffer.hpp"
#include "weir/patterns/plan.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

namespace weir::patterns {

/// Returns the events of a step, which is added if it is new, with room for `more`.
template <class T>
std::vector<T>& events_of(match<T>& m, const std::string& step, std::size_t more) {
  for (auto s = m.steps.rbegin(); s != m.steps.rend(); ++s)
    if (s->step == step) return s->events;
  auto& events = m.steps.emplace_back(matched_step<T>{step, {}}).events;
  events.reserve(more);
  return events;
}

/// Copies the events of a path into a match. `scratch` is kept for its memory.
template <class T>
match<T> make_match(const match_buffer<T>& buffer, const plan<T>& p, node_id path,
                    std::vector<node_id>& scratch) {
  scratch.clear();
  std::size_t runs = 0;  // of events in a row that the same step took
  for (node_id n = path; n != nowhere; n = buffer.parent(n)) {
    if (scratch.empty() || buffer.step(n) != buffer.step(scratch.back())) ++runs;
    scratch.push_back(n);
  }
  match<T> m;
  m.pattern = p.machine.name;
  m.version = p.version;
  m.began = buffer.at(scratch.back());
  m.ended = buffer.at(path);
  m.steps.reserve(std::min(runs, p.machine.steps.size()));
  for (auto n = scratch.rbegin(); n != scratch.rend();) {
    const std::uint16_t step = buffer.step(*n);
    auto end = n;
    while (end != scratch.rend() && buffer.step(*end) == step) ++end;
    auto& events =
        events_of(m, p.machine.steps[step], static_cast<std::size_t>(std::distance(n, end)));
    for (; n != end; ++n) events.push_back(buffer.event(*n));
  }
  return m;
}

}  // namespace weir::patterns
