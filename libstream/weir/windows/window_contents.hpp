// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/windows/evictors.hpp"
#include "weir/windows/window.hpp"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::operators {

// What the general engine gathers: a `part` for each window, a `log` for each key. `incoming` is
// an event on its way into several windows.

/// An accumulator a window.
template <class T, class Fold>
class folded_contents {
public:
  struct log {
    [[nodiscard]] bool empty() const noexcept { return true; }
  };
  struct part {
    typename Fold::accumulator acc{};
    bool filled = false;
  };
  struct incoming {
    const T& event;
    timestamp at;
  };

  explicit folded_contents(Fold fold) : fold_(std::move(fold)) {}

  [[nodiscard]] const Fold& fold() const noexcept { return fold_; }
  void add(log&, part& to, incoming& e) const {
    if (!to.filled) to.acc = fold_.init();
    fold_.add(to.acc, e.event, e.at);
    to.filled = true;
  }
  void settle(log&, incoming&) const {}
  /// Moves what `from` holds into `into`, behind what that holds.
  void merge(log&, part& into, part& from) const {
    if (!from.filled) return;
    if (into.filled)
      fold_.merge(into.acc, from.acc);
    else
      into = std::move(from);
  }
  void clear(log&, part& of) const { of = {}; }
  /// Calls `f(acc)` with what a window holds; false if that is nothing.
  template <class F>
  bool fire(log&, part& of, const window&, F f) const {
    if (!of.filled) return false;
    f(std::as_const(of.acc));
    return true;
  }

  /// What `save` writes of a log, and of a part.
  using saved_log = std::tuple<>;
  using saved_part = std::tuple<bool, typename Fold::accumulator>;
  static void save(const log&, bytes&) {}
  static bool load(log&, byte_reader&) { return true; }
  static void save(const part& p, bytes& to) {
    encode(p.filled, to);
    encode(p.acc, to);
  }
  static bool load(part& p, byte_reader& from) {
    return decode(from, p.filled) && decode(from, p.acc);
  }

private:
  [[no_unique_address]] Fold fold_;
};

/// The events of a key, each once however many windows hold it: windows hold their numbers, and an
/// event leaves with the last window that holds it.
template <class T>
class event_log {
public:
  using number = std::uint64_t;

  [[nodiscard]] bool empty() const noexcept { return events_.empty(); }

  number add(const T& event, timestamp at) {
    events_.push_back({event, at, 0});
    return first_ + events_.size() - 1;
  }
  void hold(number n) { ++cell(n).holders; }
  void let_go(number n) {
    if (--cell(n).holders != 0) return;
    cell(n).event.reset();
    while (begin_ < events_.size() && events_[begin_].holders == 0) ++begin_;
    if (begin_ * 2 < events_.size() && begin_ != events_.size()) return;
    events_.erase(events_.begin(), events_.begin() + static_cast<std::ptrdiff_t>(begin_));
    first_ += std::exchange(begin_, 0);
  }
  [[nodiscard]] const T& event(number n) const { return *events_[n - first_].event; }
  [[nodiscard]] timestamp at(number n) const { return events_[n - first_].at; }

  /// What `save` writes.
  using saved =
      std::tuple<number, std::vector<std::tuple<std::optional<T>, timestamp, std::uint32_t>>>;
  void save(bytes& to) const {
    encode(first_, to);
    encode(static_cast<std::uint32_t>(events_.size()), to);
    for (const stored& s : events_) {
      encode(s.event, to);
      encode(s.at, to);
      encode(s.holders, to);
    }
  }
  bool load(byte_reader& from) {
    std::uint32_t n = 0;
    if (!decode(from, first_) || !decode(from, n)) return false;
    events_.clear();
    begin_ = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      stored s;
      if (!decode(from, s.event) || !decode(from, s.at) || !decode(from, s.holders)) return false;
      events_.push_back(std::move(s));
    }
    return true;
  }

private:
  struct stored {
    std::optional<T> event;
    timestamp at;
    std::uint32_t holders = 0;
  };
  stored& cell(number n) { return events_[n - first_]; }

  std::vector<stored> events_;
  number first_ = 0;
  std::size_t begin_ = 0;  ///< The first that somebody holds, in `events_`.
};

/// For windows without an evictor.
struct no_evictor {};

/// References to a key's events a window, which are folded when it fires.
template <class T, class Fold, class Evictor>
class buffered_contents {
public:
  using log = event_log<T>;
  struct part {
    std::vector<typename log::number> events;  ///< Rising: in the order of arrival.
  };
  struct incoming {
    const T& event;
    timestamp at;
    std::optional<typename log::number> number{};
  };

  buffered_contents(Fold fold, Evictor evictor)
      : fold_(std::move(fold)), evictor_(std::move(evictor)) {}

  [[nodiscard]] const Fold& fold() const noexcept { return fold_; }
  void add(log& l, part& to, incoming& e) const {
    if (!e.number) {
      e.number = l.add(e.event, e.at);
      l.hold(
          *e.number);  // until `settle`: a window that fires may drop it before the next takes it
    }
    l.hold(*e.number);
    to.events.push_back(*e.number);
  }
  void settle(log& l, incoming& e) const {
    if (e.number) l.let_go(*e.number);
  }
  void merge(log&, part& into, part& from) const {
    std::vector<typename log::number> all;
    all.reserve(into.events.size() + from.events.size());
    std::merge(into.events.begin(), into.events.end(), from.events.begin(), from.events.end(),
               std::back_inserter(all));
    into.events = std::move(all);
    from.events.clear();
  }
  void clear(log& l, part& of) const {
    for (const auto n : std::exchange(of.events, {})) l.let_go(n);
  }
  template <class F>
  bool fire(log& l, part& of, const window& w, F f) {
    if constexpr (!std::is_same_v<Evictor, no_evictor>)
      if (!evictor_.after) evict(l, of, w);
    if (of.events.empty()) return false;
    auto acc = fold_.init();
    for (const auto n : of.events) fold_.add(acc, l.event(n), l.at(n));
    if constexpr (!std::is_same_v<Evictor, no_evictor>)
      if (evictor_.after) evict(l, of, w);
    f(std::as_const(acc));
    return true;
  }

  using saved_log = typename log::saved;
  using saved_part = std::tuple<std::vector<typename log::number>>;
  static void save(const log& l, bytes& to) { l.save(to); }
  static bool load(log& l, byte_reader& from) { return l.load(from); }
  static void save(const part& p, bytes& to) { encode(p.events, to); }
  static bool load(part& p, byte_reader& from) { return decode(from, p.events); }

private:
  void evict(log& l, part& of, const window& w) {
    view_.clear();
    for (const auto n : of.events) view_.push(l.event(n), l.at(n));
    evictor_.evict(view_, w);
    std::vector<typename log::number> kept;
    std::vector<typename log::number> gone;
    for (std::size_t i = 0; i < of.events.size(); ++i)
      (view_.dropped(i) ? gone : kept).push_back(of.events[i]);
    of.events = std::move(kept);
    for (const auto n : gone) l.let_go(n);
  }

  [[no_unique_address]] Fold fold_;
  [[no_unique_address]] Evictor evictor_;
  evict_view<T> view_;
};

}  // namespace weir::operators
