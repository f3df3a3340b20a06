// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/match.hpp"
#include "weir/patterns/match_buffer.hpp"
#include "weir/patterns/plan.hpp"

#include <string>
#include <vector>

namespace weir::patterns {

/// Returns the events of a step, which is added if it is new.
template <class T>
std::vector<T>& events_of(match<T>& m, const std::string& step) {
  for (auto s = m.steps.rbegin(); s != m.steps.rend(); ++s)
    if (s->step == step) return s->events;
  return m.steps.emplace_back(matched_step<T>{step, {}}).events;
}

/// Copies the events of a path into a match. `scratch` is kept for its memory.
template <class T>
match<T> make_match(const match_buffer<T>& buffer, const plan<T>& p, node_id path,
                    std::vector<node_id>& scratch) {
  scratch.clear();
  for (node_id n = path; n != nowhere; n = buffer.parent(n)) scratch.push_back(n);
  match<T> m;
  m.pattern = p.machine.name;
  m.version = p.version;
  m.began = buffer.at(scratch.back());
  m.ended = buffer.at(path);
  for (auto n = scratch.rbegin(); n != scratch.rend(); ++n)
    events_of(m, p.machine.steps[buffer.step(*n)]).push_back(buffer.event(*n));
  return m;
}

}  // namespace weir::patterns
