// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/joining.hpp"
#include "weir/joins/broadcast_process_operator.hpp"
#include "weir/joins/co_process.hpp"

#include <tuple>
#include <type_traits>
#include <utility>

namespace weir {

/// A stream that goes to every instance of what it is connected with. Made by `broadcast()`.
template <class T>
struct broadcast_stream {
  chain<T, T> of;
};

namespace detail {

template <class T, class... More>
inline constexpr bool all_different = (... && !std::is_same_v<T, More>)&&all_different<More...>;
template <class T>
inline constexpr bool all_different<T> = true;

}  // namespace detail

/// Streams keyed by the same type, for one processor of all their events.
template <class First, class... More>
class connected_streams {
  using key = typename First::key;

public:
  explicit connected_streams(First first, More... more)
      : streams_(std::move(first), std::move(more)...) {
    static_assert(
        (... && std::is_same_v<key, typename More::key>),
        "weir: connect() wants streams keyed by the same type; let each key_by() give it");
    static_assert(
        detail::all_different<typename First::event_type, typename More::event_type...>,
        "weir: connect() wants streams of different types, which tell the events apart; map() one "
        "to a type of its own");
  }

  /// Runs a free-form operator with state and timers for each key, which all the streams' events
  /// reach: a processor with an `on_event` for each type.
  template <co_processor<key, typename First::event_type, typename More::event_type...> P>
  auto process(P processor) const {
    return std::apply(
        [&](const auto&... s) {
          using by_input =
              operators::key_by_input<key, std::decay_t<decltype(build::joining::key_of(s))>...>;
          using all =
              operators::by_type<P, typename First::event_type, typename More::event_type...>;
          using event = flow::one_of<typename First::event_type, typename More::event_type...>;
          return build::joining::add<typename P::output>(
              build::joining::all_by_key("connect()", s...),
              operators::process<key, event, by_input, all>{by_input{build::joining::key_of(s)...},
                                                            all{std::move(processor)}},
              "process");
        },
        streams_);
  }
  template <class P>
  auto process(P) const {
    constexpr bool fits =
        co_processor<P, key, typename First::event_type, typename More::event_type...>;
    static_assert(
        fits,
        "weir: connect().process() wants an object with `using output = …` and an "
        "`on_event(const T&, process_context<Key, output>&)` for the event type T of each "
        "stream");
    return build::joining::begin(std::get<0>(streams_));
  }

private:
  std::tuple<First, More...> streams_;
};

/// A keyed stream, and one that goes to every instance.
template <class A, class KeyOf, class B>
class connected_broadcast {
  using key = mapped<KeyOf, A>;

public:
  connected_broadcast(keyed_stream<A, KeyOf> events, broadcast_stream<B> with)
      : events_(std::move(events)), with_(std::move(with)) {}

  /// Runs a free-form operator with state and timers for each key, and with broadcast states. The
  /// broadcast stream needs no event time, and nothing waits for it: an event sees what has been
  /// broadcast when it comes.
  template <broadcast_processor<key, A, B> P>
  auto process(P processor) const {
    return build::joining::add<typename P::output>(
        build::joining::with_broadcast(events_, with_.of, "connect()"),
        operators::broadcast_process<key, A, B, KeyOf, P>{build::joining::key_of(events_),
                                                          std::move(processor)},
        "process");
  }
  template <class P>
  auto process(P) const {
    constexpr bool fits = broadcast_processor<P, key, A, B>;
    static_assert(
        fits,
        "weir: connect(broadcast()).process() wants an object with `using output = …`, "
        "`on_event(const T&, process_context<Key, output>&)`, and `on_broadcast(const B&, "
        "const broadcast_context&)` for the broadcast events");
    return build::joining::begin(events_);
  }

private:
  keyed_stream<A, KeyOf> events_;
  broadcast_stream<B> with_;
};

/// A stream without a key, and one that goes to every instance.
template <class A, class B>
class connected_unkeyed {
public:
  connected_unkeyed(chain<A, A> events, broadcast_stream<B> with)
      : events_(std::move(events)), with_(std::move(with)) {}

  /// As on a keyed stream. With states or timers of its own, beside the broadcast ones, the stage
  /// must have one instance.
  template <broadcast_processor<no_key, A, B> P>
  auto process(P processor) const {
    auto both = build::joining::with_broadcast(events_, with_.of, "connect()");
    if constexpr (
        requires { processor.states(); } ||
        requires(timestamp t, process_context<no_key, typename P::output> & c) {
          processor.on_timer(t, c);
        })
      build::joining::require_one_instance(both);
    return build::joining::add<typename P::output>(
        std::move(both),
        operators::broadcast_process<no_key, A, B, build::without_key, P>{{}, std::move(processor)},
        "process");
  }
  template <class P>
  auto process(P) const {
    constexpr bool fits = broadcast_processor<P, no_key, A, B>;
    static_assert(fits,
                  "weir: connect(broadcast()).process() wants an object with `using output = …`, "
                  "`on_event(const T&, process_context<no_key, output>&)`, and `on_broadcast(const "
                  "B&, const broadcast_context&)` for the broadcast events");
    return events_;
  }

private:
  chain<A, A> events_;
  broadcast_stream<B> with_;
};

}  // namespace weir
