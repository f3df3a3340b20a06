// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <concepts>
#include <cstdint>
#include <functional>
#include <string>
#include <type_traits>

namespace weir {

/// Which events come out of a join without a partner.
enum class join_kind : std::uint8_t {
  inner,  ///< None.
  left,   ///< Those of the left stream.
  right,  ///< Those of the right stream.
  full,   ///< Those of both.
};

namespace detail {

constexpr bool keeps_left(join_kind k) noexcept {
  return k == join_kind::left || k == join_kind::full;
}
constexpr bool keeps_right(join_kind k) noexcept {
  return k == join_kind::right || k == join_kind::full;
}

/// What a join's function is called with for the side that may be missing: a pointer, null if it
/// is; and for the other: a reference.
template <class T, bool MayMiss>
using joined_argument = std::conditional_t<MayMiss, const T*, const T&>;

}  // namespace detail

/// A function that makes a value of two events that belong together. An event that may be missing
/// comes as a pointer: the right one of a left join, the left one of a right join, either of a full
/// one.
template <class F, class A, class B, join_kind Kind>
concept join_function =
    std::invocable<const F&, detail::joined_argument<A, detail::keeps_right(Kind)>,
                   detail::joined_argument<B, detail::keeps_left(Kind)>> &&
    !std::is_void_v<
        std::invoke_result_t<const F&, detail::joined_argument<A, detail::keeps_right(Kind)>,
                             detail::joined_argument<B, detail::keeps_left(Kind)>>>;

namespace operators {

/// Calls a join's function. One of the two may be null where the kind allows it.
template <join_kind Kind, class F, class A, class B>
auto join_events(const F& f, const A* a, const B* b) {
  if constexpr (Kind == join_kind::inner)
    return std::invoke(f, *a, *b);
  else if constexpr (Kind == join_kind::left)
    return std::invoke(f, *a, b);
  else if constexpr (Kind == join_kind::right)
    return std::invoke(f, a, *b);
  else
    return std::invoke(f, a, b);
}

/// The names of a join's side outputs; empty where there is none.
struct join_sides {
  std::string late_left;
  std::string late_right;
  std::string unmatched_left;
  std::string unmatched_right;
};

}  // namespace operators
}  // namespace weir
