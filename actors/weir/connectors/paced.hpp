// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/operators/concepts.hpp"
#include "weir/source/source.hpp"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir {

namespace replay {

/// A batch that is given bit by bit.
template <class T>
class held_batch {
public:
  explicit held_batch(source_batch<T> in) : in_(std::move(in)) {}

  [[nodiscard]] std::size_t size() const noexcept { return in_.events.size() - at_; }
  [[nodiscard]] const T& event(std::size_t i) const { return in_.events.values[at_ + i]; }

  /// Moves the next `n` events to `out`, with the rejected records before where they end; the last
  /// part takes all that is left.
  void give(std::size_t n, source_batch<T>& out) {
    const bool last = n == size();
    const std::size_t to = at_ + n;
    out.lane = in_.lane;
    out.first_offset = offset_before(at_);
    out.end_offset = last ? in_.end_offset : offset_before(to);
    move_part(in_.events.values, to, out.events.values);
    if (!in_.events.times.empty()) move_part(in_.events.times, to, out.events.times);
    if (!in_.offsets.empty()) move_part(in_.offsets, to, out.offsets);
    while (!in_.rejected.empty() && (last || in_.rejected.front().offset < out.end_offset)) {
      out.rejected.push_back(std::move(in_.rejected.front()));
      in_.rejected.erase(in_.rejected.begin());
    }
    out.lane_ended = last && in_.lane_ended;
    out.lane_idle = last && in_.lane_idle;
    at_ = to;
  }

private:
  [[nodiscard]] std::uint64_t offset_before(std::size_t i) const {
    if (i == 0) return in_.first_offset;
    return in_.offsets.empty() ? in_.first_offset + i : in_.offsets[i - 1];
  }

  template <class Column>
  void move_part(Column& from, std::size_t to, Column& out) const {
    const auto begin = from.begin() + static_cast<std::ptrdiff_t>(at_);
    const auto end = from.begin() + static_cast<std::ptrdiff_t>(to);
    if constexpr (std::is_trivially_copyable_v<typename Column::value_type>)
      out.insert(out.end(), begin, end);
    else
      out.insert(out.end(), std::make_move_iterator(begin), std::make_move_iterator(end));
  }

  source_batch<T> in_;
  std::size_t at_ = 0;
};

/// Holds back what another reader reads until its time has come.
template <class T, class TimeOf>
class paced_reader final : public source_reader<T> {
public:
  /// What each lane has before its first event of the time `start` is passed over.
  paced_reader(std::unique_ptr<source_reader<T>> from, TimeOf time_of, double speed,
               timestamp start)
      : from_(std::move(from)), time_of_(std::move(time_of)), speed_(speed), start_(start) {}

  void assign(std::size_t number, const split& what, std::uint64_t offset) override {
    lanes_.resize(std::max(lanes_.size(), number + 1));
    lanes_[number].open = true;
    from_->assign(number, what, offset);
  }

  read_state poll(source_batch<T>& out, std::size_t max, const clock& time) override {
    wake_at_ = max_timestamp;
    if (const read_state state = read(max, time); state == read_state::ended && nothing_held())
      return read_state::ended;
    else if (give(out, max, time))
      return read_state::more;
    else if (state == read_state::more)
      return read_state::more;
    return read_state::caught_up;
  }

  [[nodiscard]] timestamp next_poll() const override { return wake_at_; }
  void pause(std::size_t number) override {
    lanes_[number].paused = true;
    from_->pause(number);
  }
  void resume(std::size_t number) override {
    lanes_[number].paused = false;
    if (lanes_[number].held.empty()) from_->resume(number);
  }
  void on_ready(std::function<void()> wake) override { from_->on_ready(std::move(wake)); }
  bool close() override { return from_->close(); }

private:
  struct lane {
    bool open = false;
    bool started = false;
    bool paused = false;
    std::deque<held_batch<T>> held;
  };

  /// Reads on if a lane has nothing at hand, so that its events aren't late because another lane's
  /// wait. `caught_up` if there was no need to.
  read_state read(std::size_t max, const clock& time) {
    // A reader that doesn't know pauses may bring more of a lane that has something; but not much.
    constexpr std::size_t enough = 4;
    bool wanted = false;
    for (const lane& l : lanes_) {
      if (l.held.size() >= enough) return read_state::caught_up;
      wanted = wanted || (l.open && !l.paused && l.held.empty());
    }
    if (!wanted && !nothing_held()) return read_state::caught_up;
    source_batch<T> in;
    const read_state state = from_->poll(in, max, time);
    if (state == read_state::caught_up) wake_at_ = from_->next_poll();
    pass_over(in);
    if (!in.events.empty() || !in.rejected.empty() || in.lane_ended || in.lane_idle)
      hold(std::move(in), time);
    return state;
  }

  void pass_over(source_batch<T>& in) {
    lanes_.resize(std::max(lanes_.size(), in.lane + 1));
    lane& l = lanes_[in.lane];
    if (l.started || in.events.empty()) return;
    std::size_t n = 0;
    while (n < in.events.size() && event_time(in.events.values[n]) < start_) ++n;
    l.started = n < in.events.size();
    if (n == 0) return;
    const auto end = static_cast<std::ptrdiff_t>(n);
    in.first_offset = in.offsets.empty() ? in.first_offset + n : in.offsets[n - 1];
    if (!in.offsets.empty()) in.offsets.erase(in.offsets.begin(), in.offsets.begin() + end);
    in.events.values.erase(in.events.values.begin(), in.events.values.begin() + end);
    if (!in.events.times.empty())
      in.events.times.erase(in.events.times.begin(), in.events.times.begin() + end);
  }

