// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"

#include <functional>
#include <tuple>
#include <variant>

namespace weir::operators {

/// Returns the key of an event of either side; `keys_of` has the key function of each.
template <class K, class A, class B, class Keys>
[[nodiscard]] K either_key(const flow::either<A, B>& event, const Keys& keys_of) {
  if (const A* a = std::get_if<0>(&event.held)) return std::invoke(std::get<0>(keys_of), *a);
  return std::invoke(std::get<1>(keys_of), *std::get_if<1>(&event.held));
}

}  // namespace weir::operators
