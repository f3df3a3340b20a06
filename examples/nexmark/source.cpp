// SPDX-License-Identifier: BSD-3-Clause
#include "source.hpp"

#include "event_row.hpp"
#include "weir/connectors/file/file.hpp"
#include "weir/core/clock.hpp"

#include <algorithm>
#include <optional>

namespace nexmark {

namespace {

using std::chrono::nanoseconds;

/// Holds a source's end until the clock has ended the window in which its last events were worked
/// off.
class end_of_window {
public:
  explicit end_of_window(weir::duration size) : size_(size) {}

  /// Called when there are no more events: whether to wait on.
  [[nodiscard]] bool is_awaited(const weir::clock& time) {
    if (size_ == weir::duration{0}) return false;
    constexpr std::chrono::seconds margin{1};
    const weir::timestamp now = time.wall();
    if (!until_) {
      const auto since = (now + margin).time_since_epoch();
      until_ = weir::timestamp{since - since % size_} + size_ + margin;
    }
    return now < *until_;
  }
  /// When it will be over; the maximum if nothing is waited for.
  [[nodiscard]] weir::timestamp until() const { return until_.value_or(weir::max_timestamp); }

private:
  weir::duration size_;
  std::optional<weir::timestamp> until_;
};

/// One split of the generator for each lane; at a rate an event is given at its intended time.
class generator_reader final : public weir::source_reader<event> {
public:
  generator_reader(input from, std::shared_ptr<const generator> g)
      : from_(std::move(from)), generator_(std::move(g)), window_(from_.stays_for_window) {}

  void assign(std::size_t lane, const weir::split& what, std::uint64_t offset) override {
    const std::uint64_t number = std::stoul(what.id.substr(what.id.rfind('-') + 1));
    const std::uint64_t n =
        from_.events / from_.splits + (number < from_.events % from_.splits ? 1 : 0);
    lanes_.push_back({lane, number, offset, n, offset, false});
  }

  weir::read_state poll(weir::source_batch<event>& out, std::size_t max,
                        const weir::clock& time) override {
    if (lanes_.empty()) return weir::read_state::ended;
    if (!began_) began_ = time.steady();
    wake_at_ = weir::max_timestamp;
    for (std::size_t tried = 0; tried < lanes_.size(); ++tried) {
      next_ = (next_ + 1) % lanes_.size();
      if (!lanes_[next_].paused && fill(lanes_[next_], out, max, time))
        return weir::read_state::more;
    }
    return weir::read_state::caught_up;
  }

  [[nodiscard]] weir::timestamp next_poll() const override { return wake_at_; }
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

  bool fill(lane_state& l, weir::source_batch<event>& out, std::size_t max,
            const weir::clock& time) {
    std::uint64_t n = std::min<std::uint64_t>(max, l.end - std::min(l.end, l.offset));
    if (n == 0 && window_.is_awaited(time)) {
      wake_at_ = std::min(wake_at_, window_.until());
      return false;
    }
    if (from_.rate > 0 && n != 0) {
      const weir::steady_time now = time.steady();
      n = std::min(n, due_by(now) - std::min(due_by(now), l.offset - l.first));
      if (n == 0) {
        const auto wait = std::chrono::ceil<weir::duration>(intended(l) - now);
        wake_at_ = std::min(wake_at_, time.wall() + std::max(weir::duration{1}, wait));
        return false;
      }
      out.intended = intended(l);
    }
    out.lane = l.lane;
    out.first_offset = l.offset;
    out.events.values.resize(n);
    generator_->fill({out.events.values.data(), n}, l.number + l.offset * from_.splits,
                     from_.splits);
    l.offset += n;
    out.end_offset = l.offset;
    out.lane_ended = l.offset >= l.end && !window_.is_awaited(time);
    if (out.lane_ended) lanes_.erase(lanes_.begin() + static_cast<std::ptrdiff_t>(next_));
    return true;
  }

  /// How many events a lane should have given by `now`.
  [[nodiscard]] std::uint64_t due_by(weir::steady_time now) const {
    const double passed = std::chrono::duration<double>(now - *began_).count();
    return static_cast<std::uint64_t>(passed * from_.rate / from_.splits) + 1;
  }
  [[nodiscard]] weir::steady_time intended(const lane_state& l) const {
    const double after = static_cast<double>(l.offset - l.first) * from_.splits / from_.rate;
    return *began_ + std::chrono::ceil<nanoseconds>(std::chrono::duration<double>(after));
  }

  input from_;
  std::shared_ptr<const generator> generator_;
  std::vector<lane_state> lanes_;
  std::size_t next_ = 0;
  std::optional<weir::steady_time> began_;
  weir::timestamp wake_at_ = weir::max_timestamp;
  end_of_window window_;
};

/// The rows of a file as events; a row that is none is rejected with its text.
class row_reader final : public weir::source_reader<event> {
public:
  explicit row_reader(const input& from)
      : rows_(weir::files<event_row>(from.file).make_reader()), window_(from.stays_for_window) {}