  void hold(source_batch<T> in, const clock& time) {
    lanes_.resize(std::max(lanes_.size(), in.lane + 1));
    lane& l = lanes_[in.lane];
    if (in.lane_ended) l.open = false;
    if (!began_ && !in.events.empty())
      began_ = origin{time.steady(), event_time(in.events.values[0])};
    const std::size_t number = in.lane;
    l.held.emplace_back(std::move(in));
    from_->pause(number);
  }

  /// Gives what is due of the lane whose next event is the earliest.
  bool give(source_batch<T>& out, std::size_t max, const clock& time) {
    const steady_time now = time.steady();
    lane* first = nullptr;
    steady_time first_due = steady_time::max();
    for (lane& l : lanes_) {
      if (l.held.empty() || l.paused) continue;
      const held_batch<T>& next = l.held.front();
      const steady_time at = next.size() == 0 ? steady_time::min() : due(next.event(0));
      if (first == nullptr || at < first_due) {
        first = &l;
        first_due = at;
      }
    }
    if (first == nullptr) return false;
    if (first_due > now) {
      wake_at_ = std::min(
          wake_at_, saturating_add(time.wall(), std::chrono::ceil<duration>(first_due - now)));
      return false;
    }
    held_batch<T>& from = first->held.front();
    std::size_t n = 0;
    while (n < std::min(max, from.size()) && due(from.event(n)) <= now) ++n;
    if (n != 0) out.intended = first_due;
    const bool last = n == from.size();
    from.give(n, out);
    if (last) first->held.pop_front();
    if (first->held.empty() && first->open && !first->paused) from_->resume(out.lane);
    return true;
  }

  [[nodiscard]] timestamp event_time(const T& event) const {
    return std::chrono::floor<duration>(std::invoke(time_of_, event));
  }
  [[nodiscard]] steady_time due(const T& event) const {
    constexpr double a_century = 3e18;
    const std::chrono::duration<double, std::nano> passed = event_time(event) - began_->event;
    const double scaled = std::clamp(passed.count() / speed_, -a_century, a_century);
    return began_->at + std::chrono::nanoseconds{static_cast<std::int64_t>(std::ceil(scaled))};
  }
  [[nodiscard]] bool nothing_held() const {
    return std::all_of(lanes_.begin(), lanes_.end(), [](const lane& l) { return l.held.empty(); });
  }

  struct origin {
    steady_time at;
    timestamp event;
  };

  std::unique_ptr<source_reader<T>> from_;
  TimeOf time_of_;
  double speed_;
  timestamp start_;
  std::vector<lane> lanes_;
  std::optional<origin> began_;
  timestamp wake_at_ = max_timestamp;
};

/// What `paced` makes.
template <source Source, class TimeOf>
class paced_source {
public:
  using event_type = typename Source::event_type;
  static constexpr bool recorded = weir::recorded<Source>;

  paced_source(Source from, TimeOf time_of, double speed)
      : from_(std::move(from)), time_of_(std::move(time_of)), speed_(speed) {
    if (!(speed >= 0))
      throw exception({errc::invalid_argument, "paced: the speed must not be negative"});
  }

  [[nodiscard]] std::unique_ptr<source_enumerator> make_enumerator() const {
    return from_.make_enumerator();
  }
  [[nodiscard]] std::unique_ptr<source_reader<event_type>> make_reader() const {
    std::unique_ptr<source_reader<event_type>> from = from_.make_reader();
    if (speed_ == 0 || std::isinf(speed_)) return from;
    return std::make_unique<paced_reader<event_type, TimeOf>>(std::move(from), time_of_, speed_,
                                                              start_);
  }
  /// The pace begins with the first event of that time.
  [[nodiscard]] paced_source starting_at(timestamp t) const {
    paced_source later = *this;
    later.start_ = t;
    return later;
  }
  void start_at_offsets(const std::map<std::string, std::uint64_t, std::less<>>& by_split) requires(
      starts_at_offsets<Source>) {
    from_.start_at_offsets(by_split);
  }
  [[nodiscard]] result<void> check_offset(const std::string& split, std::uint64_t offset) const
      requires(checks_offsets<Source>) {
    return from_.check_offset(split, offset);
  }
  template <decodes_records From = Source>
  [[nodiscard]] result<event_type> decode_record(const std::string& split,
                                                 std::string_view record) const {
    return from_.decode_record(split, record);
  }
  [[nodiscard]] std::string kind() const { return from_.kind(); }
  [[nodiscard]] bool blocking() const { return from_.blocking(); }

private:
  Source from_;
  TimeOf time_of_;
  double speed_;
  timestamp start_ = min_timestamp;
};

}  // namespace replay

/// Replays what a bounded source has recorded at the pace of its own times: an event comes at
/// start + (its time − the first event's) / `speed`, where start and the first event are those of
/// this instance's first poll, anew after a restart. Speed 1 is real time, 60 makes an hour a
/// minute; 0 or infinity is as fast as possible. An event whose time is before that of one that was
/// given comes at once. Latency counts from when an event was due.
///
///     p.from(weir::paced(weir::files<flight>("flights.csv.zst"), &flight::report, 600))
template <source Source, timestamp_of<typename Source::event_type> TimeOf>
[[nodiscard]] auto paced(Source from, TimeOf time_of, double speed) {
  return replay::paced_source<Source, TimeOf>{std::move(from), std::move(time_of), speed};
}
template <class Source, class TimeOf>
auto paced(Source, TimeOf, double) {
  static_assert(source<Source>, "weir: paced() wants a source first, like files<T>(…)");
  if constexpr (source<Source>)
    static_assert(timestamp_of<TimeOf, typename Source::event_type>,
                  "weir: paced() wants a member or function of the event that gives a "
                  "std::chrono::sys_time second");
  return 0;
}

}  // namespace weir
