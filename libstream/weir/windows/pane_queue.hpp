// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/time.hpp"
#include "weir/windows/chunk_list.hpp"

#include <cstdint>
#include <utility>

namespace weir::operators {

/// The panes of a key, each with the accumulator of its events, and the aggregate over a stretch of
/// them that moves forward: two stacks, of which the front one holds the aggregate of each pane and
/// all after it in the stack, the back one a single aggregate (the algorithm is folklore;
/// Tangwongsan, Hirzel, Schneider, "In-order sliding-window aggregation in worst-case constant
/// time", compares it with others). A firing costs one merge, and a pane two over its life, however
/// many panes a window has; but those of the panes in the back come at once, when the front is used
/// up. An event for a pane that a firing has passed makes the next firing start anew, with a merge
/// for each pane. Nothing is ever subtracted.
template <class T, class Fold>
class pane_queue {
  using accumulator = typename Fold::accumulator;

public:
  [[nodiscard]] bool empty() const noexcept { return panes_.empty(); }
  /// The start of the first pane. @pre !empty()
  [[nodiscard]] timestamp first() const { return panes_[0].start; }
  /// The start of the last. @pre !empty()
  [[nodiscard]] timestamp last() const { return panes_.back().start; }
  /// The start of the first that doesn't start before `t`; `max_timestamp` if there is none.
  [[nodiscard]] timestamp first_from(timestamp t) const {
    if (empty() || last() < t) return max_timestamp;
    return panes_[find(t)].start;
  }

  void add(const Fold& fold, timestamp start, timestamp, const T& event, timestamp at_time) {
    if (!empty() && last() == start && taken_ < panes_.size())
      return fold.add(panes_.back().acc, event, at_time);
    const std::size_t at = empty() || last() < start ? panes_.size() : find(start);
    if (at < taken_) start_anew();
    if (at == panes_.size() || panes_[at].start != start)
      panes_.insert(at, pane{start, fold.init()});
    fold.add(panes_[at].acc, event, at_time);
  }

  /// Forgets the panes that start before `t`.
  void drop_before(const Fold& fold, timestamp t) {
    if (taken_ != 0 && panes_[taken_ - 1].start < t) {  // all that was aggregated
      for (; taken_ != 0; --taken_) panes_.pop_front();
      start_anew();
    }
    for (; !empty() && first() < t; panes_.pop_front()) {
      if (taken_ == 0) continue;
      if (front_ == 0) turn_over(fold);
      suffixes_.pop_back();
      --front_;
      --taken_;
    }
  }

  /// Calls `f(acc)` with the aggregate over the panes that start in `[from, to)`, where neither may
  /// be less than in the call before; false if there are none.
  template <class F>
  bool fire(const Fold& fold, timestamp from, timestamp to, F f) {
    drop_before(fold, from);
    for (; taken_ < panes_.size() && panes_[taken_].start < to; ++taken_) {
      if (std::exchange(back_filled_, true))
        fold.merge(back_, panes_[taken_].acc);
      else
        back_ = panes_[taken_].acc;
    }
    if (taken_ == 0) return false;
    if (front_ == 0) {
      f(std::as_const(back_));
    } else if (!back_filled_) {
      f(std::as_const(suffixes_.back()));
    } else {
      accumulator all = suffixes_.back();
      fold.merge(all, back_);
      f(std::as_const(all));
    }
    return true;
  }

  void save(bytes& to) const {
    encode(static_cast<std::uint32_t>(panes_.size()), to);
    for (std::size_t i = 0; i < panes_.size(); ++i) {
      encode(panes_[i].start, to);
      encode(panes_[i].acc, to);
    }
  }
  bool load(byte_reader& from) {
    std::uint32_t n = 0;
    if (!decode(from, n)) return false;
    for (std::uint32_t i = 0; i < n; ++i) {
      pane p{};
      if (!decode(from, p.start) || !decode(from, p.acc)) return false;
      panes_.push_back(std::move(p));
    }
    return true;
  }

private:
  struct pane {
    timestamp start;
    accumulator acc;
  };

  /// The number of the first pane that doesn't start before `start`.
  [[nodiscard]] std::size_t find(timestamp start) const {
    std::size_t from = 0;
    for (std::size_t n = panes_.size(); n != 0;) {
      const std::size_t half = n / 2;
      if (panes_[from + half].start < start) {
        from += half + 1;
        n -= half + 1;
      } else {
        n = half;
      }
    }
    return from;
  }
  void start_anew() {
    front_ = taken_ = 0;
    suffixes_.clear();
    back_filled_ = false;
  }
  /// Moves what the back holds to the front.
  void turn_over(const Fold& fold) {
    for (std::size_t i = taken_; i-- != 0;) {
      suffixes_.push_back(panes_[i].acc);
      if (i + 1 != taken_) fold.merge(suffixes_.back(), suffixes_[suffixes_.size() - 2]);
    }
    front_ = taken_;
    back_filled_ = false;
  }

  chunk_list<pane> panes_;            ///< By start.
  chunk_list<accumulator> suffixes_;  ///< Of the first `front_` panes, the last of them first.
  accumulator back_{};                ///< Of those from `front_` to `taken_`.
  std::uint32_t front_ = 0;
  std::uint32_t taken_ = 0;  ///< Those from here on have not been in a firing.
  bool back_filled_ = false;
};

}  // namespace weir::operators
