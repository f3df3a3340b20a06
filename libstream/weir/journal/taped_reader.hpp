// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/journal/tape.hpp"
#include "weir/source/source.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace weir::journal {

/// A source's reader on a tape: notes what the real one gives, or gives what was noted.
template <class T>
class taped_reader final : public source_reader<T> {
public:
  /// @pre `real` is null if, and only if, the tape repeats
  taped_reader(std::unique_ptr<source_reader<T>> real, std::shared_ptr<tape> on)
      : real_(std::move(real)), tape_(std::move(on)) {}

  read_state poll(source_batch<T>& out, std::size_t max, const clock&) override {
    if (tape_->repeats()) return repeat(out);
    const read_state state = noting(*tape_, [&] { return real_->poll(out, max, tape_->real()); });
    note(out, state);
    return state;
  }
  [[nodiscard]] timestamp next_poll() const override {
    if (tape_->repeats()) return tape_->expect(mark::next_poll), tape_->template read<timestamp>();
    const timestamp at = real_->next_poll();
    encode(at, tape_->note(mark::next_poll));
    return at;
  }
  bool close() override {
    if (tape_->repeats()) return tape_->expect(mark::closed), tape_->template read<bool>();
    const bool left = real_->close();
    encode(left, tape_->note(mark::closed));
    return left;
  }

  void assign(std::size_t lane, const split& what, std::uint64_t offset) override {
    if (real_) real_->assign(lane, what, offset);
  }
  void pause(std::size_t lane) override {
    if (real_) real_->pause(lane);
  }
  void resume(std::size_t lane) override {
    if (real_) real_->resume(lane);
  }
  void keep_until_committed() override {
    if (real_) real_->keep_until_committed();
  }
  void committed(std::size_t lane, std::uint64_t offset) override {
    if (real_) real_->committed(lane, offset);
  }
  void on_ready(std::function<void()> wake) override {
    if (real_) real_->on_ready(std::move(wake));
  }

private:
  using rejected = std::vector<std::tuple<std::uint64_t, std::string, std::string>>;

  static bool has_anything(const source_batch<T>& b) {
    return !b.events.empty() || !b.rejected.empty() || b.lane_ended || b.lane_idle || b.moved ||
           !b.at_end.empty();
  }

  void note(const source_batch<T>& b, read_state state) const {
    bytes& to = tape_->note(mark::polled);
    encode(static_cast<std::uint8_t>(state), to);
    encode(has_anything(b), to);
    if (!has_anything(b)) return;
    encode(static_cast<std::uint64_t>(b.lane), to);
    encode(b.events.values, to);
    encode(b.events.times, to);
    encode(b.first_offset, to);
    encode(b.offsets, to);
    encode(b.end_offset, to);
    rejected all;
    for (const rejected_record& r : b.rejected) all.emplace_back(r.offset, r.text, r.reason);
    encode(all, to);
    encode(b.intended.has_value(), to);
    if (b.intended) encode(b.intended->time_since_epoch().count(), to);
    encode(b.lane_ended, to);
    encode(b.lane_idle, to);
    encode(b.moved, to);
    encode(std::vector<std::uint64_t>(b.at_end.begin(), b.at_end.end()), to);
  }

  read_state repeat(source_batch<T>& b) {
    tape_->expect(mark::polled);
    const tape& from = *tape_;
    const auto state = static_cast<read_state>(from.read<std::uint8_t>());
    if (!from.read<bool>()) return state;
    b.lane = from.read<std::uint64_t>();
    b.events.values = from.read<decltype(b.events.values)>();
    b.events.times = from.read<decltype(b.events.times)>();
    b.first_offset = from.read<std::uint64_t>();
    b.offsets = from.read<std::vector<std::uint64_t>>();
    b.end_offset = from.read<std::uint64_t>();
    for (auto& [offset, text, reason] : from.read<rejected>())
      b.rejected.push_back({offset, std::move(text), std::move(reason)});
    if (from.read<bool>())
      b.intended = steady_time{std::chrono::nanoseconds{from.read<std::int64_t>()}};
    b.lane_ended = from.read<bool>();
    b.lane_idle = from.read<bool>();
    b.moved = from.read<bool>();
    const auto at_end = from.read<std::vector<std::uint64_t>>();
    b.at_end.assign(at_end.begin(), at_end.end());
    return state;
  }

  std::unique_ptr<source_reader<T>> real_;
  std::shared_ptr<tape> tape_;
};

}  // namespace weir::journal
