// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/field.hpp"
#include "weir/patterns/match_so_far.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace weir {

/// A condition on the event alone.
template <class F, class T>
concept event_condition = std::predicate<const F&, const T&>;
/// A condition that also reads what the match has taken so far.
template <class F, class T>
concept match_condition = std::predicate < const F&,
        const T&, const match_so_far<T>
& > ;

namespace patterns {

/// A condition on the event alone, type-erased: one call for many events.
template <class T>
class predicate {
public:
  virtual ~predicate() = default;
  /// Sets `fits[i]` to what the condition says of event i, for those i where it equals `where`.
  virtual void narrow(const T* events, std::size_t n, bool* fits, bool where) const = 0;

  /// It can only hold if one of these fields has its value; empty if that is not known.
  std::vector<needed_value<T>> needs;
};

/// A condition on the event and the match so far, type-erased.
template <class T>
class match_predicate {
public:
  virtual ~match_predicate() = default;
  [[nodiscard]] virtual bool holds(const T& event, const match_so_far<T>& m) const = 0;
};

template <class T, class F>
class predicate_of final : public predicate<T> {
public:
  explicit predicate_of(F f) : f_(std::move(f)) {}
  void narrow(const T* events, std::size_t n, bool* fits, bool where) const override {
    for (std::size_t i = 0; i < n; ++i)
      if (fits[i] == where) fits[i] = static_cast<bool>(std::invoke(f_, events[i]));
  }

private:
  F f_;
};

template <class T, class F>
class match_predicate_of final : public match_predicate<T> {
public:
  explicit match_predicate_of(F f) : f_(std::move(f)) {}
  [[nodiscard]] bool holds(const T& event, const match_so_far<T>& m) const override {
    return static_cast<bool>(std::invoke(f_, event, m));
  }

private:
  F f_;
};

/// What `where` and `or_where` have gathered: ((a and b) or c) and d, from left to right. Copies
/// share.
template <class T>
class condition {
public:
  template <class F>
  void add(F f, bool conjunction) {
    term t;
    t.conjunction = conjunction || terms_.empty();
    if constexpr (event_condition<F, T>)
      t.on_event = std::make_shared<predicate_of<T, F>>(std::move(f));
    else
      t.on_match = std::make_shared<match_predicate_of<T, F>>(std::move(f));
    terms_.push_back(std::move(t));
  }
  void add(std::shared_ptr<const predicate<T>> p) { terms_.push_back({true, std::move(p), {}}); }
  void add(std::shared_ptr<const match_predicate<T>> p) {
    terms_.push_back({true, {}, std::move(p)});
  }

  [[nodiscard]] bool empty() const noexcept { return terms_.empty(); }
  /// Calls `f(on_event, conjunction)` for each part; `on_event` is null where it reads the match.
  template <class F>
  void each_term(F f) const {
    for (const term& t : terms_) f(t.on_event, t.conjunction);
  }
  /// ... for those that `on_events` asks.
  template <class F>
  void each_open_term(F f) const {
    if (reads_match() && !only_conjunctions()) return;
    for (const term& t : terms_)
      if (t.on_event) f(t.on_event, t.conjunction);
  }
  [[nodiscard]] bool reads_match() const noexcept {
    for (const term& t : terms_)
      if (t.on_match) return true;
    return false;
  }

  /// Sets `fits[i]` where the event alone leaves it open or says yes. If nothing reads the match,
  /// that is the whole answer.
  void on_events(const T* events, std::size_t n, bool* fits) const {
    std::fill(fits, fits + n, true);
    const bool whole = !reads_match();
    if (!whole && !only_conjunctions()) return;
    for (const term& t : terms_)
      if (t.on_event) t.on_event->narrow(events, n, fits, t.conjunction);
  }
  /// Answers for one event and match, given that `on_events` left it open.
  [[nodiscard]] bool on_match(const T& event, const match_so_far<T>& m) const {
    const bool skip_known = only_conjunctions();
    bool fits = true;
    for (const term& t : terms_) {
      if (fits != t.conjunction) continue;
      if (t.on_match)
        fits = t.on_match->holds(event, m);
      else if (!skip_known)
        t.on_event->narrow(&event, 1, &fits, t.conjunction);
    }
    return fits;
  }

private:
  struct term {
    bool conjunction = true;  ///< Joined to what is before it by "and"; else by "or".
    std::shared_ptr<const predicate<T>> on_event;
    std::shared_ptr<const match_predicate<T>> on_match;
  };

  [[nodiscard]] bool only_conjunctions() const noexcept {
    for (const term& t : terms_)
      if (!t.conjunction) return false;
    return true;
  }

  std::vector<term> terms_;
};

}  // namespace patterns
}  // namespace weir
