// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "source.hpp"

namespace nexmark {

/// Calls `f` for each event of a kind that it takes.
template <class F>
void each_event(event_feed& from, F f) {
  for (auto some = from.next(); !some.empty(); some = from.next())
    for (const event& e : some) {
      if (const auto* b = std::get_if<bid>(&e)) {
        if constexpr (std::is_invocable_v<F&, const bid&>) f(*b);
      } else if (const auto* a = std::get_if<auction>(&e)) {
        if constexpr (std::is_invocable_v<F&, const auction&>) f(*a);
      } else if constexpr (std::is_invocable_v<F&, const person&>) {
        f(*std::get_if<person>(&e));
      }
    }
}

/// A function of several kinds of event, from one for each.
template <class... F>
struct each_of : F... {
  using F::operator()...;
};
template <class... F>
each_of(F...) -> each_of<F...>;

}  // namespace nexmark
