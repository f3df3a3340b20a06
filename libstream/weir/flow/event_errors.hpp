// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/dead_letter.hpp"
#include "weir/flow/directive.hpp"
#include "weir/flow/effects.hpp"
#include "weir/flow/poison_list.hpp"
#include "weir/metrics/stage_metrics.hpp"

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace weir::flow {

template <class T>
class typed_output_port;

/// Counts how often the event that a loop is at has been tried. Each loop of a stage has its own:
/// they number their events alike.
class event_tries {
public:
  /// Notes that the loop's event of that number has failed, and answers how often by now.
  std::uint32_t failed(std::uint64_t event) noexcept {
    if (std::exchange(event_, event) != event) tries_ = 0;
    return ++tries_;
  }

private:
  std::uint64_t event_ = ~std::uint64_t{0};
  std::uint32_t tries_ = 0;
};

/// Applies a stage's directive to events that fail.
class event_errors {
public:
  /// What the loop over the events does next.
  enum class next : std::uint8_t {
    go_on,  ///< The event is dealt with; take the next one.
    again,  ///< Try the same event again, once `waiting()` is over.
    fail,   ///< The stage has failed; take nothing more.
  };

  /// `dead_letters` may be null: then dead letters are only counted.
  /// Without a `poison` list an event may fail under `restart` for ever.
  event_errors(std::string stage, directive what, typed_output_port<dead_letter>* dead_letters,
               std::shared_ptr<stage_metrics> metrics,
               std::shared_ptr<poison_list> poison = nullptr)
      : stage_(std::move(stage)),
        directive_(what),
        dead_letters_(dead_letters),
        metrics_(std::move(metrics)),
        poison_(std::move(poison)) {}

  /// Deals with the exception in flight, at the event's `tries`-th try; a firing can't be tried
  /// again. `describe(dead_letter&)` fills in the event and is called only when a dead letter is
  /// made.
  template <class Describe>
  next on_exception(std::string_view operator_name, std::uint32_t tries, timestamp wall,
                    effects& out, bool may_retry, Describe describe) {
    return on_error(operator_name, current_error(), tries, wall, out, may_retry,
                    std::move(describe));
  }

  /// As above, for a failure that is no exception.
  template <class Describe>
  next on_error(std::string_view operator_name, error why, std::uint32_t tries, timestamp wall,
                effects& out, bool may_retry, Describe describe) {
    const bool aside = is_poison(operator_name, describe);
    const next n = aside ? next::go_on : judge(operator_name, why, tries, wall, may_retry, out);
    if (n == next::go_on && directive_.what != directive::kind::skip) {
      dead_letter letter = begin_letter(operator_name, std::move(why), tries, wall);
      describe(letter);
      send(std::move(letter));
    }
    return n;
  }

  /// Keeps an event as a dead letter whatever the directive says: for an operator whose own setting
  /// decides.
  template <class Describe>
  void keep(std::string_view operator_name, error why, std::uint32_t tries, timestamp wall,
            Describe describe) {
    dead_letter letter = begin_letter(operator_name, std::move(why), tries, wall);
    describe(letter);
    send(std::move(letter));
  }

  /// Deals with a record that a source could not decode: there is no event to try again. False if
  /// the stage has failed.
  bool on_rejected(std::string_view operator_name, error why, timestamp wall,
                   const dead_letter& record, effects& out);

  /// Whether the stage must wait before it goes on: a retry's back-off, or the dead letters' own
  /// back-pressure.
  [[nodiscard]] bool waiting(timestamp wall, effects& out);
  [[nodiscard]] bool failed() const noexcept { return failed_; }
  [[nodiscard]] const std::string& stage() const noexcept { return stage_; }

private:
  /// Whether the event has made the region restart as often as it may.
  template <class Describe>
  [[nodiscard]] bool is_poison(std::string_view operator_name, Describe& describe) const {
    if (directive_.what != directive::kind::restart || poison_ == nullptr) return false;
    dead_letter event;
    describe(event);
    if (event.event.empty() && event.text.empty()) return false;  // a firing
    std::string which{operator_name};
    which += '\n';
    which += event.event.empty() ? std::string_view{event.text} : as_text(event.event);
    return poison_->failed(which) > directive_.tries;
  }
  static error current_error();
  next judge(std::string_view operator_name, const error& why, std::uint32_t tries, timestamp wall,
             bool may_retry, effects& out);
  [[nodiscard]] dead_letter begin_letter(std::string_view operator_name, error why,
                                         std::uint32_t tries, timestamp wall) const;
  void send(dead_letter letter);

  std::string stage_;
  directive directive_;
  typed_output_port<dead_letter>* dead_letters_;
  std::shared_ptr<stage_metrics> metrics_;
  std::shared_ptr<poison_list> poison_;  ///< May be null.
  timestamp not_before_ = min_timestamp;
  bool failed_ = false;
};

}  // namespace weir::flow
