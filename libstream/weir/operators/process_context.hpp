// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/operator_concepts.hpp"
#include "weir/state/timer_queue.hpp"

#include <boost/describe/class.hpp>

#include <string>
#include <utility>
#include <vector>

namespace weir {

/// The key of a stream that has none.
struct no_key {
  friend constexpr bool operator==(const no_key&, const no_key&) noexcept = default;
};
BOOST_DESCRIBE_STRUCT(no_key, (), ())

/// Names a further output of an operator, of another type than its main one.
template <class T>
struct side_output {
  std::string name;
};
namespace operators {
template <class K, class T, class KeyOf, class P>
class process;
}

/// What a processor sees of the call it is in. Valid during that call only.
template <class K, class Out>
class process_context {
public:
  [[nodiscard]] const K& key() const noexcept { return *key_; }
  /// The event's timestamp, or the time that the timer was set for.
  [[nodiscard]] timestamp at() const noexcept { return at_; }
  [[nodiscard]] timestamp watermark() const noexcept { return watermark_; }
  /// Wall-clock time.
  [[nodiscard]] timestamp now() const noexcept { return now_; }

  void emit(Out value) { emit(std::move(value), at_); }
  void emit(Out value, timestamp at) { out_.emplace_back(std::move(value), at); }

  /// Emits to a side output; counted, and not kept, if nobody consumes it.
  template <class T>
  void side(const side_output<T>& to, T value) {
    if (auto* out = environment_->side<T>(to.name))
      out->emit(std::move(value), at_);
    else
      environment_->metrics->unclaimed_outputs.add(1);
  }

  /// Calls `on_timer` for this key once the watermark has reached `t`.
  void set_event_timer(timestamp t) { event_timers_->set({t, slot_}); }
  void erase_event_timer(timestamp t) { event_timers_->erase({t, slot_}); }
  /// Calls `on_timer` for this key at wall-clock time `t` or soon after.
  void set_processing_timer(timestamp t) { processing_timers_->set({t, slot_}); }
  void erase_processing_timer(timestamp t) { processing_timers_->erase({t, slot_}); }

private:
  template <class, class, class, class>
  friend class operators::process;

  const flow::operator_environment* environment_ = nullptr;
  timer_queue* event_timers_ = nullptr;
  timer_queue* processing_timers_ = nullptr;
  const K* key_ = nullptr;
  std::uint32_t slot_ = 0;
  timestamp at_;
  timestamp watermark_ = min_timestamp;
  timestamp now_;
  std::vector<std::pair<Out, timestamp>> out_;
};

/// A free-form operator over events of `T` keyed by `K`: `output` names what it emits; `on_event`
/// is called for each event, `on_timer(time, context)`, if there, for each timer, and `states()`,
/// if there, answers `std::tie` of its states. Every instance works on a copy. One that changes
/// state and sets timers only behind all that may throw says so by `static constexpr bool atomic =
/// true`: then its stage may have `directive::retry`, if it is the stage's last, no `key_by` is
/// behind it, whose function might throw, and what is before hands it one event at a time.
template <class P, class K, class T>
concept processor = std::copy_constructible<P> &&
    requires(P& p, const T& event, process_context<K, typename P::output>& context) {
  p.on_event(event, context);
};

template <class P>
inline constexpr bool is_atomic = requires {
  requires P::atomic;
};

}  // namespace weir
