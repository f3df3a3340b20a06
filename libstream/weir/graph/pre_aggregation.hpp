// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/small_operators.hpp"
#include "weir/operators/pre_aggregate.hpp"
#include "weir/operators/pre_aggregate_sessions.hpp"

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

/// Whether such windows of a stream with this key are gathered in two phases: sessions only if that
/// was asked for, since it spares nothing where a session has few events.
template <class KeyOf, class Traits>
inline constexpr bool gathers_before =
    Traits::plain && !Traits::discards &&
    ((is_gathering<KeyOf> && (Traits::tumbling || Traits::hopping || Traits::session)) ||
     (std::is_same_v<KeyOf, without_key> && (Traits::tumbling || Traits::hopping)));

/// How windows of a stream of partials are laid, and what gathers these.
template <class Windows>
struct in_two_phases {
  using windows = Windows;
  template <class K, class T, class KeyOf, class Fold>
  using gather = operators::pre_aggregate<K, T, KeyOf, Windows, Fold>;
};
template <class Gap>
struct in_two_phases<session<Gap>> {
  using windows = operators::sessions_of_partials<session<Gap>>;
  template <class K, class T, class KeyOf, class Fold>
  using gather = operators::pre_aggregate_sessions<K, T, KeyOf, session<Gap>, Fold>;
};

template <class KeyOf>
[[nodiscard]] pre_aggregation options_of(const KeyOf& key_of) {
  if constexpr (is_gathering<KeyOf>)
    return key_of.options;
  else
    return {};
}

}  // namespace weir::build
