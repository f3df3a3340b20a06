// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/part_list.hpp"
#include "weir/flow/segment.hpp"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

namespace weir::flow {

/// A fan-out without its event type, as a segment sees its side outputs.
class fan_out_base : public stage_part {
public:
  /// Whether what it holds must be worked off before the next event.
  [[nodiscard]] virtual bool full() const noexcept = 0;
  /// How many events may come before it has to be asked again whether it is full.
  [[nodiscard]] virtual std::size_t room() const noexcept = 0;
  /// Works off what it holds.
  virtual verdict settle(step& s) = 0;
  /// Notes that what is emitted from here on is of another event, and takes that back.
  virtual void mark() noexcept = 0;
  virtual void take_back_to_mark() = 0;
};

/// A named stream within a stage: gathers events and hands them, batch by batch, to each of its
/// consumers in turn. Each but the last sees them as const; the last may move them out. Bound: one
/// batch and one event's outputs.
template <class T>
class fan_out final : public fan_out_base {
public:
  explicit fan_out(std::vector<std::unique_ptr<segment<T>>> consumers, std::size_t limit = 1024)
      : consumers_(std::move(consumers)), limit_(limit) {}

  template <class V>
  void emit(V&& value, timestamp at) {
    gathered_.push(std::forward<V>(value), at);
  }

  /// The batch that `emit` adds to, for a `batch_writer`.
  [[nodiscard]] batch<T>& gathered() noexcept { return gathered_; }

  bool take_back() {
    if (gathered_.empty()) return false;
    gathered_.pop();
    return true;
  }

  void mark() noexcept override { mark_ = gathered_.size(); }
  void take_back_to_mark() override {
    while (gathered_.size() > mark_) gathered_.pop();
  }

  [[nodiscard]] bool full() const noexcept override {
    return handing_out_now_ || gathered_.size() >= limit_;
  }
  [[nodiscard]] std::size_t room() const noexcept override {
    return limit_ - std::min(limit_, gathered_.size());
  }

  verdict settle(step& s) override {
    if (gathered_.empty()) return verdict::done;
    handing_out_now_ = true;
    const batch_origin* origin = std::exchange(s.origin, nullptr);
    const verdict v = handing_out_.run(consumers_, [&](segment<T>& c) {
      return c.on_batch(gathered_, &c == consumers_.back().get(), s);
    });
    s.origin = origin;
    if (v != verdict::done) return v;
    gathered_.clear();
    handing_out_now_ = false;
    return v;
  }

  verdict on_progress(progress p, step& s) override {
    return progressing_.run(consumers_, [&](segment<T>& c) { return c.on_progress(p, s); });
  }
  verdict on_time(step& s) override {
    return timing_.run(consumers_, [&](segment<T>& c) { return c.on_time(s); });
  }
  verdict on_completion(step& s) override {
    return completing_.run(consumers_, [&](segment<T>& c) { return c.on_completion(s); });
  }
  [[nodiscard]] timestamp next_timer() const override { return earliest_timer(consumers_); }
  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    return saving_.run(consumers_, [&](segment<T>& c) { return c.snapshot(b, to, s); });
  }
  void restore(snapshot_reader& from) override {
    for (auto& c : consumers_) c->restore(from);
  }
  result<void> commit(barrier b) override { return commit_all(consumers_, b); }
  [[nodiscard]] std::size_t events_held() const override {
    const batch_in_hand hand =
        handing_out_now_ ? how_far(consumers_, handing_out_, gathered_.size()) : batch_in_hand{};
    return gathered_.size() - hand.taken + hand.unfinished + events_held_by(consumers_);
  }
  [[nodiscard]] flow::outstanding outstanding() const override {
    return outstanding_of(consumers_);
  }
  void find_places(return_search& search) override {
    for (auto& c : consumers_) c->find_places(search);
  }

private:
  batch<T> gathered_;
  std::size_t mark_ = 0;
  std::vector<std::unique_ptr<segment<T>>> consumers_;
  std::size_t limit_;
  bool handing_out_now_ = false;
  part_cursor handing_out_, progressing_, timing_, completing_, saving_;
};

}  // namespace weir::flow
