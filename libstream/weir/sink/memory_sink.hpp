// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/sink/plain_writer.hpp"

#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Keeps what it is given in memory, for tests and small results. Copies share one list, which any
/// thread may read at any time; a mutex, taken once a batch, because instances of several threads
/// write to it.
template <class T>
class memory_sink {
public:
  struct entry {
    T value;
    timestamp at;
  };

  memory_sink() : list_(std::make_shared<list>()) {}

  /// Returns all values so far, in the order of their arrival.
  [[nodiscard]] std::vector<T> values() const {
    std::lock_guard lock{list_->mutex};
    std::vector<T> all;
    for (const entry& e : list_->entries) all.push_back(e.value);
    return all;
  }
  [[nodiscard]] std::vector<entry> entries() const {
    std::lock_guard lock{list_->mutex};
    return list_->entries;
  }
  [[nodiscard]] std::size_t size() const {
    std::lock_guard lock{list_->mutex};
    return list_->entries.size();
  }

  template <class U>
  requires std::same_as<U, T>
  [[nodiscard]] std::unique_ptr<sink_writer<U>> make_writer(const sink_instance&) const {
    return std::make_unique<writer>(list_);
  }
  [[nodiscard]] std::string kind() const { return "memory-sink"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  struct list {
    mutable std::mutex mutex;
    std::vector<entry> entries;
  };

  class writer final : public plain_writer<T> {
  public:
    explicit writer(std::shared_ptr<list> to) : to_(std::move(to)) {}

    written write(std::span<const T> events, std::span<const timestamp> times) override {
      std::lock_guard lock{to_->mutex};
      for (std::size_t i = 0; i < events.size(); ++i) to_->entries.push_back({events[i], times[i]});
      return {events.size(), std::nullopt};
    }

  private:
    std::shared_ptr<list> to_;
  };

  std::shared_ptr<list> list_;
};

/// Calls a function for each event, from the sink's own stage. If it throws, the event follows the
/// stage's directive.
template <class F>
class callback_sink {
public:
  explicit callback_sink(F f) : f_(std::move(f)) {}

  /// Says that the function may block: it then runs on a thread of its own.
  callback_sink blocking(bool may_block) && {
    blocking_ = may_block;
    return std::move(*this);
  }

  template <class T>
  requires std::invocable<F&, const T&>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return std::make_unique<writer<T>>(f_);
  }
  [[nodiscard]] std::string kind() const { return "callback"; }
  [[nodiscard]] bool blocking() const { return blocking_; }

private:
  template <class T>
  class writer final : public plain_writer<T> {
  public:
    explicit writer(F f) : f_(std::move(f)) {}

    written write(std::span<const T> events, std::span<const timestamp>) override {
      return write_each(events, [this](const T& e) { std::invoke(f_, e); });
    }

  private:
    F f_;
  };

  F f_;
  bool blocking_ = false;
};

}  // namespace weir
