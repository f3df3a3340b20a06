// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/event/change.hpp"

#include <type_traits>
#include <utility>

namespace weir {

namespace detail {

template <class T>
struct table_row_of {
  using type = T;
};
template <change_event C>
struct table_row_of<C> {
  using type = weir::row_of<C>;
};

}  // namespace detail

/// The rows of a table that is made of events of `T`: the events, or the rows of changes.
template <class T>
using table_row = typename detail::table_row_of<T>::type;

namespace operators {

/// Whether an event of a table's stream takes the key's row away.
template <class T>
[[nodiscard]] bool removes_row(const T& event) {
  if constexpr (change_event<T>)
    return event.kind == change_kind::remove;
  else
    return false;
}
/// The row that an event of a table's stream brings.
template <class E>
[[nodiscard]] table_row<std::decay_t<E>> row_in(E&& event) {
  if constexpr (change_event<std::decay_t<E>>)
    return std::forward<E>(event).value;
  else
    return std::forward<E>(event);
}

}  // namespace operators
}  // namespace weir
