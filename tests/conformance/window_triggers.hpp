// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "conformance/windows.hpp"
#include "weir/windows/evictors.hpp"
#include "weir/windows/triggers.hpp"

#include <boost/json.hpp>

#include <utility>
#include <variant>

namespace weir::conformance {

/// Fires when the clock reaches the last instant of a window of event time.
struct at_clock {
  using state = bool;  ///< Whether it has fired.

  template <class T>
  trigger_action on_event(state&, const T&, timestamp, const trigger_view&) const {
    return trigger_action::go_on;
  }
  [[nodiscard]] timestamp next_processing_time(const state& fired, const trigger_view& v) const {
    return fired ? max_timestamp : v.window.last();
  }
  trigger_action on_processing_time(state& fired, timestamp, const trigger_view&) const {
    fired = true;
    return trigger_action::fire;
  }
  void merge(state& into, const state& from) const { into = into && from; }
};

/// The library's triggers as one type, so that a program can hold whichever a case asks for.
class any_trigger {
  using continuous = with_early<every_event_time>;
  using plan = std::variant<at_window_end, on_count, continuous, at_clock>;

public:
  struct state {
    std::uint64_t count = 0;
    continuous::state times{};
    bool fired = false;
    BOOST_DESCRIBE_CLASS(state, (), (count, times, fired), (), ())
  };

  any_trigger(const boost::json::object& t, bool by_clock_time);

private:
  template <class S>
  static decltype(auto) of(const at_window_end&, S&) {
    static std::monostate none;
    return (none);
  }
  template <class S>
  static auto& of(const on_count&, S& s) {
    return s.count;
  }
  template <class S>
  static auto& of(const continuous&, S& s) {
    return s.times;
  }
  template <class S>
  static auto& of(const at_clock&, S& s) {
    return s.fired;
  }
  template <class S, class F>
  auto each(S& s, F f) const {
    return std::visit([&](const auto& g) { return f(g, of(g, s)); }, plan_);
  }

public:
  template <class T>
  trigger_action on_event(state& s, const T& e, timestamp at, const trigger_view& v) const {
    return purged(each(s, [&](const auto& g, auto& part) { return g.on_event(part, e, at, v); }));
  }
  [[nodiscard]] timestamp next_event_time(const state& s, const trigger_view& v) const {
    return each(s, [&](const auto& g, const auto& part) {
      if constexpr (requires { g.next_event_time(part, v); })
        return g.next_event_time(part, v);
      else
        return max_timestamp;
    });
  }
  trigger_action on_event_time(state& s, timestamp t, const trigger_view& v) const {
    return purged(each(s, [&](const auto& g, auto& part) {
      if constexpr (requires { g.on_event_time(part, t, v); })
        return g.on_event_time(part, t, v);
      else
        return trigger_action::go_on;
    }));
  }
  [[nodiscard]] timestamp next_processing_time(const state& s, const trigger_view& v) const {
    return each(s, [&](const auto& g, const auto& part) {
      if constexpr (requires { g.next_processing_time(part, v); })
        return g.next_processing_time(part, v);
      else
        return max_timestamp;
    });
  }
  trigger_action on_processing_time(state& s, timestamp t, const trigger_view& v) const {
    return purged(each(s, [&](const auto& g, auto& part) {
      if constexpr (requires { g.on_processing_time(part, t, v); })
        return g.on_processing_time(part, t, v);
      else
        return trigger_action::go_on;
    }));
  }
  void merge(state& into, const state& from) const {
    each(into, [&](const auto& g, auto& part) { g.merge(part, of(g, from)); });
  }

  [[nodiscard]] bool purges() const noexcept { return purges_; }
  [[nodiscard]] bool is_default() const noexcept {
    return std::holds_alternative<at_window_end>(plan_);
  }

private:
  [[nodiscard]] trigger_action purged(trigger_action a) const {
    return purges_ && a == trigger_action::fire ? trigger_action::fire_and_purge : a;
  }

  plan plan_;
  bool purges_;
};

/// The library's evictors as one type.
struct any_evictor {
  struct value_delta {
    double operator()(const element& a, const element& last) const {
      return static_cast<double>(last.value - a.value);
    }
  };
  std::variant<keep_last, keep_newest, keep_near<value_delta>> plan;
  bool after = false;

  explicit any_evictor(const boost::json::object& e);

  template <class T>
  void evict(evict_view<T>& view, const window& w) const {
    std::visit([&](const auto& e) { e.evict(view, w); }, plan);
  }
};

}  // namespace weir::conformance
