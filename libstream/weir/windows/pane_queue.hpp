// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/prefetch.hpp"
#include "weir/core/time.hpp"
#include "weir/windows/chunk_list.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace weir::operators {

/// The panes of a key, each with the accumulator of its events, and the aggregate over a stretch of
/// them that moves forward: two stacks, of which the front one holds the aggregate of each pane and
/// all after it in the stack, the back one a single aggregate (the algorithm is folklore;
/// Tangwongsan, Hirzel, Schneider, "In-order sliding-window aggregation in worst-case constant
/// time", compares it with others). A firing costs one merge, and a pane two over its life, however
/// many panes a window has; but those of the panes in the back come at once, when the front is used
/// up. Queues that began together would all do that at the same time: `turn_early` spreads them. An
/// event for a pane that a firing has passed makes the next firing start anew, with a merge for
/// each pane. Nothing is ever subtracted.
template <class T, class Fold>
class pane_queue {
  using accumulator = typename Fold::accumulator;

public:
  [[nodiscard]] bool empty() const noexcept { return panes_.empty(); }
  /// The start of the first pane. @pre !empty()
  [[nodiscard]] timestamp first() const { return panes_.front().start; }
  /// The start of the last. @pre !empty()
  [[nodiscard]] timestamp last() const { return panes_.back().start; }
  /// The start of the first that doesn't start before `t`; `max_timestamp` if there is none. Takes
  /// time for the logarithm of the panes before it.
  [[nodiscard]] timestamp first_from(timestamp t) const {
    if (empty() || last() < t) return max_timestamp;
    if (first() >= t) return first();
    std::size_t before = 0;
    std::size_t step = 1;
    for (; before + step < panes_.size() && panes_[before + step].start < t; step *= 2)
      before += step;
    return panes_[find(t, before + 1, std::min(before + step, panes_.size()))].start;
  }

  /// Lets the front be filled when so many panes have been in a firing, the next time that it
  /// begins empty. It changes how merges are spread over time, and not what they come to.
  void turn_early(std::uint32_t panes) noexcept { early_ = panes; }

  /// Asks the processor for what the next firing reads.
  void prefetch() const {
    if (front_ == 0) return;
    prefetch_line(&panes_.front());
    prefetch_line(&suffixes_.back());
  }

  void add(const Fold& fold, timestamp start, timestamp, const T& event, timestamp at_time) {
    if (!empty() && last() == start && taken_ < panes_.size())
      return fold.add(panes_.back().acc, event, at_time);
    const std::size_t at =
        empty() || last() < start ? panes_.size() : find(start, 0, panes_.size());
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
    take(fold, to);
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

  /// What `save` writes.
  using saved = std::vector<std::pair<timestamp, accumulator>>;
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

  /// The number of the first pane in `[from, to)` that doesn't start before `start`; `to` if there
  /// is none.
  [[nodiscard]] std::size_t find(timestamp start, std::size_t from, std::size_t to) const {
    while (from != to) {
      const std::size_t middle = from + (to - from) / 2;
      if (panes_[middle].start < start)
        from = middle + 1;
      else
        to = middle;
    }
    return from;
  }
  void start_anew() {
    front_ = taken_ = 0;
    suffixes_.clear();
    back_filled_ = false;
  }
  /// Merges the panes that start before `to` into the back. If a merge throws, what is left of it
  /// is not used: the next firing starts anew.
  void take(const Fold& fold, timestamp to) try {
    for (; taken_ < panes_.size(); ++taken_) {
      const pane& p = taken_ + 1 == panes_.size() ? panes_.back() : panes_[taken_];
      if (p.start >= to) break;
      if (taken_ == early_ && front_ == 0) turn_over(fold);
      if (std::exchange(back_filled_, true))
        fold.merge(back_, p.acc);
      else
        back_ = p.acc;
    }
  } catch (...) {
    start_anew();
    throw;
  }
  /// Moves what the back holds to the front.
  void turn_over(const Fold& fold) {
    suffixes_.clear();
    for (std::size_t i = taken_; i-- != 0;) {
      accumulator all = panes_[i].acc;
      if (!suffixes_.empty()) fold.merge(all, suffixes_.back());
      suffixes_.push_back(std::move(all));
    }
    front_ = taken_;
    back_filled_ = false;
  }

  chunk_list<pane> panes_;            ///< By start.
  chunk_list<accumulator> suffixes_;  ///< Of the first `front_` panes, the last of them first.
  accumulator back_{};                ///< Of those from `front_` to `taken_`.
  std::uint32_t front_ = 0;
  std::uint32_t taken_ = 0;  ///< Those from here on have not been in a firing.
  std::uint32_t early_ = 0;  ///< See `turn_early`.
  bool back_filled_ = false;
};

}  // namespace weir::operators
