// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/source.hpp"

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
/// pipeline reads it. A mutex and a condition, because the pushing threads are no actors and must
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
    if (queue_->closed || queue_->events.size() >= queue_->capacity) return false;
    add(std::move(event), lock);
    return true;
  }
  /// Adds an event, waiting for room; false if the queue is or gets closed, or the pipeline has
  /// ended.
  bool push(T event) const {
    std::unique_lock lock{queue_->mutex};
    queue_->room.wait(lock,
                      [&] { return queue_->closed || queue_->events.size() < queue_->capacity; });
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
    return queue_->events.size();
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return std::make_unique<fixed_splits>(std::vector<split>{{"pushed"}});
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<reader>(queue_);
  }
  [[nodiscard]] std::string kind() const { return "push"; }
  [[nodiscard]] bool blocking() const { return false; }
  [[nodiscard]] bool gives_event_time() const { return false; }

private:
  struct queue {
    std::mutex mutex;
    std::condition_variable room;
    std::deque<std::pair<T, steady_time>> events;
    std::size_t capacity = 0;
    bool closed = false;
    std::function<void()> wake;
  };

  void add(T event, std::unique_lock<std::mutex>& lock) const {
    const bool was_empty = queue_->events.empty();
    queue_->events.emplace_back(std::move(event), std::chrono::steady_clock::now());
    const auto wake = was_empty ? queue_->wake : nullptr;
    lock.unlock();
    if (wake) wake();
  }

  class reader final : public source_reader<T> {
  public:
    explicit reader(std::shared_ptr<queue> q) : queue_(std::move(q)) {}
    ~reader() override {
      std::lock_guard lock{queue_->mutex};
      queue_->wake = nullptr;
    }

    void assign(std::size_t lane, const split&, std::uint64_t offset) override {
      lane_ = lane;
      offset_ = offset;
      has_split_ = true;
    }
    void close() override {
      std::lock_guard lock{queue_->mutex};
      queue_->closed = true;
      queue_->room.notify_all();
    }
    void on_ready(std::function<void()> wake) override {
      std::lock_guard lock{queue_->mutex};
      queue_->wake = std::move(wake);
    }

    read_state poll(source_batch<T>& out, std::size_t max, const clock&) override {
      if (!has_split_) return read_state::ended;
      std::lock_guard lock{queue_->mutex};
      out.lane = lane_;
      out.first_offset = offset_;
      for (; out.events.size() < max && !queue_->events.empty(); queue_->events.pop_front()) {
        if (!out.intended) out.intended = queue_->events.front().second;
        out.events.values.push_back(std::move(queue_->events.front().first));
      }
      out.end_offset = offset_ += out.events.size();
      if (!out.events.empty()) queue_->room.notify_all();
      out.lane_ended = queue_->events.empty() && queue_->closed;
      return out.events.empty() && !out.lane_ended ? read_state::caught_up : read_state::more;
    }

  private:
    std::shared_ptr<queue> queue_;
    std::size_t lane_ = 0;
    std::uint64_t offset_ = 0;
    bool has_split_ = false;
  };

  std::shared_ptr<queue> queue_;
};

}  // namespace weir
