// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/joins/hopping_join_operator.hpp"
#include "weir/joins/window_join_operator.hpp"

#include <type_traits>

namespace weir::operators {

/// The engine of a join in windows of a kind.
template <class K, class A, class B, class KeyA, class KeyB, class F, join_kind Kind, class Windows>
using window_join_of =
    std::conditional_t<std::is_same_v<Windows, hopping>, hopping_join<K, A, B, KeyA, KeyB, F, Kind>,
                       window_join<K, A, B, KeyA, KeyB, F, Kind, Windows>>;

}  // namespace weir::operators
