// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/source.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace weir {

/// A source that a program which embeds a pipeline pushes events into, from any thread. Bounded:
/// when the pipeline is slower, `push` waits and `try_push` refuses. Copies share one queue; one
/// pipeline reads it. With checkpoints events are kept until one that has them is complete, besides
/// those that may wait: a region that fails gets them again. Another process goes on with what is
/// pushed there. A mutex and a condition, because the pushing threads are no actors and must
/// be able to wait.
template <class T>
class push_source {
public:
  using event_type = T;

  /// `capacity`: events that may wait, besides those that the credits let be in flight.
  explicit push_source(std::size_t capacity = 4096) : queue_(std::make_shared<queue>()) {
    queue_->capacity = std::max<std::size_t>(1, capacity);
  }

  /// Adds an event unless the queue is full or closed; answers whether it did. Never waits.
  [[nodiscard]] bool try_push(T event) const {
    std::unique_lock lock{queue_->mutex};
    if (queue_->closed || queue_->is_full()) return false;
    add(std::move(event), lock);
    return true;
  }
  /// Adds an event, waiting for room; false if the queue is or gets closed, or the pipeline has
  /// ended.
  bool push(T event) const {
    std::unique_lock lock{queue_->mutex};
    queue_->room.wait(lock, [&] { return queue_->closed || !queue_->is_full(); });
    if (queue_->closed) return false;
    add(std::move(event), lock);
    return true;
  }
  /// Ends the stream behind what has been pushed.
  void close() const {
    std::unique_lock lock{queue_->mutex};
    queue_->closed = true;
    queue_->room.notify_all();
    const auto wake = queue_->wake;
    lock.unlock();
    if (wake) wake();
  }
  [[nodiscard]] std::size_t waiting() const {
    std::lock_guard lock{queue_->mutex};
    return static_cast<std::size_t>(queue_->first + queue_->events.size() - queue_->taken);
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return std::make_unique<fixed_splits>(std::vector<split>{{"pushed"}});
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<reader>(queue_);
  }
  [[nodiscard]] std::string kind() const { return "push"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  struct entry {
    T event;
    steady_time pushed;
  };
  struct queue {
    std::mutex mutex;
    std::condition_variable room;
    std::deque<entry> events;
    std::uint64_t first = 0;  ///< The offset of the oldest event.
    std::uint64_t taken = 0;  ///< The offset behind the events that were handed to the pipeline;
                              ///< they stay until the next poll, for a restart.
    std::size_t capacity = 0;
    bool closed = false;
    bool assigned = false;
    bool keeps = false;  ///< Until they are committed.
    std::function<void()> wake;

    [[nodiscard]] bool is_full() const { return first + events.size() - taken >= capacity; }
  };

  void add(T event, std::unique_lock<std::mutex>& lock) const {
    const bool was_empty = queue_->first + queue_->events.size() == queue_->taken;
    queue_->events.push_back({std::move(event), std::chrono::steady_clock::now()});
    const auto wake = was_empty ? queue_->wake : nullptr;
    lock.unlock();
    if (wake) wake();
  }

  class reader final : public source_reader<T> {
  public:
    explicit reader(std::shared_ptr<queue> q) : queue_(std::move(q)) {}
    ~reader() override {
      std::lock_guard lock{queue_->mutex};
      if (has_split_) queue_->wake = nullptr;
    }

    void assign(std::size_t lane, const split&, std::uint64_t offset) override {
      std::lock_guard lock{queue_->mutex};
      lane_ = lane;
      // In another process than the one that got so far, what was pushed here comes behind it.
      if (!std::exchange(queue_->assigned, true)) queue_->first = offset;
      queue_->taken = std::max(offset, queue_->first);
      queue_->wake = wake_;
      has_split_ = true;
    }
    void keep_until_committed() override {
      std::lock_guard lock{queue_->mutex};
      queue_->keeps = true;
    }
    void committed(std::size_t, std::uint64_t offset) override {
      std::lock_guard lock{queue_->mutex};
      drop_before(offset);
    }
    void on_ready(std::function<void()> wake) override { wake_ = std::move(wake); }
    bool close() override {
      std::lock_guard lock{queue_->mutex};
      queue_->closed = true;
      queue_->room.notify_all();
      return has_split_;
    }

    read_state poll(source_batch<T>& out, std::size_t max, const clock&) override {
      if (!has_split_) return read_state::ended;
      std::lock_guard lock{queue_->mutex};
      queue& q = *queue_;
      if (!q.keeps) drop_before(q.taken);
      const auto begin = static_cast<std::size_t>(q.taken - q.first);
      const std::size_t n = std::min(max, q.events.size() - begin);
      out.lane = lane_;
      out.first_offset = q.taken;
      if (n != 0) out.intended = q.events[begin].pushed;
      for (std::size_t i = 0; i < n; ++i) out.events.values.push_back(q.events[begin + i].event);
      q.taken += n;
      out.end_offset = q.taken;
      if (n != 0) q.room.notify_all();
      out.lane_ended = begin + n == q.events.size() && q.closed;
      return n == 0 && !out.lane_ended ? read_state::caught_up : read_state::more;
    }

  private:
    void drop_before(std::uint64_t offset) {
      for (; offset > queue_->first && !queue_->events.empty(); ++queue_->first)
        queue_->events.pop_front();
    }

    std::shared_ptr<queue> queue_;
    std::function<void()> wake_;
    std::size_t lane_ = 0;
    bool has_split_ = false;
  };

  std::shared_ptr<queue> queue_;
};

}  // namespace weir
