// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/explain.hpp"
#include "weir/patterns/plan.hpp"
#include "weir/patterns/shape.hpp"

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weir {

/// A pattern over events of `T` as it is being written down: steps, how they follow each other, and
/// how often. Each call changes the step that was added last. A pattern is a value; `detect()`
/// takes it, and so does `followed_by()`, as a group. What is illegal about it is said by
/// `compile()`, and by the check of a pipeline that uses it. See docs/guide/patterns.md.
///
///     auto probing = weir::pattern<payment>("probe")
///                        .where([](const payment& p) { return p.amount < 1; })
///                        .times(3)
///                        .followed_by("strike")
///                        .where([](const payment& p) { return p.amount > 500; })
///                        .within(30s);
template <class T>
class pattern {
public:
  using event_type = T;

  /// Begins with a step of that name.
  explicit pattern(std::string first) { add(std::move(first), patterns::link::begin); }
  /// Begins with a group; see `group()`.
  [[nodiscard]] static pattern of_group(pattern inside) {
    pattern p;
    p.add(std::move(inside), patterns::link::begin);
    return p;
  }

  // Steps. A step may also be a pattern: then it is a group, which quantifiers repeat as a whole.

  /// The very next event must fit.
  template <class Step>
  pattern& next(Step step) {
    return add(std::move(step), patterns::link::next);
  }
  /// The first event after that fits is taken; others between are passed over.
  template <class Step>
  pattern& followed_by(Step step) {
    return add(std::move(step), patterns::link::followed_by);
  }
  /// Any later event that fits may be taken: each gives a match of its own.
  template <class Step>
  pattern& followed_by_any(Step step) {
    return add(std::move(step), patterns::link::followed_by_any);
  }
  /// The very next event must not fit.
  pattern& not_next(std::string step) { return add(std::move(step), patterns::link::not_next); }
  /// No event that fits may come before the next step's. At the end of a pattern it needs
  /// `within()`: the match is complete when the time is over.
  pattern& not_followed_by(std::string step) {
    return add(std::move(step), patterns::link::not_followed_by);
  }

  // Conditions: functions of the event, or of the event and the `match_so_far`.

  /// The event must fulfil this, and all other `where` of the step.
  template <class F>
  pattern& where(F f) {
    static_assert(event_condition<F, T> || match_condition<F, T>,
                  "weir: where() wants a condition: a function of the event, or of the event and "
                  "a const match_so_far<event>&, that returns bool and can be called as const");
    if constexpr (event_condition<F, T> || match_condition<F, T>)
      condition_of(last()).add(std::move(f), true);
    return *this;
  }
  /// Or this: `where(a).where(b).or_where(c)` is (a and b) or c.
  template <class F>
  pattern& or_where(F f) {
    static_assert(event_condition<F, T> || match_condition<F, T>,
                  "weir: or_where() wants a condition: a function of the event, or of the event "
                  "and a const match_so_far<event>&, that returns bool and can be called as const");
    if constexpr (event_condition<F, T> || match_condition<F, T>)
      condition_of(last()).add(std::move(f), false);
    return *this;
  }
  /// The event must be of a kind: `is_kind` tells.
  template <class F>
  pattern& subtype(F is_kind) {
    return where(std::move(is_kind));
  }
  /// The event, a variant, must hold a `U`, and fulfil `f` on it if that is given.
  template <class U>
  pattern& subtype() {
    return where([](const T& event) { return std::holds_alternative<U>(event); });
  }
  template <class U, class F>
  pattern& subtype(F f) {
    return where([f = std::move(f)](const T& event) {
      const U* held = std::get_if<U>(&event);
      return held != nullptr && f(*held);
    });
  }
  /// Ends the step's loop: an event that fulfils this is not taken by it, nor any after.
  template <class F>
  pattern& until(F f) {
    static_assert(event_condition<F, T> || match_condition<F, T>,
                  "weir: until() wants a condition: a function of the event, or of the event and "
                  "a const match_so_far<event>&, that returns bool and can be called as const");
    if (last().until != patterns::no_condition) return wrong("until() is given twice");
    if constexpr (event_condition<F, T> || match_condition<F, T>) {
      last().until = new_condition();
      conditions_.back().add(std::move(f), true);
    }
    return *this;
  }

  // How often. `gap`, exclusive, bounds the time between two repetitions; 0 is none.

  pattern& one_or_more(duration gap = duration::max()) { return times_or_more(1, gap); }
  pattern& times(std::int64_t n, duration gap = duration::max()) { return quantify(n, n, gap); }
  /// Between `least` and `most` times; `times(0, n)` is `times(1, n).optional()`.
  pattern& times(std::int64_t least, std::int64_t most, duration gap = duration::max()) {
    quantify(least == 0 && most > 0 ? 1 : least, most, gap);
    if (least == 0 && most > 0) last().times.optional = true;
    return *this;
  }
  pattern& times_or_more(std::int64_t n, duration gap = duration::max()) {
    return quantify(n, patterns::unbounded, gap);
  }
  /// The step may be missing.
  pattern& optional() {
    last().times.optional = true;
    return *this;
  }
  /// The step takes what it can: the step after it can't take an event that would fit here, nor
  /// pass it over.
  pattern& greedy() {
    last().times.greedy = true;
    return *this;
  }
  /// Nothing may lie between two repetitions.
  pattern& consecutive() { return repeat_with(contiguity::strict, "consecutive()"); }
  /// Events that fit may lie between two repetitions: all combinations match.
  pattern& allow_combinations() { return repeat_with(contiguity::any, "allow_combinations()"); }

  /// Bounds the whole match: every event comes less than `d` after the first. With
  /// `since::previous` bounds the wait for the last step added. Of several bounds the shortest
  /// counts, and 0 is none.
  pattern& within(duration d, since from = since::first) {
    std::optional<duration>& bound = from == since::previous ? last().gap : shape_.within;
    if (d != duration{0}) bound = std::min(bound.value_or(d), d);
    return *this;
  }
  /// What a match that is emitted discards.
  pattern& skip(after_match strategy) {
    shape_.skip = std::move(strategy);
    return *this;
  }
  /// Names the pattern, for its matches and for people.
  pattern& named(std::string name) {
    shape_.name = std::move(name);
    return *this;
  }

  /// Checks the pattern and compiles it. An error lists, with its step, all that is illegal.
  [[nodiscard]] result<std::shared_ptr<const patterns::plan<T>>> compile() const {
    if (!wrong_.empty())
      return error{
          errc::invalid_argument,
          (shape_.name.empty() ? "pattern" : "pattern '" + shape_.name + "'") + ": " + wrong_};
    if (conditions_.size() > patterns::most_conditions)
      return error{errc::invalid_argument,
                   "pattern '" + shape_.name + "': more than 63 conditions; split the pattern"};
    auto machine = patterns::compile(shape_);
    if (!machine) return machine.error();
    return std::make_shared<const patterns::plan<T>>(std::move(*machine), conditions_);
  }

  /// Describes the compiled pattern for people, with warnings of what can grow without bound; or
  /// says what is illegal about it.
  [[nodiscard]] std::string explain() const {
    const auto plan = compile();
    return plan ? patterns::explain((*plan)->machine) : plan.error().message;
  }
  /// ... as a state diagram for Mermaid.
  [[nodiscard]] std::string to_mermaid() const {
    const auto plan = compile();
    return plan ? patterns::to_mermaid((*plan)->machine) : plan.error().message;
  }

  [[nodiscard]] const patterns::shape& shape() const noexcept { return shape_; }

  // For those who make patterns from data.

  pattern& where(patterns::condition<T> c) {
    last().condition = new_condition();
    conditions_.back() = std::move(c);
    return *this;
  }
  pattern& until(patterns::condition<T> c) {
    last().until = new_condition();
    conditions_.back() = std::move(c);
    return *this;
  }

private:
  pattern() = default;

  patterns::item& last() { return shape_.items.back(); }

  pattern& add(std::string name, patterns::link how) {
    patterns::item i;
    i.name = std::move(name);
    i.how = how;
    shape_.items.push_back(std::move(i));
    return *this;
  }
  /// Adds a group, whose conditions go behind ours; of its whole only `within` carries over.
  pattern& add(pattern inside, patterns::link how) {
    const int offset = static_cast<int>(conditions_.size());
    for (auto& c : inside.conditions_) conditions_.push_back(std::move(c));
    renumber(inside.shape_.items, offset);
    if (inside.shape_.within) within(*inside.shape_.within);
    if (wrong_.empty()) wrong_ = std::move(inside.wrong_);
    patterns::item i;
    i.how = how;
    i.group = std::move(inside.shape_.items);
    shape_.items.push_back(std::move(i));
    return *this;
  }
  static void renumber(std::vector<patterns::item>& items, int offset) {
    for (patterns::item& i : items) {
      if (i.condition != patterns::no_condition) i.condition += offset;
      if (i.until != patterns::no_condition) i.until += offset;
      renumber(i.group, offset);
    }
  }

  int new_condition() {
    conditions_.emplace_back();
    return static_cast<int>(conditions_.size() - 1);
  }
  patterns::condition<T>& condition_of(patterns::item& i) {
    if (i.is_group()) wrong("where() is for a step, not for a group");
    if (i.condition == patterns::no_condition) i.condition = new_condition();
    return conditions_[static_cast<std::size_t>(i.condition)];
  }

  pattern& quantify(std::int64_t min, std::int64_t max, duration gap) {
    patterns::quantifier& q = last().times;
    if (q.given) return wrong("a second quantifier; a step has one");
    q.given = true;
    q.min = min;
    q.max = max;
    if (gap != duration::max() && gap != duration{0}) q.gap = gap;
    return *this;
  }
  pattern& repeat_with(contiguity how, const char* what) {
    if (!last().times.given)
      return wrong(std::string{what} + " needs a quantifier before it, like one_or_more()");
    last().times.inner = how;
    return *this;
  }

  pattern& wrong(const std::string& what) {
    const patterns::item* first = &last();
    while (first->is_group()) first = &first->group.front();
    if (wrong_.empty())
      wrong_ = (last().is_group() ? "the group of '" : "step '") + first->name + "': " + what;
    return *this;
  }

  patterns::shape shape_;
  std::vector<patterns::condition<T>> conditions_;
  std::string wrong_;  ///< The first mistake in the order of the calls.
};

/// Begins a pattern with a group: `group(pattern<T>("a").next("b")).one_or_more()`.
template <class T>
[[nodiscard]] pattern<T> group(pattern<T> inside) {
  return pattern<T>::of_group(std::move(inside));
}

}  // namespace weir
