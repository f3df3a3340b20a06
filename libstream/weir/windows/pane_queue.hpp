// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/time.hpp"

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::operators {

/// The panes of a key, each with the accumulator of its events, and the aggregate over a stretch of
/// them that moves forward: two stacks, of which the front one holds the aggregate of each pane and
/// all after it in the stack, the back one a single aggregate (the algorithm is folklore; Tangwongsan,
/// Hirzel, Schneider, "In-order sliding-window aggregation in worst-case constant time", compares
/// it with others). A firing costs one merge, and a pane two over its life, however many panes a
/// window has; but those of the panes in the back come at once, when the front is used up. An event
/// for a pane that a firing has passed makes the next firing start anew, with a merge for each
/// pane. Nothing is ever subtracted.
template <class T, class Fold>
class pane_queue {
  using accumulator = typename Fold::accumulator;

public:
  [[nodiscard]] bool empty() const noexcept { return head_ == panes_.size(); }
  /// The start of the first pane. @pre !empty()
  [[nodiscard]] timestamp first() const { return panes_[head_].start; }
  /// The start of the last. @pre !empty()
  [[nodiscard]] timestamp last() const { return panes_.back().start; }
  /// The start of the first that doesn't start before `t`; `max_timestamp` if there is none.
  [[nodiscard]] timestamp first_from(timestamp t) const {
    const auto at = find(t);
    return at == panes_.size() ? max_timestamp : panes_[at].start;
  }

  void add(const Fold& fold, timestamp start, timestamp, const T& event, timestamp at_time) {
    const std::size_t at =
        empty() || panes_.back().start < start ? panes_.size() : find(start);
    if (at < taken_) start_anew();
    if (at == panes_.size() || panes_[at].start != start)
      panes_.insert(panes_.begin() + static_cast<std::ptrdiff_t>(at), pane{start, fold.init()});
    fold.add(panes_[at].acc, event, at_time);
  }

  /// Forgets the panes that start before `t`.
  void drop_before(const Fold& fold, timestamp t) {
    if (taken_ != head_ && panes_[taken_ - 1].start < t) {  // all that was aggregated
      head_ = taken_;
      start_anew();
    }
    while (!empty() && first() < t) {
      if (head_ == taken_) {
        front_ = taken_ = ++head_;
        continue;
      }
      if (head_ == front_) turn_over(fold);
      suffixes_.pop_back();
      ++head_;
    }
    if (head_ < 16 || head_ * 2 < panes_.size()) return;
    panes_.erase(panes_.begin(), panes_.begin() + static_cast<std::ptrdiff_t>(head_));
    front_ -= head_;
    taken_ -= head_;
    head_ = 0;
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
    if (taken_ == head_) return false;
    if (suffixes_.empty()) {
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
    encode(static_cast<std::uint32_t>(panes_.size() - head_), to);
    for (std::size_t i = head_; i < panes_.size(); ++i) {
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

  [[nodiscard]] std::size_t find(timestamp start) const {
    const auto at = std::lower_bound(panes_.begin() + static_cast<std::ptrdiff_t>(head_),
                                     panes_.end(), start,
                                     [](const pane& p, timestamp t) { return p.start < t; });
    return static_cast<std::size_t>(at - panes_.begin());
  }
  void start_anew() {
    front_ = taken_ = head_;
    suffixes_.clear();
    back_filled_ = false;
  }
  /// Moves what the back holds to the front.
  void turn_over(const Fold& fold) {
    for (std::size_t i = taken_; i-- != head_;) {
      suffixes_.push_back(panes_[i].acc);
      if (i + 1 != taken_) fold.merge(suffixes_.back(), suffixes_[suffixes_.size() - 2]);
    }
    front_ = taken_;
    back_filled_ = false;
  }

  std::vector<pane> panes_;  ///< From `head_` on, by start.
  std::vector<accumulator> suffixes_;  ///< Of the panes from `head_` to `front_`, the last first.
  accumulator back_{};                 ///< Of those from `front_` to `taken_`.
  std::uint32_t head_ = 0;
  std::uint32_t front_ = 0;
  std::uint32_t taken_ = 0;  ///< Those from here on have not been in a firing.
  bool back_filled_ = false;
};

}  // namespace weir::operators
