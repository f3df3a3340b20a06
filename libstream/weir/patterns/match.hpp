// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/core/time.hpp"

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// The events that a match took for one step, in the order they were taken.
template <class T>
struct matched_step {
  std::string step;
  std::vector<T> events;

  friend bool operator==(const matched_step&, const matched_step&) = default;
  BOOST_DESCRIBE_CLASS(matched_step, (), (step, events), (), ())
};

/// Events that fit a pattern. Its timestamp in the stream is that of the event that completed it,
/// or, where a pattern ends with not_followed_by, the time at which nothing had come.
template <class T>
struct match {
  std::string pattern;                 ///< The pattern's name, or the rule's id.
  std::uint64_t version = 0;           ///< Of the rule, where patterns come as rules.
  std::vector<matched_step<T>> steps;  ///< Those that took events, in the order they began to.
  timestamp began;                     ///< Of the first event.
  timestamp ended;                     ///< Of the last event.

  /// The events taken for a step; empty if it took none.
  [[nodiscard]] std::span<const T> operator[](std::string_view step) const noexcept {
    for (const matched_step<T>& s : steps)
      if (s.step == step) return s.events;
    return {};
  }
  /// The first event taken for a step. Throws `weir::exception` if there is none.
  [[nodiscard]] const T& first(std::string_view step) const {
    const auto events = (*this)[step];
    if (events.empty())
      throw exception({errc::not_found, "match: no event was taken for step '" + std::string{step} +
                                            "'; ask with m[\"…\"].empty()"});
    return events.front();
  }
  /// How many events it holds.
  [[nodiscard]] std::size_t size() const noexcept {
    std::size_t n = 0;
    for (const matched_step<T>& s : steps) n += s.events.size();
    return n;
  }

  friend bool operator==(const match&, const match&) = default;
  BOOST_DESCRIBE_CLASS(match, (), (pattern, version, steps, began, ended), (), ())
};

/// A partial match whose time was over before it was complete. Its timestamp in the stream is when
/// its time was over.
template <class T>
struct timed_out_match {
  match<T> events;  ///< What it had taken.
  timestamp at;     ///< When its time was over.

  friend bool operator==(const timed_out_match&, const timed_out_match&) = default;
  BOOST_DESCRIBE_CLASS(timed_out_match, (), (events, at), (), ())
};

template <class M>
inline constexpr bool is_match = false;
template <class T>
inline constexpr bool is_match<match<T>> = true;

}  // namespace weir