  void assign(std::size_t lane, const weir::split& what, std::uint64_t offset) override {
    rows_->assign(lane, what, offset);
  }
  weir::read_state poll(weir::source_batch<event>& out, std::size_t max,
                        const weir::clock& time) override {
    if (!over_.empty() && !window_.is_awaited(time)) return end_one(out);
    in_.clear();
    const weir::read_state state = rows_->poll(in_, max, time);
    out.lane = in_.lane;
    out.first_offset = in_.first_offset;
    out.end_offset = in_.end_offset;
    out.rejected = std::move(in_.rejected);
    out.lane_ended = in_.lane_ended;
    out.lane_idle = in_.lane_idle;
    out.at_end = in_.at_end;
    for (std::size_t i = 0; i < in_.events.size(); ++i) add(i, out);
    if (out.lane_ended && window_.is_awaited(time)) {
      over_.push_back({out.lane, out.end_offset});
      out.lane_ended = false;
    }
    return state == weir::read_state::ended && !over_.empty() ? weir::read_state::caught_up : state;
  }
  [[nodiscard]] weir::timestamp next_poll() const override {
    return over_.empty() ? rows_->next_poll() : std::min(rows_->next_poll(), window_.until());
  }
  void on_ready(std::function<void()> wake) override { rows_->on_ready(std::move(wake)); }
  bool close() override { return rows_->close(); }

private:
  void add(std::size_t i, weir::source_batch<event>& out) {
    try {
      out.events.values.push_back(to_event(in_.events.values[i]));
      if (!in_.offsets.empty()) out.offsets.push_back(in_.offsets[i]);
    } catch (const weir::exception& e) {
      const std::uint64_t at = in_.offsets.empty() ? in_.first_offset + i : in_.offsets[i];
      out.rejected.push_back({at, weir::to_json(in_.events.values[i]), e.what()});
    }
  }

  /// A file that was read to its end.
  struct finished {
    std::size_t lane;
    std::uint64_t offset;
  };
  weir::read_state end_one(weir::source_batch<event>& out) {
    out.lane = over_.back().lane;
    out.first_offset = out.end_offset = over_.back().offset;
    out.lane_ended = true;
    over_.pop_back();
    return weir::read_state::more;
  }

  std::unique_ptr<weir::source_reader<event_row>> rows_;
  weir::source_batch<event_row> in_;
  end_of_window window_;
  std::vector<finished> over_;  ///< Whose end is told when the window is over.
};

}  // namespace

event_source::event_source(input from)
    : from_(std::move(from)), generator_(std::make_shared<generator>(from_.generator)) {}

std::unique_ptr<weir::source_enumerator> event_source::make_enumerator() const {
  if (!from_.file.empty()) return weir::files<event_row>(from_.file).make_enumerator();
  std::vector<weir::split> all;
  for (std::uint32_t i = 0; i < from_.splits; ++i) all.push_back({"events-" + std::to_string(i)});
  return std::make_unique<weir::fixed_splits>(std::move(all));
}

std::unique_ptr<weir::source_reader<event>> event_source::make_reader() const {
  if (!from_.file.empty()) return std::make_unique<row_reader>(from_);
  return std::make_unique<generator_reader>(from_, generator_);
}

/// Polls the source's one split.
struct event_feed::inside {
  explicit inside(input from) : source(std::move(from)), reader(source.make_reader()) {
    auto splits = source.make_enumerator()->discover();
    if (!splits) throw weir::exception(splits.error());
    for (std::size_t lane = 0; lane < splits->size(); ++lane)
      reader->assign(lane, (*splits)[lane], 0);
  }

  event_source source;
  std::unique_ptr<weir::source_reader<event>> reader;
  weir::source_batch<event> batch;
  weir::system_clock time;
};

event_feed::event_feed(const input& from) {
  input one = from;
  one.splits = 1;
  one.rate = 0;
  one.stays_for_window = weir::duration{0};
  inside_ = std::make_unique<inside>(std::move(one));
}
event_feed::event_feed(event_feed&&) noexcept = default;
event_feed::~event_feed() = default;

std::span<const event> event_feed::next() {
  constexpr std::size_t at_once = 1024;
  while (true) {
    inside_->batch.clear();
    const auto state = inside_->reader->poll(inside_->batch, at_once, inside_->time);
    if (!inside_->batch.rejected.empty())
      throw weir::exception({weir::errc::decode_failed, inside_->batch.rejected.front().reason});
    const auto& values = inside_->batch.events.values;
    if (!values.empty() || state == weir::read_state::ended) return {values.data(), values.size()};
    if (inside_->batch.lane_ended) return {};
  }
}

}  // namespace nexmark
