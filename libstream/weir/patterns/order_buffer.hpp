// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/patterns/fifo.hpp"
#include "weir/state/snapshot.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
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
  using write_event = std::function<void(const T&, timestamp)>;
  /// Hands on what has been written, or, where it is all, the rest of it.
  using hand_on = std::function<void(snapshot_writer&, bool all)>;

  template <class E>
  void push(E&& event, timestamp at) {
    ++size_;
    place(at).entries.push(entry{at, next_number_++, std::forward<E>(event)});
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
        last = q.entries.front().at;
        hand_over(q, take);
        ++n;
      } while (!q.entries.empty() && (n < limit || q.entries.front().at == last) &&
               goes_before_heads(q, until));
      add_head(number, until);
    }
    drop_empty();
  }

  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] timestamp earliest() const {
    timestamp t = max_timestamp;
    for (const queue& q : queues_)
      if (!q.entries.empty()) t = std::min(t, q.entries.front().at);
    return t;
  }

  /// Begins a save of the events that are held now: `write(event, at)` is called once for each,
  /// those of equal times in the order of their arrival, and `on(writer, all)` now and then to hand
  /// on what has been written. What is taken out is written first. A save that is under way is
  /// given up.
  void save(snapshot_writer& to, write_event write, hand_on on) {
    if (job_) job_->cancel();
    for (queue& q : queues_) q.written = 0;
    for (queue& q : spare_) q.written = 0;
    job_ = std::make_shared<job>(*this, std::move(write), std::move(on));
    to.later(job_);
  }

private:
  struct queue {
    fifo<entry> entries;
    std::size_t written = 0;  ///< How many of the first have been, while they are saved.
  };

  /// Of equal times one that came first is in a queue before, or before in the same one, and is
  /// taken out first: so writing queue by queue, and before taking, keeps their order.
  struct job final : gradual_save {
    order_buffer* of;
    std::uint64_t end;  ///< Number of the first event that is no part of it.
    write_event write;
    hand_on on;
    std::exception_ptr failure;

    job(order_buffer& buffer, write_event w, hand_on h)
        : of(&buffer), end(buffer.next_number_), write(std::move(w)), on(std::move(h)) {}

    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (failure) std::rethrow_exception(failure);
      if (!on)
        throw exception({errc::stage_failed, "a save was begun before another one had ended"});
      const bool all = write_events(entries);
      on(to, all);
      if (all) cancel();
      return all;
    }
    void cancel() noexcept override { on = nullptr; }

    /// Writes so many more; answers whether there are no others.
    bool write_events(std::size_t n) {
      for (queue& q : of->queues_)
        for (; q.written < q.entries.size(); ++q.written, --n) {
          const entry& e = q.entries.begin()[static_cast<std::ptrdiff_t>(q.written)];
          if (e.number >= end) break;
          if (n == 0) return false;
          write(e.event, e.at);
        }
      return true;
    }

    void before_taking(queue& q) noexcept {
      const entry& e = q.entries.front();
      if (q.written != 0) {
        --q.written;
      } else if (e.number < end) {
        try {
          write(e.event, e.at);
        } catch (...) {
          failure = std::current_exception();
          cancel();
        }
      }
    }
  };

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
    if (!queues_.empty() && queues_.front().entries.back().at <= at) return queues_.front();
    const auto found = std::partition_point(
        queues_.begin(), queues_.end(), [&](const queue& q) { return q.entries.back().at > at; });
    if (found != queues_.end()) return *found;
    if (spare_.empty()) return queues_.emplace_back();
    queues_.push_back(std::move(spare_.back()));
    spare_.pop_back();
    return queues_.back();
  }

  void add_head(std::uint32_t number, timestamp until) {
    const auto& q = queues_[number].entries;
    if (q.empty() || q.front().at > until) return;
    heads_.push_back({q.front().at, q.front().number, number});
    std::push_heap(heads_.begin(), heads_.end(), later);
  }
  [[nodiscard]] bool goes_before_heads(const queue& q, timestamp until) const {
    const entry& e = q.entries.front();
    if (e.at > until) return false;
    return heads_.empty() || !later({e.at, e.number, 0}, heads_.front());
  }

  template <class Take>
  void hand_over(queue& q, Take& take) {
    if (job_) [[unlikely]] {
      if (job_->on)
        job_->before_taking(q);
      else
        job_.reset();
    }
    entry& e = q.entries.front();
    take(std::move(e.event), e.at);
    --size_;
    q.entries.pop();
  }

  void drop_empty() {
    auto kept = queues_.begin();
    for (auto& q : queues_) {
      if (q.entries.empty()) {
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
  std::shared_ptr<job> job_;
};

}  // namespace weir::patterns
