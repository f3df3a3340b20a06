// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/sink/answered_writer.hpp"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace weir::test {

/// Numbers that a server has taken. It is another thread, which answers each batch when it gets
/// round to it, and refuses each hundredth number at the first try.
class late_writer final : public answered_writer<std::uint64_t> {
public:
  late_writer(std::shared_ptr<std::vector<std::uint64_t>> taken, std::function<void()> wake)
      : taken_(std::move(taken)), wake_(std::move(wake)) {}

  void begin(std::span<const std::uint64_t> events) override {
    const std::lock_guard lock{mutex_};
    asked_.emplace_back(events.begin(), events.end());
    called_.notify_one();
  }
  written settle() override {
    const std::lock_guard lock{mutex_};
    written done;
    if (answered_.empty()) return done;
    std::vector<std::uint64_t>& batch = answered_.front();
    for (; at_ < batch.size(); ++at_, ++done.events) {
      if (batch[at_] % 100 == 99 && !std::exchange(tried_, false)) {
        done.failure = error{errc::io_failed, "refused"};
        return done;
      }
      taken_->push_back(batch[at_]);
    }
    at_ = 0;
    answered_.pop_front();
    return done;
  }
  void try_again() override { tried_ = true; }
  void pass_over() override { ++at_; }
  [[nodiscard]] bool has_answers() const override {
    const std::lock_guard lock{mutex_};
    return !answered_.empty();
  }
  [[nodiscard]] std::size_t most_under_way() const noexcept override { return 3; }

private:
  void serve(const std::stop_token& stop) {
    while (true) {
      std::unique_lock lock{mutex_};
      if (!called_.wait(lock, stop, [&] { return !asked_.empty(); })) return;
      answered_.push_back(std::move(asked_.front()));
      asked_.pop_front();
      lock.unlock();
      wake_();
    }
  }

  std::shared_ptr<std::vector<std::uint64_t>> taken_;
  std::function<void()> wake_;
  mutable std::mutex mutex_;
  std::condition_variable_any called_;
  std::deque<std::vector<std::uint64_t>> asked_;
  std::deque<std::vector<std::uint64_t>> answered_;
  std::size_t at_ = 0;  ///< In the oldest batch that is answered.
  bool tried_ = false;  ///< What was refused last is tried again.
  std::jthread server_{[this](const std::stop_token& stop) { serve(stop); }};
};

/// Its sink; of one instance.
struct late_sink {
  std::shared_ptr<std::vector<std::uint64_t>> taken =
      std::make_shared<std::vector<std::uint64_t>>();

  template <class T>
  [[nodiscard]] std::unique_ptr<answered_writer<T>> make_answered_writer(
      const sink_instance& at) const {
    return std::make_unique<late_writer>(taken, at.wake);
  }
  [[nodiscard]] std::string kind() const { return "late"; }
  [[nodiscard]] bool blocking() const { return false; }
};

}  // namespace weir::test
