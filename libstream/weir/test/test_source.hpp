// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/source.hpp"
#include "weir/test/split_script.hpp"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// A source for simulated runs whose splits follow scripts on the clock of the run. Without a seed,
/// what is due is read in the order of its moments, all at once as far as a batch goes. With one,
/// splits that have something due are read in any order and in batches of any size. Copies share
/// the scripts, which must not be changed once a run has begun. A restart reads on where the
/// checkpoint says; what is due by then comes at once. Watermarks are made behind it, by
/// `event_time()`, as for every source.
template <class T>
class test_source {
public:
  using event_type = T;

  explicit test_source(std::uint64_t seed = 0)
      : seed_(seed), splits_(std::make_shared<std::vector<std::unique_ptr<split_script<T>>>>()) {}

  /// Adds a split, called "split-000000" and so on. The reference stays valid.
  split_script<T>& split() { return *splits_->emplace_back(std::make_unique<split_script<T>>()); }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    std::vector<weir::split> all;
    for (std::size_t i = 0; i < splits_->size(); ++i) {
      const std::string digits = std::to_string(i);
      all.push_back(
          {"split-" + std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits});
    }
    return std::make_unique<fixed_splits>(std::move(all));
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<reader>(splits_, seed_);
  }
  [[nodiscard]] std::string kind() const { return "test-source"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  using scripts = std::vector<std::unique_ptr<split_script<T>>>;

  class reader final : public source_reader<T> {
  public:
    reader(std::shared_ptr<const scripts> splits, std::uint64_t seed)
        : splits_(std::move(splits)), random_(seed), seeded_(seed != 0) {}

    void assign(std::size_t lane, const weir::split& what, std::uint64_t offset) override {
      position& at = lanes_.emplace_back();
      at.lane = lane;
      at.script = (*splits_)[std::stoul(what.id.substr(6))].get();
      while (at.offset < offset && at.next < at.script->steps().size())
        at.offset += at.script->steps()[at.next++].value ? 1 : 0;
    }

    void pause(std::size_t lane) override { set_paused(lane, true); }
    void resume(std::size_t lane) override { set_paused(lane, false); }

    read_state poll(source_batch<T>& out, std::size_t max, const clock& time) override {
      if (lanes_.empty()) return read_state::ended;
      const auto now = std::chrono::floor<duration>(time.steady() - steady_time{});
      const std::size_t chosen = choose(now);
      if (chosen == lanes_.size()) {
        const duration next = next_due(lanes_.size());
        next_poll_ = next == duration::max() ? max_timestamp : time.wall() + (next - now);
        return read_state::caught_up;
      }
      const duration until = seeded_ ? now : std::min(now, next_due(chosen));
      read(lanes_[chosen], until, now, max, out);
      if (out.lane_ended) lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(chosen));
      return read_state::more;
    }

    [[nodiscard]] timestamp next_poll() const override { return next_poll_; }

  private:
    struct position {
      std::size_t lane = 0;
      const split_script<T>* script = nullptr;
      std::size_t next = 0;      ///< Step of the script.
      std::uint64_t offset = 0;  ///< Events before it.
      bool paused = false;

      /// When there is something to read: the next step, or the end.
      [[nodiscard]] duration due() const {
        if (paused) return duration::max();
        return next < script->steps().size() ? script->steps()[next].due : script->end();
      }
    };

    /// A split that has ended may be told, too.
    void set_paused(std::size_t lane, bool paused) {
      for (position& at : lanes_)
        if (at.lane == lane) at.paused = paused;
    }

    /// The earliest moment at which a split other than that one has something.
    [[nodiscard]] duration next_due(std::size_t except) const {
      duration earliest = duration::max();
      for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (i != except) earliest = std::min(earliest, lanes_[i].due());
      return earliest;
    }

    /// A split that has something due, or the number of splits.
    std::size_t choose(duration now) {
      std::vector<std::size_t> due;
      for (std::size_t i = 0; i < lanes_.size(); ++i)
        if (lanes_[i].due() <= now) due.push_back(i);
      if (due.empty()) return lanes_.size();
      if (seeded_) return due[random_() % due.size()];
      return *std::min_element(due.begin(), due.end(), [&](std::size_t a, std::size_t b) {
        return lanes_[a].due() < lanes_[b].due();
      });
    }

    /// Takes the steps up to `until`; a step that says idle, or the end, closes the batch.
    void read(position& at, duration until, duration now, std::size_t max, source_batch<T>& out) {
      const auto& steps = at.script->steps();
      if (seeded_) max = 1 + random_() % max;
      out.lane = at.lane;
      out.first_offset = at.offset;
      while (at.next < steps.size() && steps[at.next].due <= until && !out.lane_idle &&
             out.events.size() < max) {
        const auto& step = steps[at.next++];
        if (step.value) {
          out.events.values.push_back(*step.value);
          ++at.offset;
        } else {
          out.lane_idle = true;
        }
      }
      out.end_offset = at.offset;
      out.lane_ended = at.next == steps.size() && at.script->end() <= now;
    }

    std::shared_ptr<const scripts> splits_;
    std::mt19937_64 random_;
    bool seeded_;
    std::vector<position> lanes_;
    timestamp next_poll_ = max_timestamp;
  };

  std::uint64_t seed_;
  std::shared_ptr<scripts> splits_;
};

}  // namespace weir::test
