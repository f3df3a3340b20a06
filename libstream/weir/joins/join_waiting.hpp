// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/describe_event.hpp"
#include "weir/flow/step.hpp"
#include "weir/flow/verdict.hpp"
#include "weir/joins/join_kind.hpp"

#include <optional>
#include <string_view>

namespace weir::operators {

/// Calls a join's function for events that the join has kept. If it throws, the left event, or the
/// right one that is alone, fails by the stage's directive, and nothing is returned.
template <join_kind Kind, class F, class A, class B>
auto join_waiting(const F& f, const A* a, const B* b, timestamp at, std::string_view id,
                  flow::step& s) -> std::optional<decltype(join_events<Kind>(f, a, b))> {
  try {
    return join_events<Kind>(f, a, b);
  } catch (...) {
    s.errors.on_exception(id, 1, s.wall, s.out, false, [&](dead_letter& letter) {
      a != nullptr ? flow::describe_event(*a, at, letter) : flow::describe_event(*b, at, letter);
      letter.input = a != nullptr ? 0 : 1;
      letter.at_operator = false;  // a join is the first of its chain
    });
    return {};
  }
}

/// What a firing answers in which a function has failed: others may have to wait for its letter.
[[nodiscard]] inline flow::verdict after_failure(const flow::step& s) noexcept {
  return s.errors.failed() ? flow::verdict::done : flow::verdict::more;
}

}  // namespace weir::operators
