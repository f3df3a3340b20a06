// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/patterns/match_buffer.hpp"

#include <boost/container/small_vector.hpp>

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace weir {

template <class T>
class match_so_far;

/// The events that a partial match took for one step, in the order they were taken. Valid during
/// the condition's call. Going through them costs their number, once; size, front and back cost
/// nothing as they grow.
template <class T>
class taken_events {
public:
  [[nodiscard]] std::size_t size() const { return of_->count_of(step_); }
  [[nodiscard]] bool empty() const { return size() == 0; }
  /// @pre `!empty()`
  [[nodiscard]] const T& front() const { return *of_->first_of(step_); }
  /// @pre `!empty()`
  [[nodiscard]] const T& back() const { return *of_->last_of(step_); }

  class iterator {
  public:
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    iterator() = default;
    explicit iterator(const T* const* at) : at_(at) {}
    const T& operator*() const { return **at_; }
    const T* operator->() const { return *at_; }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    iterator operator++(int) { return iterator{at_++}; }
    friend bool operator==(const iterator&, const iterator&) = default;

  private:
    const T* const* at_ = nullptr;
  };
  [[nodiscard]] iterator begin() const {
    gather();
    return iterator{all_.data()};
  }
  [[nodiscard]] iterator end() const {
    gather();
    return iterator{all_.data() + all_.size()};
  }

private:
  friend class match_so_far<T>;
  taken_events(const match_so_far<T>& of, std::uint16_t step) : of_(&of), step_(step) {}
  void gather() const {
    if (gathered_) return;
    gathered_ = true;
    of_->each_newest_first(step_, [&](const T& e) { all_.push_back(&e); });
    std::reverse(all_.begin(), all_.end());
  }

  const match_so_far<T>* of_;
  std::uint16_t step_;
  mutable bool gathered_ = false;
  mutable boost::container::small_vector<const T*, 16> all_;
};

/// What a condition sees of the partial match that would take the event: the events taken so far,
/// without the one that is tried. Nothing is copied. Valid during the condition's call.
template <class T>
class match_so_far {
  using buffer = patterns::match_buffer<T>;

public:
  match_so_far(const buffer& events, patterns::node_id path, const std::vector<std::string>& steps,
               timestamp at, timestamp now)
      : events_(&events), path_(path), steps_(&steps), at_(at), now_(now) {}

  /// Whether the pattern has such a step; NOT steps never take events.
  [[nodiscard]] bool has(std::string_view step) const noexcept {
    return std::find(steps_->begin(), steps_->end(), step) != steps_->end();
  }
  /// The events taken for a step. Throws `weir::exception` if the pattern has no such step.
  [[nodiscard]] taken_events<T> operator[](std::string_view step) const {
    return {*this, step_of(step)};
  }
  [[nodiscard]] std::size_t count(std::string_view step) const { return count_of(step_of(step)); }
  /// The first event taken for a step, or null.
  [[nodiscard]] const T* first(std::string_view step) const { return first_of(step_of(step)); }
  /// The last event taken for a step, or null.
  [[nodiscard]] const T* last(std::string_view step) const { return last_of(step_of(step)); }

  /// The sum of `value(event)` over the events of a step; `value` is a member or a function.
  /// Constant time as the match grows, if `value` is a member or captures nothing.
  template <class F>
  [[nodiscard]] auto sum(std::string_view step, F value) const {
    using number = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    using total = std::conditional_t<std::is_floating_point_v<number>, double, std::int64_t>;
    return fold<total, tag_sum>(step, value, total{},
                                [](total sum, number v) { return sum + static_cast<total>(v); });
  }
  /// The mean over the events of a step; empty if it took nowhere.
  template <class F>
  [[nodiscard]] std::optional<double> mean(std::string_view step, F value) const {
    const std::size_t n = count(step);
    if (n == 0) return std::nullopt;
    return static_cast<double>(sum(step, std::move(value))) / static_cast<double>(n);
  }
  /// The smallest value over the events of a step; empty if it took nowhere.
  template <class F>
  [[nodiscard]] auto min(std::string_view step, F value) const {
    return extreme<tag_min>(step, value, [](auto a, auto b) { return b < a; });
  }
  /// The largest value over the events of a step; empty if it took nowhere.
  template <class F>
  [[nodiscard]] auto max(std::string_view step, F value) const {
    return extreme<tag_max>(step, value, [](auto a, auto b) { return a < b; });
  }

  /// Sum ('s'), mean ('e'), smallest ('i') or largest ('a') of `value(event)` over the events of a
  /// step that took some. `id` names the function: alike for those that are alike. For conditions
  /// that are made from data.
  template <class F>
  [[nodiscard]] double fold_by(std::string_view step, std::uint64_t id, char how, F value) const {
    const std::uint16_t number = step_of(step);
    auto key = key_of<tag_by_id>(number);
    key.member = {id, static_cast<std::uint64_t>(how)};
    const double start = how == 'i'   ? std::numeric_limits<double>::infinity()
                         : how == 'a' ? -std::numeric_limits<double>::infinity()
                                      : 0;
    const double all = events_->template aggregate<double>(
        key, path_, start, [&](double so_far, patterns::node_id n) {
          const double v = value(events_->event(n));
          if (how == 'i') return std::min(so_far, v);
          return how == 'a' ? std::max(so_far, v) : so_far + v;
        });
    return how == 'e' ? all / static_cast<double>(count_of(number)) : all;
  }

  /// The timestamp of the event that is tried.
  [[nodiscard]] timestamp at() const noexcept { return at_; }
  /// Wall-clock time.
  [[nodiscard]] timestamp now() const noexcept { return now_; }

private:
  friend class taken_events<T>;
  struct tag_sum {};
  struct tag_min {};
  struct tag_max {};
  struct tag_count {};
  struct tag_first {};
  struct tag_last {};
  struct tag_by_id {};
  template <class Tag, class F>
  struct function_tag {};
  /// Its address stands for a type.
  template <class>
  static inline const char address_of = 0;

  [[nodiscard]] std::uint16_t step_of(std::string_view name) const {
    for (std::size_t i = 0; i < steps_->size(); ++i)
      if (const std::string& s = (*steps_)[i];
          s.size() == name.size() && std::memcmp(s.data(), name.data(), name.size()) == 0)
        return static_cast<std::uint16_t>(i);
    throw exception(
        {errc::invalid_argument, "a condition asks for step '" + std::string{name} +
                                     "', which the pattern has not; NOT steps never take events"});
  }

  template <class Tag>
  static typename buffer::aggregate_key key_of(std::uint16_t step) {
    return {&address_of<Tag>, {}, step};
  }
  template <class Tag, class F>
  static typename buffer::aggregate_key key_of(std::uint16_t step, const F& value) {
    typename buffer::aggregate_key key{&address_of<function_tag<Tag, F>>, {}, step};
    if constexpr (std::is_member_pointer_v<F>) std::memcpy(key.member.data(), &value, sizeof value);
    return key;
  }

  [[nodiscard]] std::size_t count_of(std::uint16_t step) const {
    return events_->template aggregate<std::uint64_t>(
        key_of<tag_count>(step), path_, 0,
        [](std::uint64_t n, patterns::node_id) { return n + 1; });
  }
  [[nodiscard]] const T* first_of(std::uint16_t step) const {
    return event_or_null(events_->template aggregate<patterns::node_id>(
        key_of<tag_first>(step), path_, patterns::nowhere,
        [](patterns::node_id f, patterns::node_id n) { return f == patterns::nowhere ? n : f; }));
  }
  [[nodiscard]] const T* last_of(std::uint16_t step) const {
    return event_or_null(events_->template aggregate<patterns::node_id>(
        key_of<tag_last>(step), path_, patterns::nowhere,
        [](patterns::node_id, patterns::node_id n) { return n; }));
  }
  [[nodiscard]] const T* event_or_null(patterns::node_id n) const {
    return n == patterns::nowhere ? nullptr : &events_->event(n);
  }

  template <class F>
  void each_newest_first(std::uint16_t step, F f) const {
    for (patterns::node_id n = path_; n != patterns::nowhere; n = events_->parent(n))
      if (events_->step(n) == step) f(events_->event(n));
  }

  template <class V, class Tag, class F, class Add>
  V fold(std::string_view step, const F& value, V initial, Add add) const {
    const std::uint16_t number = step_of(step);
    if constexpr (std::is_member_pointer_v<F> || std::is_empty_v<F>) {
      return events_->template aggregate<V>(
          key_of<Tag>(number, value), path_, initial, [&](V sum, patterns::node_id n) {
            return add(sum, std::invoke(value, events_->event(n)));
          });
    } else {
      std::vector<const T*> all;
      each_newest_first(number, [&](const T& e) { all.push_back(&e); });
      for (auto at = all.rbegin(); at != all.rend(); ++at)
        initial = add(initial, std::invoke(value, **at));
      return initial;
    }
  }

  template <class Tag, class F, class Better>
  auto extreme(std::string_view step, const F& value, Better better) const {
    using number = std::decay_t<std::invoke_result_t<const F&, const T&>>;
    std::optional<number> best;
    if constexpr (std::is_member_pointer_v<F> || std::is_empty_v<F>) {
      const auto node = events_->template aggregate<patterns::node_id>(
          key_of<Tag>(step_of(step), value), path_, patterns::nowhere,
          [&](patterns::node_id so_far, patterns::node_id n) {
            if (so_far == patterns::nowhere) return n;
            return better(std::invoke(value, events_->event(so_far)),
                          std::invoke(value, events_->event(n)))
                       ? n
                       : so_far;
          });
      if (node != patterns::nowhere) best = std::invoke(value, events_->event(node));
    } else {
      each_newest_first(step_of(step), [&](const T& e) {
        const number v = std::invoke(value, e);
        if (!best || better(*best, v)) best = v;
      });
    }
    return best;
  }

  const buffer* events_;
  patterns::node_id path_;
  const std::vector<std::string>* steps_;
  timestamp at_;
  timestamp now_;
};

}  // namespace weir
