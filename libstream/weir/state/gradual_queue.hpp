// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/state/snapshot.hpp"

#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <utility>

namespace weir {

/// A queue that can be saved while it goes on changing: what is taken out is written first. Copies
/// begin without a save.
template <class T>
class gradual_queue {
public:
  using write_entry = std::function<void(const T&)>;
  /// Hands on what has been written, or, where it is all, the rest of it.
  using hand_on = std::function<void(snapshot_writer&, bool all)>;

  gradual_queue() = default;
  gradual_queue(const gradual_queue& other) : entries_(other.entries_) {}
  gradual_queue& operator=(const gradual_queue& other) { return *this = gradual_queue{other}; }
  gradual_queue(gradual_queue&&) noexcept = default;
  gradual_queue& operator=(gradual_queue&&) noexcept = default;
  ~gradual_queue() = default;

  void push_back(T value) { entries_.push_back(std::move(value)); }
  /// @pre !empty()
  T take_front() {
    if (job_) [[unlikely]]
      before_take();
    T first = std::move(entries_.front());
    entries_.pop_front();
    return first;
  }

  [[nodiscard]] bool empty() const noexcept { return entries_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return entries_.size(); }

  /// Begins a save of what is in it: `write(entry)` is called for each, in order, and `on` now and
  /// then. One that is under way is given up.
  void save(snapshot_writer& to, write_entry write, hand_on on) {
    if (job_) job_->cancel();
    job_ = std::make_shared<job>(*this, std::move(write), std::move(on));
    to.later(job_);
  }

private:
  struct job final : gradual_save {
    gradual_queue* of;
    std::size_t at = 0;  ///< The first that has not been written, counted from the front.
    std::size_t left;    ///< How many have not been.
    write_entry write;
    hand_on on;
    std::exception_ptr failure;

    job(gradual_queue& queue, write_entry w, hand_on h)
        : of(&queue), left(queue.size()), write(std::move(w)), on(std::move(h)) {}

    bool write_some(std::size_t entries, snapshot_writer& to) override {
      if (failure) std::rethrow_exception(failure);
      if (!on) throw exception({errc::stage_failed, "a save was begun before another had ended"});
      for (; left != 0 && entries != 0; --entries, --left, ++at) write(of->entries_[at]);
      const bool all = left == 0;
      on(to, all);
      if (all) cancel();
      return all;
    }
    void cancel() noexcept override {
      left = 0;
      on = nullptr;
    }
  };

  void before_take() noexcept {
    job& j = *job_;
    if (j.left == 0) {
      job_.reset();
    } else if (j.at != 0) {
      --j.at;
    } else {
      try {
        --j.left;
        j.write(entries_.front());
      } catch (...) {
        j.failure = std::current_exception();
        j.left = 0;
      }
    }
  }

  std::deque<T> entries_;
  std::shared_ptr<job> job_;
};

}  // namespace weir
