// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/source.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// What a scripted source reads, and how it reads it.
template <class T>
struct script {
  std::vector<std::vector<T>> splits;
  std::uint64_t seed = 0;
  std::size_t largest_batch = 1024;
  double pause = 0;        ///< Chance that a poll has nothing for a millisecond.
  double pause_after = 0;  ///< Chance that a poll has events, and then nothing for as long.
  double idle_mark = 0;    ///< Chance that a split is said to be idle, before it goes on.
  /// Until then a reader without a split is idle; then it has ended.
  timestamp idle_until = min_timestamp;
  /// Splits that are there from the start, all if unset; each search finds one more.
  std::optional<std::size_t> found_first{};
  bool ends_late = false;  ///< Splits that have been read end only then, and wait till then.
};

/// A source over vectors whose polls give random numbers of events, pause, and go idle. An event's
/// offset depends on its place alone, so that a restart reads the same.
template <class T>
class scripted_source {
public:
  using event_type = T;

  explicit scripted_source(script<T> what)
      : script_(std::make_shared<const script<T>>(std::move(what))),
        handed_out_(std::make_shared<std::vector<std::uint64_t>>(script_->splits.size())) {}

  /// How far each split has been read, at most, over all attempts.
  [[nodiscard]] const std::vector<std::uint64_t>& handed_out() const noexcept {
    return *handed_out_;
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return std::make_unique<enumerator>(script_, found_);
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<reader>(script_, handed_out_);
  }
  [[nodiscard]] std::string kind() const { return "scripted"; }
  [[nodiscard]] bool blocking() const { return false; }
  [[nodiscard]] bool gives_event_time() const { return false; }

private:
  class enumerator final : public source_enumerator {
  public:
    enumerator(std::shared_ptr<const script<T>> what, std::shared_ptr<std::size_t> found)
        : script_(std::move(what)), found_(std::move(found)) {}

    result<std::vector<split>> discover() override {
      const std::size_t n = script_->splits.size();
      *found_ = std::min(n, *found_ == 0 ? script_->found_first.value_or(n) : *found_ + 1);
      std::vector<split> all;
      for (std::size_t i = 0; i < *found_; ++i) all.push_back({"split-" + std::to_string(i)});
      return all;
    }
    [[nodiscard]] duration find_again_every() const override {
      return duration{script_->found_first ? 1 : 0};
    }

  private:
    std::shared_ptr<const script<T>> script_;
    std::shared_ptr<std::size_t> found_;
  };

  class reader final : public source_reader<T> {
  public:
    reader(std::shared_ptr<const script<T>> what,
           std::shared_ptr<std::vector<std::uint64_t>> handed_out)
        : script_(std::move(what)), handed_out_(std::move(handed_out)), random_(script_->seed) {}

    void assign(std::size_t lane, const split& what, std::uint64_t offset) override {
      const std::size_t number = std::stoul(what.id.substr(6));
      lanes_.push_back({lane, number, offset, false});
      started_ = started_ || offset != 0;
      random_.seed(script_->seed + offset * 1000 + number);
    }

    read_state poll(source_batch<T>& out, std::size_t max, const weir::clock& time) override {
      next_poll_ = max_timestamp;
      if (lanes_.empty()) {
        if (time.wall() >= script_->idle_until) return read_state::ended;
        next_poll_ = script_->idle_until;
        return read_state::caught_up;
      }
      if (started_ && chance(script_->pause)) {
        next_poll_ = time.wall() + std::chrono::milliseconds{1};
        return read_state::caught_up;
      }
      started_ = true;  // a split is waited for from its first event on: it must not wait itself
      const std::size_t chosen = choose();
      if (chosen == lanes_.size()) return read_state::caught_up;
      position& at = lanes_[chosen];
      out.lane = at.lane;
      out.first_offset = out.end_offset = at.offset;
      if (chance(script_->idle_mark)) {
        out.lane_idle = true;
        return read_state::more;
      }
      const std::vector<T>& from = script_->splits[at.split];
      const std::size_t left = from.size() - std::min<std::size_t>(at.offset, from.size());
      const std::size_t n =
          std::min({max, left, std::size_t{1} + random_() % script_->largest_batch});
      for (std::size_t i = 0; i < n; ++i) out.events.values.push_back(from[at.offset + i]);
      at.offset += n;
      (*handed_out_)[at.split] = std::max((*handed_out_)[at.split], at.offset);
      out.end_offset = at.offset;
      out.lane_ended = at.offset >= from.size();
      if (out.lane_ended && script_->ends_late && time.wall() < script_->idle_until) {
        next_poll_ = script_->idle_until;
        out.lane_ended = false;
        return n != 0 ? read_state::more : read_state::caught_up;
      }
      if (out.lane_ended) lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(chosen));
      if (!chance(script_->pause_after)) return read_state::more;
      next_poll_ = time.wall() + std::chrono::milliseconds{1};
      return read_state::caught_up;
    }

    [[nodiscard]] timestamp next_poll() const override { return next_poll_; }
    void pause(std::size_t lane) override { set_paused(lane, true); }
    void resume(std::size_t lane) override { set_paused(lane, false); }

  private:
    struct position {
      std::size_t lane;
      std::size_t split;
      std::uint64_t offset;
      bool paused;
    };

    void set_paused(std::size_t lane, bool paused) {
      for (position& at : lanes_)
        if (at.lane == lane) at.paused = paused;
    }
    /// One that isn't paused, or the number of them if all are.
    std::size_t choose() {
      const std::size_t first = random_() % lanes_.size();
      for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (!lanes_[(first + i) % lanes_.size()].paused) return (first + i) % lanes_.size();
      return lanes_.size();
    }

    bool chance(double p) { return p > 0 && static_cast<double>(random_() >> 11) * 0x1.0p-53 < p; }

    std::shared_ptr<const script<T>> script_;
    std::shared_ptr<std::vector<std::uint64_t>> handed_out_;
    std::mt19937_64 random_;
    std::vector<position> lanes_;
    bool started_ = false;
    timestamp next_poll_ = max_timestamp;
  };

  std::shared_ptr<const script<T>> script_;
  std::shared_ptr<std::vector<std::uint64_t>> handed_out_;
  std::shared_ptr<std::size_t> found_ = std::make_shared<std::size_t>(0);
};

}  // namespace weir::test
