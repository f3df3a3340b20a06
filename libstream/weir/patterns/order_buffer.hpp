// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/patterns/fifo.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weir::patterns {

/// Puts events into the order of their time; of equal times the one that came first is first.
/// Events lie in queues that are each in order: one that comes goes behind the latest tail that is
/// not after it, or begins a queue. A stream in order is one queue, and constant time an event; a
/// stream that is out of order by k events needs at most about sqrt(k) queues. (Impatience sort:
/// Chandramouli, Goldstein, "Patience is a Virtue", SIGMOD 2014.)
template <class T>
class order_buffer {
public:
  struct entry {
    timestamp at;
    std::uint64_t number = 0;  ///< In order of arrival.
    T event;
  };

  template <class E>
  void push(E&& event, timestamp at) {
    ++size_;
    place(at).push(entry{at, next_number_++, std::forward<E>(event)});
  }

  /// Moves events that are not after `until` to `take(event&&, at)` in order: at least `limit` of
  /// them if there are as many, and never some without the others of the same time.
  template <class Take>
  void pop(timestamp until, std::size_t limit, Take take) {
    heads_.clear();
    for (std::uint32_t q = 0; q < queues_.size(); ++q) add_head(q, until);
    std::size_t n = 0;
    timestamp last = min_timestamp;
    while (!heads_.empty() && (n < limit || heads_.front().at == last)) {
      std::pop_heap(heads_.begin(), heads_.end(), later);
      const std::uint32_t number = heads_.back().queue;
      heads_.pop_back();
      queue& q = queues_[number];
      do {
        last = q.front().at;
        hand_over(q, take);
        ++n;
      } while (!q.empty() && (n < limit || q.front().at == last) && goes_before_heads(q, until));
      add_head(number, until);
    }
    drop_empty();
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] timestamp earliest() const {
    timestamp t = max_timestamp;
    for (const queue& q : queues_)
      if (!q.empty()) t = std::min(t, q.front().at);
    return t;
  }

  /// Calls `f(event, at)` for all, in order.
  template <class F>
  void each(F f) const {
    std::vector<const entry*> all;
    for (const queue& q : queues_)
      for (const entry& e : q) all.push_back(&e);
    std::sort(all.begin(), all.end(),
              [](const entry* a, const entry* b) { return precedes(*a, *b); });
    for (const entry* e : all) f(e->event, e->at);
  }

private:
  using queue = fifo<entry>;

  static bool precedes(const entry& a, const entry& b) {
    return a.at != b.at ? a.at < b.at : a.number < b.number;
  }

  struct head {
    timestamp at;
    std::uint64_t number;
    std::uint32_t queue;
  };
  static bool later(const head& a, const head& b) {
    return a.at != b.at ? a.at > b.at : a.number > b.number;
  }

  /// Tails fall from queue to queue, and none is empty between two calls.
  queue& place(timestamp at) {
    if (!queues_.empty() && queues_.front().back().at <= at) return queues_.front();
    const auto found = std::partition_point(queues_.begin(), queues_.end(),
                                            [&](const queue& q) { return q.back().at > at; });
    if (found != queues_.end()) return *found;
    if (spare_.empty()) return queues_.emplace_back();
    queues_.push_back(std::move(spare_.back()));
    spare_.pop_back();
    return queues_.back();
  }

  void add_head(std::uint32_t number, timestamp until) {
    const queue& q = queues_[number];
    if (q.empty() || q.front().at > until) return;
    heads_.push_back({q.front().at, q.front().number, number});
    std::push_heap(heads_.begin(), heads_.end(), later);
  }
  [[nodiscard]] bool goes_before_heads(const queue& q, timestamp until) const {
    const entry& e = q.front();
    if (e.at > until) return false;
    return heads_.empty() || !later({e.at, e.number, 0}, heads_.front());
  }

  template <class Take>
  void hand_over(queue& q, Take& take) {
    entry& e = q.front();
    take(std::move(e.event), e.at);
    --size_;
    q.pop();
  }

  void drop_empty() {
    auto kept = queues_.begin();
    for (auto& q : queues_) {
      if (q.empty()) {
        if (spare_.size() < 4) spare_.push_back(std::move(q));
      } else {
        if (&*kept != &q) *kept = std::move(q);
        ++kept;
      }
    }
    queues_.erase(kept, queues_.end());
  }

  std::vector<queue> queues_;
  std::vector<queue> spare_;  ///< Emptied, for their memory.
  std::vector<head> heads_;
  std::size_t size_ = 0;
  std::uint64_t next_number_ = 0;
};

}  // namespace weir::patterns
