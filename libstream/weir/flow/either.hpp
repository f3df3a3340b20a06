// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/describe_event.hpp"
#include "weir/flow/replay.hpp"

#include <cstddef>
#include <utility>
#include <variant>

namespace weir::flow {

/// An event of one of several inputs. What an operator of several inputs takes: it looks which it
/// is.
template <class... T>
struct one_of {
  one_of() = default;
  explicit one_of(std::variant<T...> event) : held(std::move(event)) {}
  template <std::size_t Input, class V>
  one_of(std::in_place_index_t<Input> input, V&& event) : held(input, std::forward<V>(event)) {}

  std::variant<T...> held;
};

/// An event of one of two inputs.
template <class A, class B>
using either = one_of<A, B>;

/// An event of one of several inputs whose number is known when a loop over a frame is compiled: a
/// reference, `E`. An operator takes it as it takes a `one_of`, by `by_input`.
template <std::size_t Input, class E>
struct from_input {
  E event;
};

template <class T>
inline constexpr bool is_one_of = false;
template <class... T>
inline constexpr bool is_one_of<one_of<T...>> = true;

/// Calls `a` or `b` with an event of one of two inputs: that of the input it came by.
template <class E, class A, class B>
void by_input(E&& in, A a, B b) {
  if (in.held.index() == 0)
    a(std::get<0>(std::forward<E>(in).held));
  else
    b(std::get<1>(std::forward<E>(in).held));
}
template <std::size_t Input, class E, class A, class B>
void by_input(from_input<Input, E>&& in, A a, B b) {
  if constexpr (Input == 0)
    a(std::forward<E>(in.event));
  else
    b(std::forward<E>(in.event));
}

/// Calls `f` with what the event is, whichever of several inputs it came by.
template <class F, class... T>
void visit_input(const one_of<T...>& in, F f) {
  std::visit(f, in.held);
}
template <class F, std::size_t Input, class E>
void visit_input(const from_input<Input, E>& in, F f) {
  f(std::as_const(in.event));
}

/// Such a reference is never what a letter holds.
template <std::size_t Input, class E>
struct event_reader<from_input<Input, E>> {
  static constexpr bool reads = false;
};

/// A failed event of several inputs is described as what it is.
template <class... T>
void describe_event(const one_of<T...>& event, timestamp at, dead_letter& letter) {
  std::visit([&](const auto& inner) { describe_event(inner, at, letter); }, event.held);
  letter.input = static_cast<std::uint32_t>(event.held.index());
}

/// ... and comes back by the input that it came by.
template <class... T>
struct event_reader<one_of<T...>> {
  static constexpr bool reads = (... && event_reader<T>::reads);

  [[nodiscard]] static bool fits(const dead_letter& letter) {
    return any_input(letter, [&]<std::size_t, class U> { return event_reader<U>::fits(letter); });
  }
  [[nodiscard]] static result<one_of<T...>> read(const dead_letter& letter) {
    result<one_of<T...>> made = error{errc::unsupported, "the stage has no such input"};
    any_input(letter, [&]<std::size_t I, class U> {
      auto inner = event_reader<U>::read(letter);
      if (inner)
        made = one_of<T...>{std::in_place_index<I>, *std::move(inner)};
      else
        made = inner.error();
      return true;
    });
    return made;
  }

private:
  /// Calls `f` for the letter's input; false if there is none of that number.
  template <class F>
  static bool any_input(const dead_letter& letter, F f) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return (false || ... || (letter.input == I && f.template operator()<I, T>()));
    }
    (std::index_sequence_for<T...>{});
  }
};

}  // namespace weir::flow
