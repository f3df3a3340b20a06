// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/windows/count_windows.hpp"
#include "weir/windows/global_window.hpp"
#include "weir/windows/hopping.hpp"
#include "weir/windows/session.hpp"
#include "weir/windows/sliding.hpp"
#include "weir/windows/tumbling.hpp"

#include <concepts>
#include <type_traits>
#include <utility>

namespace weir {

/// Says which windows an event of `T` belongs to: `assign(event, at, emit)` calls `emit(window)`
/// for each. One of your own is an object like that; with `static constexpr bool merging = true`
/// and `rule()` its windows merge as sessions do.
template <class W, class T>
concept window_assigner = std::copy_constructible<W> &&
    requires(const W& w, const T& event, timestamp at, void (*emit)(window)) {
  w.assign(event, at, emit);
};

/// Windows of processing time: events belong where the wall clock stands when they are worked on.
/// Made by `processing_time()`.
template <class W>
struct by_clock {
  W windows;
};

/// Lays tumbling, hopping, session or own windows over the wall clock instead of event time.
/// Results then depend on when events arrive.
template <class W>
[[nodiscard]] by_clock<W> processing_time(W windows) {
  return {std::move(windows)};
}

namespace detail {

template <class W>
inline constexpr bool is_by_clock = false;
template <class W>
inline constexpr bool is_by_clock<by_clock<W>> = true;

template <class W>
inline constexpr bool is_count_window =
    std::is_same_v<W, tumbling_count> || std::is_same_v<W, sliding_count>;

template <class W>
inline constexpr bool is_session = false;
template <class Gap>
inline constexpr bool is_session<session<Gap>> = true;

template <class W>
inline constexpr bool is_merging = false;
template <class W>
requires requires { requires W::merging; }
inline constexpr bool is_merging<W> = true;
template <class W>
inline constexpr bool is_merging<by_clock<W>> = is_merging<W>;

/// Whether a kind of window is one of the library's or an assigner for `T`.
template <class W, class T>
inline constexpr bool is_window_kind =
    std::is_same_v<W, sliding> || is_count_window<W> || window_assigner<W, T>;
template <class W, class T>
inline constexpr bool is_window_kind<by_clock<W>, T> = window_assigner<W, T>;

}  // namespace detail

}  // namespace weir
