// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/evictors.hpp"
#include "weir/windows/triggers.hpp"
#include "weir/windows/window_contents.hpp"
#include "weir/windows/window_kinds.hpp"

#include <string>
#include <type_traits>
#include <utility>

namespace weir::detail {

/// The settings of windows so far; those that choose an engine are types.
template <class Windows, class Trigger = at_window_end, class Evictor = operators::no_evictor,
          bool Late = false, bool Discards = false, bool OnChange = false>
struct window_settings {
  using windows_type = Windows;
  using trigger_type = Trigger;
  using evictor_type = Evictor;
  static constexpr bool late = Late;
  static constexpr bool discards = Discards;
  static constexpr bool on_change = OnChange;

  Windows windows;
  Trigger trigger{};
  Evictor evictor{};
  duration lateness{};
  std::string late_output{};

  template <class W>
  auto with_windows(W w) const {
    return window_settings<W, Trigger, Evictor, Late, Discards, OnChange>{
        std::move(w), trigger, evictor, lateness, late_output};
  }
  template <class G>
  auto with_trigger(G g) const {
    return window_settings<Windows, G, Evictor, Late, Discards, OnChange>{
        windows, std::move(g), evictor, lateness, late_output};
  }
  template <class E>
  auto with_evictor(E e) const {
    return window_settings<Windows, Trigger, E, Late, Discards, OnChange>{
        windows, trigger, std::move(e), lateness, late_output};
  }
  template <bool L, bool D, bool C>
  auto with_flags() const {
    return window_settings<Windows, Trigger, Evictor, L, D, C>{windows, trigger, evictor, lateness,
                                                               late_output};
  }
};

/// What settings come to.
template <class S>
struct window_traits {
  using windows = typename S::windows_type;
  static constexpr bool tumbling = std::is_same_v<windows, weir::tumbling>;
  static constexpr bool clock_tumbling = std::is_same_v<windows, by_clock<weir::tumbling>>;
  static constexpr bool hopping = std::is_same_v<windows, weir::hopping>;
  static constexpr bool sliding = std::is_same_v<windows, weir::sliding>;
  static constexpr bool session = is_session<windows>;
  static constexpr bool counted = is_count_window<windows>;
  static constexpr bool evicts = !std::is_same_v<typename S::evictor_type, operators::no_evictor>;
  static constexpr bool discards = S::discards;
  static constexpr bool plain = std::is_same_v<typename S::trigger_type, at_window_end> && !evicts;
  /// Only these engines know no triggers and evictors.
  static constexpr bool special = sliding || counted;
  static constexpr bool may_fire_again = S::late || !plain;
  static constexpr bool in_panes = hopping && plain && !(S::late && S::discards);
};

}  // namespace weir::detail
