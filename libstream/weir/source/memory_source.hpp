// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/source/source.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// A bounded source over vectors that are already in memory: one split each. For tests and small
/// tables.
template <class T>
class memory_source {
public:
  using event_type = T;
  static constexpr bool recorded = true;

  explicit memory_source(std::vector<T> events)
      : memory_source(std::vector<std::vector<T>>{std::move(events)}) {}
  explicit memory_source(std::vector<std::vector<T>> splits)
      : splits_(std::make_shared<const std::vector<std::vector<T>>>(std::move(splits))) {}

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    std::vector<split> all;
    for (std::size_t i = 0; i < splits_->size(); ++i) all.push_back({"memory-" + number(i)});
    return std::make_unique<fixed_splits>(std::move(all));
  }
  [[nodiscard]] std::unique_ptr<source_reader<T>> make_reader() const {
    return std::make_unique<reader>(splits_);
  }
  [[nodiscard]] std::string kind() const { return "memory"; }
  [[nodiscard]] bool blocking() const { return false; }

private:
  /// Padded, so that the order of names is that of numbers.
  static std::string number(std::size_t i) {
    std::string digits = std::to_string(i);
    return std::string(digits.size() < 6 ? 6 - digits.size() : 0, '0') + digits;
  }

  class reader final : public source_reader<T> {
  public:
    explicit reader(std::shared_ptr<const std::vector<std::vector<T>>> splits)
        : splits_(std::move(splits)) {}

    void assign(std::size_t lane, const split& what, std::uint64_t offset) override {
      lanes_.push_back({lane, std::stoul(what.id.substr(7)), offset, false});
    }

    read_state poll(source_batch<T>& out, std::size_t max, const clock&) override {
      if (lanes_.empty()) return read_state::ended;
      next_ = next_ % lanes_.size();
      for (std::size_t tried = 0; lanes_[next_].paused; next_ = (next_ + 1) % lanes_.size())
        if (++tried == lanes_.size()) return read_state::caught_up;
      position& at = lanes_[next_];
      const std::vector<T>& from = (*splits_)[at.split];
      // Fewer than were read before a restart may be there now.
      const std::size_t left = from.size() - std::min<std::size_t>(from.size(), at.offset);
      const std::size_t n = std::min(max, left);
      out.lane = at.lane;
      out.first_offset = at.offset;
      for (std::size_t i = 0; i < n; ++i) out.events.values.push_back(from[at.offset + i]);
      at.offset += n;
      out.end_offset = at.offset;
      out.lane_ended = at.offset >= from.size();
      if (out.lane_ended)
        lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(next_));
      else
        ++next_;
      return read_state::more;
    }

    void pause(std::size_t lane) override { set_paused(lane, true); }
    void resume(std::size_t lane) override { set_paused(lane, false); }

  private:
    void set_paused(std::size_t lane, bool paused) {
      for (position& at : lanes_)
        if (at.lane == lane) at.paused = paused;
    }

    struct position {
      std::size_t lane;
      std::size_t split;
      std::uint64_t offset;
      bool paused;
    };
    std::shared_ptr<const std::vector<std::vector<T>>> splits_;
    std::vector<position> lanes_;
    std::size_t next_ = 0;
  };

  std::shared_ptr<const std::vector<std::vector<T>>> splits_;
};

}  // namespace weir
