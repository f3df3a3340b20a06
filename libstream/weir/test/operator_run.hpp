// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/test/run_base.hpp"
#include "weir/test/subject.hpp"
#include "weir/test/timed.hpp"

#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::test {

/// One split of one input of a run: a channel of its own, with a watermark of its own. Valid as
/// long as the run stays where it is.
template <class T>
class run_input {
public:
  run_input(run_base& run, flow::channel_id channel) : run_(&run), channel_(channel) {}

  /// Sends an event, and works until nothing moves. It is judged by the watermark before it.
  const run_input& push(T event, timestamp at) const {
    boost::intrusive_ptr<flow::batch_body<T>> body{new flow::batch_body<T>};
    body->events.push(std::move(event), at);
    run_->send_data(channel_, std::move(body));
    return *this;
  }
  /// ... with the time of the clock, as a source gives it to events without a timestamp.
  const run_input& push(T event) const { return push(std::move(event), run_->now()); }
  /// Sends several events as one batch.
  const run_input& push_batch(std::vector<timed<T>> events) const {
    boost::intrusive_ptr<flow::batch_body<T>> body{new flow::batch_body<T>};
    for (timed<T>& e : events) body->events.push(std::move(e.value), e.at);
    run_->send_data(channel_, std::move(body));
    return *this;
  }
  /// Says that no more event with a timestamp at or before `w` comes on this split; a lower one
  /// than before is ignored.
  const run_input& push_watermark(timestamp w) const {
    run_->send_watermark(channel_, w);
    return *this;
  }
  /// Says that this split is not to be waited for until its next event or watermark.
  const run_input& idle() const {
    run_->send_idle(channel_);
    return *this;
  }
  /// Ends this split.
  void end() const { run_->send_end(channel_); }

private:
  run_base* run_;
  flow::channel_id channel_;
};

/// One run of the operators under test, in virtual time and without threads: after each call
/// everything that can happen has happened, in a fixed order. What an operator throws becomes a
/// dead letter, or what its stage's directive says; if that fails the stage, `failure()` says why,
/// and further pushes throw it.
template <class Out, class Inputs>
class operator_run;

template <class Out, class First, class... More>
class operator_run<Out, inputs<First, More...>> : public run_base {
  using subject_type = subject<Out, inputs<First, More...>>;

public:
  /// Runs operators that are built for this run alone; a `subject` builds them for many.
  template <class F, class... U>
  explicit operator_run(F build, operator_options options = {}, const side_output<U>&... sides)
      : operator_run(subject_type{std::move(build), options, sides...}) {}
  template <class F, class U, class... Us>
  explicit operator_run(F build, const side_output<U>& side, const side_output<Us>&... sides)
      : operator_run(subject_type{std::move(build), side, sides...}) {}
  explicit operator_run(subject_type of, std::span<const snapshot_part> restored = {})
      : run_base(of.shared_layout(), of.options(), restored), subject_(std::move(of)) {}

  /// An input's split.
  template <std::size_t I = 0>
  [[nodiscard]] auto input(std::size_t split = 0) {
    using event = std::tuple_element_t<I, std::tuple<First, More...>>;
    return run_input<event>{*this, channel_of(I, split)};
  }
  /// A split of the first input.
  [[nodiscard]] run_input<First> split(std::size_t number) { return input(number); }
  /// Pushes into the first input's first split, as `input().push(…)` does.
  operator_run& push(First event, timestamp at) {
    input().push(std::move(event), at);
    return *this;
  }
  operator_run& push(First event) { return push(std::move(event), now()); }
  operator_run& push_batch(std::vector<timed<First>> events) {
    input().push_batch(std::move(events));
    return *this;
  }

  /// What has come out since the last call. In order for each instance of the last stage; instance
  /// by instance.
  [[nodiscard]] std::vector<timed<Out>> outputs() requires(!std::is_void_v<Out>) {
    return read<Out>(layout().output);
  }
  /// ... without the timestamps.
  [[nodiscard]] std::vector<Out> values() requires(!std::is_void_v<Out>) {
    std::vector<Out> all;
    for (timed<Out>& e : outputs()) all.push_back(std::move(e.value));
    return all;
  }
  /// What has come out of a side output since the last call, such as late events.
  template <class U>
  [[nodiscard]] std::vector<timed<U>> side(const side_output<U>& output) {
    const std::uint32_t stage = detail::find_side(layout(), output.name);
    detail::require_type(layout(), stage, type_name<U>());
    return read<U>(stage);
  }
  /// The dead letters since the last call.
  [[nodiscard]] std::vector<dead_letter> dead_letters() {
    std::vector<dead_letter> all;
    for (const std::uint32_t stage : layout().dead_letters)
      for (timed<dead_letter>& e : read<dead_letter>(stage)) all.push_back(std::move(e.value));
    return all;
  }

  /// Saves the state, and begins a run of a fresh instance with it, at the same time on the clock.
  /// What has not been read of the outputs stays here.
  [[nodiscard]] operator_run restarted() {
    const std::vector<snapshot_part> state = snapshot();
    return operator_run{subject_.started_at(now()), state};
  }
  /// ... with other options, such as another parallelism.
  [[nodiscard]] operator_run restarted(operator_options options) {
    options.start = now();
    const std::vector<snapshot_part> state = snapshot();
    return operator_run{subject_.with(options), state};
  }
  [[nodiscard]] const subject_type& of() const noexcept { return subject_; }

private:
  template <class T>
  std::vector<timed<T>> read(std::uint32_t stage) {
    std::vector<timed<T>> all;
    for (const flow::frame& f : network().take(stage)) {
      if (!f.body) continue;
      auto& events = static_cast<flow::batch_body<T>&>(*f.body).events;
      for (std::size_t i = 0; i < events.size(); ++i)
        all.push_back({std::move(events.values[i]), events.times[i]});
    }
    return all;
  }

  subject_type subject_;
};

template <class F, class... U>
operator_run(F, operator_options, const side_output<U>&...)
    -> operator_run<typename detail::built_by<F>::out, typename detail::built_by<F>::ins>;
template <class F, class... U>
operator_run(F, const side_output<U>&...)
    -> operator_run<typename detail::built_by<F>::out, typename detail::built_by<F>::ins>;
template <class Out, class Inputs>
operator_run(subject<Out, Inputs>) -> operator_run<Out, Inputs>;
template <class Out, class Inputs>
operator_run(subject<Out, Inputs>, std::span<const snapshot_part>) -> operator_run<Out, Inputs>;

template <class Out, class... Ins>
operator_run<Out, inputs<Ins...>> subject<Out, inputs<Ins...>>::run() const {
  return operator_run<Out, inputs<Ins...>>{*this};
}
template <class Out, class... Ins>
operator_run<Out, inputs<Ins...>> subject<Out, inputs<Ins...>>::restore(
    std::span<const snapshot_part> state) const {
  return operator_run<Out, inputs<Ins...>>{*this, state};
}

}  // namespace weir::test
