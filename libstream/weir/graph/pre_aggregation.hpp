// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/small_operators.hpp"
#include "weir/operators/pre_aggregate.hpp"

#include <functional>
#include <utility>

namespace weir::build {

/// A key function whose stream was asked to gather before it deals.
template <class KeyOf>
struct gathering_key {
  [[no_unique_address]] KeyOf key_of;
  pre_aggregation options;

  template <class T>
  decltype(auto) operator()(const T& event) const {
    return std::invoke(key_of, event);
  }
};

template <class KeyOf>
inline constexpr bool is_gathering = false;
template <class KeyOf>
inline constexpr bool is_gathering<gathering_key<KeyOf>> = true;

/// Whether windows of a stream with this key are gathered in two phases where that can be.
template <class KeyOf>
inline constexpr bool gathers_before = is_gathering<KeyOf> || std::is_same_v<KeyOf, without_key>;

template <class KeyOf>
[[nodiscard]] pre_aggregation options_of(const KeyOf& key_of) {
  if constexpr (is_gathering<KeyOf>)
    return key_of.options;
  else
    return {};
}

}  // namespace weir::build
