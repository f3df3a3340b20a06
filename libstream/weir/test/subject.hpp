// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/test/operator_options.hpp"
#include "weir/test/played_ends.hpp"
#include "weir/test/stage_network.hpp"

#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::test {

/// The event types of the inputs of operators under test.
template <class... Ins>
struct inputs {};

template <class Out, class Inputs>
class operator_run;

namespace detail {

template <class R>
struct result_event {
  using type = typename std::remove_cvref_t<R>::event_type;
};
template <>
struct result_event<void> {
  using type = void;
};

/// Takes a building function's type apart: the streams it takes, and what it returns a stream of.
template <class F>
struct built_by {
  static_assert(
      requires { &F::operator(); },
      "weir: operators under test are built by a function whose parameters say which "
      "streams they are, like [](weir::stream<payment> in) { … }; not by a generic lambda");
};
template <class F>
requires requires { &F::operator(); }
struct built_by<F> : built_by<decltype(&F::operator())> {};
template <class R, class... Args>
struct built_by<R (*)(Args...)> {
  using out = typename result_event<R>::type;
  using ins = inputs<typename std::remove_cvref_t<Args>::event_type...>;
  static constexpr bool reads_sides = false;
};
template <class R, class... Args>
struct built_by<R (*)(side_outputs&, Args...)> : built_by<R (*)(Args...)> {
  static constexpr bool reads_sides = true;
};
template <class C, class R, class... Args>
struct built_by<R (C::*)(Args...) const> : built_by<R (*)(Args...)> {};
template <class C, class R, class... Args>
struct built_by<R (C::*)(Args...)> : built_by<R (*)(Args...)> {};

/// Which stages of a graph the test plays, and their channels.
struct subject_layout {
  std::shared_ptr<const network_layout> network;
  std::vector<std::vector<flow::channel_id>> inputs;  ///< By input and split.
  std::uint32_t output = network_layout::nobody;
  std::vector<std::uint32_t> dead_letters;
};

[[nodiscard]] std::shared_ptr<const subject_layout> lay_out(graph g);
/// The number of the stage that reads the side output; throws if there is none.
[[nodiscard]] std::uint32_t find_side(const subject_layout& in, const std::string& name);
[[nodiscard]] std::vector<flow::channel_id> channels_to(const subject_layout& in,
                                                        std::uint32_t stage);
/// Throws unless the stage takes events of that type.
void require_type(const subject_layout& in, std::uint32_t stage, std::string_view type);

}  // namespace detail

/// Operators under test, between inputs of `Ins` and an output of `Out` (`void` if there is none):
/// built and checked once, run any number of times. Copies share. Made from a function of one or
/// more streams that returns what comes of them:
///
///     test::subject spend{[](weir::stream<payment> in) {
///       return in.key_by(&payment::card).window(tumbling{1min}).aggregate(sum{&payment::amount});
///     }};
///
/// The streams have event time already; a function may give them another with `event_time()`. Side
/// outputs of the operator that the function returns are read if they are named behind the options;
/// others with a first parameter `side_outputs&`. Throws `weir::exception` with the list of
/// mistakes if the graph has any.
template <class Out, class Inputs>
class subject;

template <class Out, class... Ins>
class subject<Out, inputs<Ins...>> {
  static_assert(sizeof...(Ins) != 0,
                "weir: operators are tested with an input: a function of a stream");

public:
  template <class F, class... U>
  explicit subject(F build, operator_options options = {}, const side_output<U>&... sides)
      : options_(options), build_([build = std::move(build), sides...](const operator_options& o) {
          return make(build, o, sides...);
        }) {
    layout_ = build_(options_);
  }
  template <class F, class U, class... More>
  explicit subject(F build, const side_output<U>& side, const side_output<More>&... sides)
      : subject(std::move(build), operator_options{}, side, sides...) {}

  /// The same operators with other options, such as another parallelism.
  [[nodiscard]] subject with(operator_options options) const {
    subject other = *this;
    other.options_ = options;
    other.layout_ = build_(options);
    return other;
  }

  /// The same operators, built already, with a clock that shows another time at first.
  [[nodiscard]] subject started_at(timestamp start) const {
    subject other = *this;
    other.options_.start = start;
    return other;
  }

  /// Begins a run: costs microseconds.
  [[nodiscard]] operator_run<Out, inputs<Ins...>> run() const;
  /// Begins a run with the state that another one's `snapshot()` returned.
  [[nodiscard]] operator_run<Out, inputs<Ins...>> restore(
      std::span<const snapshot_part> state) const;

  [[nodiscard]] const operator_options& options() const noexcept { return options_; }
  [[nodiscard]] const std::shared_ptr<const detail::subject_layout>& shared_layout()
      const noexcept {
    return layout_;
  }
  [[nodiscard]] const weir::plan& plan() const noexcept { return layout_->network->of().plan(); }

private:
  template <class F, class... U>
  static std::shared_ptr<const detail::subject_layout> make(const F& build,
                                                            const operator_options& o,
                                                            const side_output<U>&... sides) {
    auto draft = std::make_shared<build::graph_draft>("operators under test");
    draft->options = o.pipeline;
    draft->add_dead_letter_sink = [](build::graph_draft& d, std::uint32_t) {
      return build::add_sink<dead_letter>(d, played_sink<dead_letter>{});
    };
    auto streams = [&]<std::size_t... I>(std::index_sequence<I...>) {
      return std::tuple<stream<Ins>...>{add_played_input<Ins>(draft, I, o.splits)...};
    }
    (std::index_sequence_for<Ins...>{});
    std::apply(
        [&](stream<Ins>&... in) {
          side_outputs read;
          const auto call = [&] {
            if constexpr (detail::built_by<F>::reads_sides)
              return build(read, std::move(in)...);
            else
              return build(std::move(in)...);
          };
          if constexpr (std::is_void_v<Out>) {
            static_assert(sizeof...(U) == 0,
                          "weir: a function that returns no stream reads its "
                          "side outputs with side_outputs::collect()");
            call();
          } else {
            auto made = call();
            (read.collect(sides, made), ...);
            std::move(made).to(played_sink<Out>{}).named("@output");
          }
        },
        streams);
    return detail::lay_out(graph::from_draft(*draft).value());
  }

  operator_options options_;
  std::function<std::shared_ptr<const detail::subject_layout>(const operator_options&)> build_;
  std::shared_ptr<const detail::subject_layout> layout_;
};

template <class F, class... U>
subject(F, operator_options, const side_output<U>&...)
    -> subject<typename detail::built_by<F>::out, typename detail::built_by<F>::ins>;
template <class F, class... U>
subject(F, const side_output<U>&...)
    -> subject<typename detail::built_by<F>::out, typename detail::built_by<F>::ins>;

}  // namespace weir::test
