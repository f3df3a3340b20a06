// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/describe_event.hpp"

#include <utility>
#include <variant>

namespace weir::flow {

/// An event of one of two inputs. What an operator of two inputs takes: it looks which it is.
template <class A, class B>
struct either {
  std::variant<A, B> held;
};

/// A failed event of two inputs is described as what it is.
template <class A, class B>
void describe_event(const either<A, B>& event, timestamp at, dead_letter& letter) {
  std::visit([&](const auto& inner) { describe_event(inner, at, letter); }, event.held);
}

}  // namespace weir::flow
