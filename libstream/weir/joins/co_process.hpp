// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/operators/process_context.hpp"

#include <concepts>
#include <cstddef>
#include <functional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

namespace weir {

namespace detail {

template <class P, class K, class T>
concept processes = requires(P& p, const T& event,
                             process_context<K, typename P::output>& context) {
  p.on_event(event, context);
};

}  // namespace detail

/// A free-form operator over events of several types that are keyed by `K`: as a `processor`, with
/// an `on_event` for each type. All see the same states and timers.
template <class P, class K, class... T>
concept co_processor = std::copy_constructible<P> && std::is_class_v<P> &&
    (...&& detail::processes<P, K, T>);

namespace operators {

/// Hands an event of one of several inputs to the `on_event` for its type; the rest is the user's
/// processor's.
template <class P, class... T>
class by_type {
public:
  using output = typename P::output;

  explicit by_type(P p) : processor_(std::move(p)) {}

  template <class Event, class Context>
  void on_event(const Event& event, Context& context) {
    flow::visit_input(event, [&](const auto& inner) { processor_.on_event(inner, context); });
  }
  template <class Context, class Q = P>
  auto on_timer(timestamp at, Context& context)
      -> decltype(std::declval<Q&>().on_timer(at, context)) {
    return processor_.on_timer(at, context);
  }
  template <class Q = P>
  auto states() -> decltype(std::declval<Q&>().states()) {
    return processor_.states();
  }

private:
  P processor_;
};

/// The key of an event of one of several inputs, by the function of its input.
template <class K, class... KeyOf>
class key_by_input {
public:
  explicit key_by_input(KeyOf... key_of) : key_of_(std::move(key_of)...) {}

  template <class... T>
  K operator()(const flow::one_of<T...>& event) const {
    return key_in(event, std::index_sequence_for<T...>{});
  }
  template <std::size_t Input, class E>
  K operator()(const flow::from_input<Input, E>& event) const {
    return std::invoke(of<Input>(), std::as_const(event.event));
  }
  template <std::size_t Input>
  [[nodiscard]] const auto& of() const noexcept {
    return std::get<Input>(key_of_);
  }

private:
  template <class Event, std::size_t... I>
  K key_in(const Event& event, std::index_sequence<I...>) const {
    K key{};
    static_cast<void>(
        (... || (event.held.index() == I &&
                 (key = std::invoke(std::get<I>(key_of_), std::get<I>(event.held)), true))));
    return key;
  }

  [[no_unique_address]] std::tuple<KeyOf...> key_of_;
};

}  // namespace operators
}  // namespace weir
