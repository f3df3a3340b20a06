// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/source.hpp"

#include <algorithm>
#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir {

struct generator_options {
  std::uint64_t events = std::numeric_limits<std::uint64_t>::max();  ///< Over all splits.
  std::uint32_t splits = 1;
  double rate = 0;  ///< Events a second over all splits; 0 for as fast as they are taken.
};

/// Makes events from their number: event `i` is `f(i)`, so that a restart goes on with the same
/// ones. Split s of n makes the events s, s + n, s + 2n, … A paced generator gives each event its
/// intended time, so that latency counts the delay of events that were held up (no coordinated
/// omission).
template <class F>
class generator {
public:
  using event_type = std::decay_t<std::invoke_result_t<const F&, std::uint64_t>>;
  static constexpr bool recorded = true;

  explicit generator(F f, generator_options options = {}) : f_(std::move(f)), options_(options) {
    if (options_.splits == 0)
      throw exception({errc::invalid_argument, "generator: splits must be at least 1"});
    if (!(options_.rate >= 0))
      throw exception({errc::invalid_argument, "generator: rate must not be negative"});
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    std::vector<split> all;
    for (std::uint32_t i = 0; i < options_.splits; ++i)
      all.push_back({"generator-" + std::to_string(i)});
    return std::make_unique<fixed_splits>(std::move(all));
  }
  [[nodiscard]] std::unique_ptr<source_reader<event_type>> make_reader() const {
    return std::make_unique<reader>(f_, options_);
  }
  [[nodiscard]] std::string kind() const { return "generator"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  class reader final : public source_reader<event_type> {
  public:
    reader(F f, generator_options options) : f_(std::move(f)), options_(options) {}

    void assign(std::size_t lane, const split& what, std::uint64_t offset) override {
      const std::uint64_t number = std::stoul(what.id.substr(10));
      const std::uint64_t n =
          options_.events / options_.splits + (number < options_.events % options_.splits ? 1 : 0);
      lanes_.push_back({lane, number, offset, n, offset, false});
    }

    read_state poll(source_batch<event_type>& out, std::size_t max, const clock& time) override {
      if (lanes_.empty()) return read_state::ended;
      if (!began_) began_ = time.steady();
      wake_at_ = max_timestamp;
      for (std::size_t tried = 0; tried < lanes_.size(); ++tried) {
        next_ = (next_ + 1) % lanes_.size();
        if (!lanes_[next_].paused && fill(lanes_[next_], out, max, time)) return read_state::more;
      }
      return read_state::caught_up;
    }

    [[nodiscard]] timestamp next_poll() const override { return wake_at_; }
    void pause(std::size_t lane) override { set_paused(lane, true); }
    void resume(std::size_t lane) override { set_paused(lane, false); }

  private:
    struct lane_state {
      std::size_t lane;
      std::uint64_t number;
      std::uint64_t offset;
      std::uint64_t end;
      std::uint64_t first;  ///< Offset at which the pace began.
      bool paused;
    };

    void set_paused(std::size_t lane, bool paused) {
      for (lane_state& l : lanes_)
        if (l.lane == lane) l.paused = paused;
    }

    bool fill(lane_state& l, source_batch<event_type>& out, std::size_t max, const clock& time) {
      std::uint64_t n = std::min<std::uint64_t>(max, l.end - std::min(l.end, l.offset));
      if (options_.rate > 0 && n != 0) {
        const std::uint64_t due = due_at(time.steady());
        n = std::min(n, due - std::min(due, l.offset - l.first));
        if (n == 0) {
          const auto wait = intended(l) - time.steady();
          wake_at_ = std::min(
              wake_at_, time.wall() + std::max(duration{1}, std::chrono::ceil<duration>(wait)));
          return false;
        }
        out.intended = intended(l);
      }
      out.lane = l.lane;
      out.first_offset = l.offset;
      const std::uint64_t stride = options_.splits;
      std::uint64_t i = l.number + l.offset * stride;
      for (std::uint64_t k = 0; k < n; ++k, i += stride) append_value(out.events.values, f_(i));
      l.offset += n;
      out.end_offset = l.offset;
      out.lane_ended = l.offset >= l.end;
      if (out.lane_ended) lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(next_));
      return true;
    }

    /// How many events a lane should have given by `now`.
    [[nodiscard]] std::uint64_t due_at(steady_time now) const {
      const double passed = std::chrono::duration<double>(now - *began_).count();
      return static_cast<std::uint64_t>(passed * options_.rate / options_.splits) + 1;
    }
    [[nodiscard]] steady_time intended(const lane_state& l) const {
      const double passed =
          static_cast<double>(l.offset - l.first) * options_.splits / options_.rate;
      return *began_ +
             std::chrono::ceil<std::chrono::nanoseconds>(std::chrono::duration<double>(passed));
    }

    F f_;
    generator_options options_;
    std::vector<lane_state> lanes_;
    std::size_t next_ = 0;
    std::optional<steady_time> began_;
    timestamp wake_at_ = max_timestamp;
  };

  F f_;
  generator_options options_;
};

}  // namespace weir
