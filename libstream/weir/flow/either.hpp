// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/describe_event.hpp"

#include <utility>
#include <variant>

namespace weir::flow {

/// An event of one of several inputs. What an operator of several inputs takes: it looks which it
/// is.
template <class... T>
struct one_of {
  std::variant<T...> held;
};

/// An event of one of two inputs.
template <class A, class B>
using either = one_of<A, B>;

/// A failed event of several inputs is described as what it is.
template <class... T>
void describe_event(const one_of<T...>& event, timestamp at, dead_letter& letter) {
  std::visit([&](const auto& inner) { describe_event(inner, at, letter); }, event.held);
}

}  // namespace weir::flow
