// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/planted_fault.hpp"
#include "weir/flow/consumer_body.hpp"
#include "weir/source/source.hpp"
#include "weir/source/split_lanes.hpp"

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::flow {

/// What a source instance needs to know of its surroundings.
struct source_setting {
  std::string id;                      ///< The source's operator id.
  std::vector<split_position> splits;  ///< The ones assigned to this instance.
  const clock* time = nullptr;
  stage_metrics* metrics = nullptr;
  std::size_t max_events = 1024;
  event_time_options event_time{};
  bool finds_more = false;  ///< Further splits may be assigned: it does not end by itself.
};

/// Decodes a record of the split of that name.
template <class T>
using record_decoder = std::function<result<T>(const std::string& split, std::string_view record)>;

template <class Source>
[[nodiscard]] record_decoder<typename Source::event_type> decoder_of(const Source& source) {
  if constexpr (decodes_records<Source>)
    return [source](const std::string& split, std::string_view record) {
      return source.decode_record(split, record);
    };
  else
    return {};
}

/// The inside of a stage that begins with a source: polls the reader and hands each batch to the
/// consumers.
template <class T>
class source_root final : public consumer_body<T>, private batch_origin {
  using base = consumer_body<T>;

public:
  /// `decode` reads a record that was rejected once more; empty if the source can't.
  source_root(source_setting setting, std::unique_ptr<source_reader<T>> reader,
              typename base::consumer_list consumers, record_decoder<T> decode = {})
      : base(std::move(consumers)),
        setting_(std::move(setting)),
        reader_(std::move(reader)),
        decode_(std::move(decode)),
        lanes_(setting_.event_time) {
    for (const split_position& at : setting_.splits) add_lane(at, true);
  }

  poll_outcome poll(step& s) override {
    s.lanes = &lanes_.list();
    if (phase_ == phase::reading) {
      if (stopped_ || nothing_left()) return over();
      lanes_.align(*reader_, s);
      if (!read(s)) {
        if (nothing_left()) return over();
        phase_ = phase::progressing;  // lanes that are idle now may let the watermark rise
      }
    }
    if (phase_ == phase::rejecting)
      if (!reject(s)) return s.errors.failed() ? poll_outcome::more : poll_outcome::blocked;
    if (phase_ == phase::handing_out) {
      const verdict v = hand_batch_out(s);
      if (s.errors.failed()) return poll_outcome::more;
      if (v != verdict::done)
        return v == verdict::blocked ? poll_outcome::blocked : poll_outcome::more;
      passed_batch();
      phase_ = phase::progressing;
    }
    return make_progress(s);
  }

  void stop_source(bool ends) override {
    stopped_ = !reader_->close();
    closing_ = true;
    ends_ = ends;
  }

  void assign(std::span<const split_position> further) override {
    for (const split_position& at : further) {
      if (lanes_.knows(at.id)) continue;
      setting_.splits.push_back(at);
      add_lane(at, false);
    }
  }
  [[nodiscard]] const lane_list* lanes() const override { return &lanes_.list(); }
  [[nodiscard]] timestamp awaited_watermark() const override { return lanes_.awaited(); }

  verdict on_progress(progress p, step& s) override {
    s.lanes = &lanes_.list();
    return base::on_progress(p, s);
  }

  /// A record is decoded anew; what was behind the source goes in there. Either counts for the
  /// split that it was read from.
  verdict replay(const dead_letter& letter, step& s) override {
    if (lanes_.size() == 0)
      return refuse_return({letter, {}, "the source has no splits"}, s), verdict::done;
    s.lanes = &lanes_.list();
    for (std::size_t i = 0; i < lanes_.size(); ++i)
      if (lanes_[i].id == letter.source) s.lane = static_cast<std::uint32_t>(i);
    if (!letter.event.empty()) return base::replay(letter, s);
    if (again_.empty()) {
      result<T> event =
          decode_ ? decode_(letter.source, letter.text)
                  : result<T>{error{errc::unsupported, "its source can't decode single records"}};
      if (!event) return refuse_return({letter, {}, event.error().message}, s), verdict::done;
      again_.push(*std::move(event), s.wall);
    }
    const verdict v = base::hand_out(again_, true, s);
    if (v == verdict::done && !s.errors.failed()) again_.clear();
    return v;
  }

  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    const verdict v = base::snapshot(b, to, s);
    if (v != verdict::done) return v;
    std::vector<std::uint64_t> positions;
    to.bind(setting_.id);
    for (std::size_t lane = 0; lane < setting_.splits.size(); ++lane) {
      split_position saved = setting_.splits[lane];
      saved.idle = lanes_[lane].state == lane_state::idle;
      saved.ended = saved.ended || (over_ && ends_);
      // After a failure in mid-batch: reading goes on behind what was emitted.
      if (phase_ == phase::handing_out && lane == in_.lane)
        saved.offset = taken() == in_.events.size() ? in_.end_offset : position_of(taken());
      if (planted(fault::offset_one_too_far)) ++saved.offset;
      if (b.id != 0) positions.push_back(saved.offset);
      bytes data;
      encode(saved, data);
      to.item("@split", std::move(data), state_kind::union_list);
    }
    if (b.id != 0) uncommitted_.emplace_back(b.id, std::move(positions));
    return v;
  }
  void restore(const snapshot_reader& from) override {
    base::restore(from);
    phase_ = phase::progressing;  // the snapshot may be from between two firings
  }
  result<void> commit(barrier b) override {
    for (; !uncommitted_.empty() && uncommitted_.front().first <= b.id; uncommitted_.pop_front()) {
      const auto& [id, positions] = uncommitted_.front();
      for (std::size_t lane = 0; lane < positions.size() && id == b.id; ++lane)
        reader_->committed(lane, positions[lane]);
    }
    return base::commit(b);
  }

  [[nodiscard]] std::size_t taken_in_hand() const override {
    return 0;
  }  // no channel feeds a source

private:
  enum class phase : std::uint8_t { reading, rejecting, handing_out, progressing };

  void add_lane(const split_position& at, bool from_start) {
    lanes_.add(at, from_start);
    if (at.ended)
      reader_->had_ended({at.id});
    else
      reader_->assign(lanes_.size() - 1, {at.id}, at.offset);
  }

  /// Reads a batch; false if there is none.
  bool read(step& s) {
    in_.clear();
    const read_state state = reader_->poll(
        in_, std::min(setting_.max_events, std::max<std::size_t>(s.budget, 1)), *setting_.time);
    rested_ = state != read_state::more;
    reader_ended_ = state == read_state::ended;
    lanes_.on_polled(in_, state, s.unblocked);
    const bool anything = !in_.events.empty() || !in_.rejected.empty() || in_.lane_ended ||
                          in_.lane_idle || in_.moved;
    if (!anything) return false;
    if (in_.events.times.empty()) in_.events.times.assign(in_.events.size(), s.wall);
    earliest_ = in_.intended.value_or(setting_.time->steady());
    lanes_.on_batch(in_);
    phase_ = phase::rejecting;
    next_rejected_ = 0;
    return true;
  }

  /// Nothing is read before all that the watermark fires has been fired.
  poll_outcome make_progress(step& s) {
    lanes_.note_idle(s);
    const verdict v = on_progress({min_timestamp, lanes_.none_active()}, s);
    cut_ = std::exchange(s.was_cut, false) || cut_;
    if (v != verdict::done)
      return v == verdict::blocked ? poll_outcome::blocked : poll_outcome::more;
    // Told of only now, when no consumer is half-way through.
    s.was_cut = std::exchange(cut_, false);
    if (s.was_cut) return poll_outcome::more;
    phase_ = phase::reading;
    s.budget -= std::min<std::size_t>(s.budget, 1);
    lanes_.align(*reader_, s);
    if (!std::exchange(rested_, false) || nothing_left()) return poll_outcome::more;
    rest(s);
    return poll_outcome::waiting;
  }

  poll_outcome over() noexcept {
    over_ = true;
    return poll_outcome::ended;
  }

  void rest(step& s) const {
    if (!reader_ended_) s.wake_at(reader_->next_poll());
  }

  bool reject(step& s) {
    for (; next_rejected_ < in_.rejected.size(); ++next_rejected_) {
      if (s.errors.waiting(s.wall, s.out)) return false;
      rejected_record& r = in_.rejected[next_rejected_];
      dead_letter letter;
      letter.source = lanes_[in_.lane].id;
      letter.offset = r.offset;
      letter.text = std::move(r.text);
      if (!s.errors.on_rejected(setting_.id, {errc::decode_failed, std::move(r.reason)}, s.wall,
                                std::move(letter), s.out))
        return false;
    }
    phase_ = phase::handing_out;
    return true;
  }

  verdict hand_batch_out(step& s) {
    s.lane = static_cast<std::uint32_t>(in_.lane);
    s.lanes = &lanes_.list();
    s.earliest = earliest_;
    s.origin = this;
    s.budget -= std::min<std::size_t>(s.budget, 1);
    const verdict v = base::hand_out(in_.events, true, s);
    s.origin = nullptr;
    return v;
  }

  void passed_batch() {
    setting_.metrics->events_in.add(in_.events.size());
    split_position& at = setting_.splits[in_.lane];
    at.offset = in_.end_offset;          // may fall: a file that follows a rotated one begins anew
    at.ended = in_.lane_ended && ends_;  // else it may be our own closing that has ended it
  }

  [[nodiscard]] std::size_t in_hand() const override {
    return phase_ == phase::handing_out ? in_.events.size() : 0;
  }
  [[nodiscard]] std::size_t taken() const { return base::hand().taken; }

  [[nodiscard]] bool nothing_left() const {
    if (setting_.finds_more && !closing_) return false;
    return reader_ended_ || (lanes_.size() != 0 && lanes_.all_ended());
  }

  // batch_origin
  [[nodiscard]] std::string_view split() const override { return lanes_[in_.lane].id; }
  [[nodiscard]] std::uint64_t position_of(std::size_t i) const override {
    if (in_.offsets.empty()) return in_.first_offset + i;
    return i == 0 ? in_.first_offset : in_.offsets[i - 1];
  }

  source_setting setting_;
  std::unique_ptr<source_reader<T>> reader_;
  record_decoder<T> decode_;
  batch<T> again_;  ///< A record that was rejected and could be decoded now.
  split_lanes lanes_;
  source_batch<T> in_;
  /// Where the splits stood at the barriers that were not committed yet.
  std::deque<std::pair<std::uint64_t, std::vector<std::uint64_t>>> uncommitted_;
  steady_time earliest_{};
  phase phase_ = phase::reading;
  std::size_t next_rejected_ = 0;
  bool rested_ = false;
  bool cut_ = false;  ///< Some consumer left firings of the watermark in hand for later.
  bool reader_ended_ = false;
  bool stopped_ = false;
  bool closing_ = false;  ///< What was taken before a stop is read out.
  bool ends_ = true;      ///< What is over is so for good, and not until another run.
  bool over_ = false;     ///< Nothing more will be read.
};

}  // namespace weir::flow
