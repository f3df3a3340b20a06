// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <concepts>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

namespace weir {

/// What happened to a row.
enum class change_kind : std::uint8_t {
  insert,  ///< `value` is new; there is no `previous`.
  update,  ///< `value` takes the place of `previous`.
  remove,  ///< `value` is gone; there is no `previous`.
};
BOOST_DESCRIBE_ENUM(change_kind, insert, update, remove)

/// A change to a table of rows of `T`. A stream of changes is a table: who applies them in order
/// has its rows.
template <class T>
struct change {
  change_kind kind = change_kind::insert;
  T value{};
  std::optional<T> previous{};

  friend bool operator==(const change&, const change&) = default;
  BOOST_DESCRIBE_CLASS(change, (), (kind, value, previous), (), ())
};

namespace detail {

template <class T>
struct row_of {};
template <class T>
struct row_of<change<T>> {
  using type = T;
};

}  // namespace detail

/// An event type that is a change.
template <class T>
concept change_event = requires {
  typename detail::row_of<T>::type;
};
/// The rows that a stream of changes is of.
template <change_event C>
using row_of = typename detail::row_of<C>::type;

/// For `flat_map<change<T>>`: makes of each update a removal and an insertion, so that the two can
/// go to different keys.
struct split_updates_t {
  template <class T, class Emit>
  void operator()(const change<T>& c, Emit emit) const {
    if (c.kind != change_kind::update) return emit(c);
    if (c.previous) emit(change<T>{change_kind::remove, *c.previous, {}});
    emit(change<T>{change_kind::insert, c.value, {}});
  }
};
inline constexpr split_updates_t split_updates{};

/// Lifts a function or member pointer of a row to a change of such rows, for `key_by` and
/// aggregates.
template <class F>
class on_row {
public:
  explicit on_row(F f) : f_(std::move(f)) {}

  template <class T>
  requires std::invocable<const F&, const T&>
  decltype(auto) operator()(const change<T>& c) const { return std::invoke(f_, c.value); }

private:
  F f_;
};

}  // namespace weir
