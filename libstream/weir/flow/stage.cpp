// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/stage.hpp"

#include "weir/codec/binary.hpp"

#include <algorithm>
#include <utility>

namespace weir::flow {

namespace {

/// The watermark in a restored state; after a rescaling several parts hold one, and the lowest is
/// safe.
timestamp restored_watermark(const stage_parts& parts) {
  std::optional<timestamp> lowest;
  snapshot_reader from{parts.restored};
  from.bind(parts.own_state());
  from.each("@watermark", [&](key_group, std::span<const std::byte> data) {
    timestamp w;
    byte_reader in{data};
    if (decode(in, w)) lowest = std::min(lowest.value_or(w), w);
  });
  return lowest.value_or(min_timestamp);
}

}  // namespace

stage::stage(stage_parts parts, const clock& time)
    : parts_(std::move(parts)),
      clock_(&time),
      inbox_(parts_.inputs, parts_.attempt, parts_.credits, restored_watermark(parts_),
             parts_.aligns),
      snapshot_to_(snapshot_parts_, parts_.snapshot_piece) {
  for (std::size_t i = 0; i < parts_.inputs.size(); ++i)
    lanes_.push_back({.id = std::to_string(i), .port = parts_.inputs[i].port});
  for (const input_channel& c : parts_.inputs)
    parts_.metrics->inputs.add({{}, c.from, c.from_instance});
  parts_.metrics->watermark_holder.set(-1);
  parts_.metrics->watermark.set(inbox_.merged().watermark.time_since_epoch().count());
}

void stage::restore() {
  if (!has_to_restore()) return;
  parts_.body->restore(snapshot_reader{std::exchange(parts_.restored, {})});
  // The snapshot may have been taken between two firings of this watermark.
  owes_firings_ = inbox_.merged().watermark != min_timestamp;
}

verdict stage::step(effects& out) {
  if (failed_ || !started_) return verdict::done;
  const steady_time began = clock_->steady();
  if (blocked_since_) {
    blocked_total_ += began - *blocked_since_;
    parts_.metrics->blocked_nanos.add(
        static_cast<std::uint64_t>((began - *blocked_since_).count()));
  }
  for (auto& port : parts_.outputs) port->begin_step(out);
  saved_for_ = {};
  // Where a key may take a millisecond to come in, the stage must not be gone for thousands.
  constexpr std::size_t of_crowded = 8;
  const bool crowded = parts_.cold && parts_.cold->crowded();
  const std::size_t budget =
      std::min<std::size_t>({budget_, parts_.budget, crowded ? of_crowded : SIZE_MAX});
  flow::step s{.out = out,
               .errors = *parts_.errors,
               .wall = clock_->wall(),
               .budget = budget,
               .unblocked = began - blocked_total_};
  if (parts_.is_source) ask_receivers(s);

  const std::size_t asked_before = out.requests.size();
  verdict v = verdict::more;
  full_ = false;
  while (v == verdict::more && s.budget != 0 && !failed_ && !parts_.errors->failed()) v = work(s);
  const bool saves =
      saving_ && !failed_ && guarded(out, [&] { return save_some(out); }) == verdict::more;
  for (std::size_t i = asked_before; i < out.requests.size(); ++i)
    if (out.requests[i].awaited) unanswered_.insert(out.requests[i].id);
  // What an exception outside any event broke, or a directive ended, must not work on.
  failed_ = failed_ || parts_.errors->failed();
  check_cold(out);
  const timestamp awaited = parts_.body->awaited_watermark();
  // Under load what comes out rarely would wait until there is a batch of it.
  constexpr std::chrono::nanoseconds longest_wait = std::chrono::milliseconds{5};
  const steady_time now = clock_->steady();
  const bool flushes = v != verdict::more || now - flushed_ >= longest_wait;
  if (flushes) flushed_ = now;
  for (auto& port : parts_.outputs) {
    port->set_tell_at(awaited);
    if (flushes) port->flush();
  }
  if (ending_ && !ended_) finish_end(out);
  // A timer that is due and can't fire would ask to be called at once, and again, and again.
  if (v != verdict::blocked || full_) s.wake_at(parts_.body->next_timer());

  adapt_budget(budget - s.budget, now - began - saved_for_);
  parts_.metrics->busy_nanos.add(static_cast<std::uint64_t>((now - began).count()));
  blocked_since_ = v == verdict::blocked ? std::optional{now} : std::nullopt;
  parts_.metrics->frames_out.add(out.frames.size());
  note_gauges(v);
  note_watermark(s.wall);
  if (failed_) return verdict::done;
  return saves ? verdict::more : v;
}

verdict stage::work(flow::step& s) {
  return guarded(s.out, [&] {
    if (now_ != activity::none) return resume(s);
    if (parts_.errors->waiting(s.wall, s.out) || output_full()) return verdict::blocked;
    return begin_next(s);
  });
}

/// Lets the stage fail with what `f` throws.
template <class F>
verdict stage::guarded(effects& out, F f) {
  try {
    return f();
  } catch (const exception& e) {
    fail(e.why().code, e.why().message, out);
  } catch (const std::exception& e) {
    fail(errc::stage_failed, e.what(), out);
  } catch (...) {
    fail(errc::stage_failed, "an exception that is no std::exception", out);
  }
  return verdict::done;
}

verdict stage::begin_next(flow::step& s) {
  if (owes_firings_) return begin_owed(s);
  if (!completions_.empty()) {
    now_ = activity::completion;
    return verdict::more;
  }
  const bool timers_due = parts_.body->next_timer() <= s.wall;
  if (!timers_due || std::exchange(cut_, false)) {
    const verdict v = begin_input(s);
    if (v != verdict::done || !timers_due) return v;
  }
  now_ = activity::time;
  return verdict::more;
}

verdict stage::begin_input(flow::step& s) {
  if (parts_.replays.empty()) return parts_.is_source ? begin_source(s) : begin_frame(s);
  if (wait_if_full()) return verdict::blocked;
  now_ = activity::replay;
  return verdict::more;
}

/// Notes, and answers, whether operators wait for so much that no further events may come. Answers
/// and timers are taken meanwhile.
bool stage::wait_if_full() {
  full_ = parts_.body->outstanding().full;
  return full_;
}

/// Goes on with firings that were cut, once the barriers they were cut for are through. Nothing
/// else may come between: operators stand in the middle of them.
verdict stage::begin_owed(flow::step& s) {
  if (triggered_) {
    begin_snapshot(*std::exchange(triggered_, std::nullopt));
    return verdict::more;
  }
  if (barrier_is_next()) return begin_turn(s);
  owes_firings_ = false;
  if (parts_.is_source && !source_ended_) return read(s);
  going_to_ = all_in() ? progress{max_timestamp, false} : inbox_.merged();
  now_ = activity::progress;
  return verdict::more;
}

/// Whether firings must wait for a barrier.
bool stage::barrier_is_next() const noexcept {
  // What dead letters come to belongs to the only checkpoint of the run that brings them back.
  if (!parts_.replays.empty()) return false;
  // An end that is held comes before the frames behind it.
  return parts_.is_source ? triggered_.has_value() : !held_end_ && inbox_.barrier_is_next();
}

bool stage::holds_barrier() const noexcept {
  return parts_.aligns && turn_ && turn_->frame.kind == frame_kind::barrier;
}

/// Ends the permission to cut, and says whether use was made of it.
bool stage::note_cut(flow::step& s) noexcept {
  s.cut = false;
  return std::exchange(s.was_cut, false);
}

verdict stage::begin_frame(flow::step& s) {
  if (inbox_.frames_queued() != 0 && wait_if_full()) return verdict::blocked;
  return begin_turn(s);
}

verdict stage::begin_turn(flow::step& s) {
  turn_ = held_end_ ? std::exchange(held_end_, std::nullopt) : inbox_.next();
  if (!turn_) return verdict::done;
  if (turn_->frame.kind == frame_kind::end && inbox_.one_is_left() && waits(s)) {
    held_end_ = std::exchange(turn_, std::nullopt);
    return verdict::done;
  }
  turn_began_ = clock_->steady();
  const frame& f = turn_->frame;
  if (f.kind == frame_kind::data) {
    inbox_.activate(turn_->channel);
    lanes_[turn_->channel].state = lane_state::active;
    now_ = activity::data;
    return resume(s);
  }
  return after_frame(s);
}

verdict stage::after_frame(flow::step&) {
  const frame& f = turn_->frame;
  inbox_.update(turn_->channel, f.progress);
  if (f.kind == frame_kind::end) inbox_.end(turn_->channel);
  inbox_.tell_at(turn_->channel, f.tell_at);
  note_lane(f);
  going_to_ = inbox_.merged();
  now_ = activity::progress;
  return verdict::more;
}

/// An input at the maximum has ended, though its end may come later: what it held back goes on.
void stage::note_lane(const frame& f) {
  lane_state& state = lanes_[turn_->channel].state;
  if (f.kind == frame_kind::end || f.progress.watermark == max_timestamp)
    state = lane_state::ended;
  else if (state != lane_state::ended)
    state = f.progress.idle ? lane_state::idle : lane_state::active;
}

verdict stage::begin_source(flow::step& s) {
  if (triggered_) {
    begin_snapshot(*std::exchange(triggered_, std::nullopt));
    return verdict::more;
  }
  if (source_ended_ || suspended_ || held_) return verdict::done;
  if (wait_if_full()) return verdict::blocked;
  return read(s);
}

/// Polls the source. In the middle of what it has read nothing else begins: a snapshot there would
/// hold effects of events that its offset is still before, and a stop would lose the rest.
verdict stage::read(flow::step& s) {
  s.cut = now_ == activity::reading && barrier_is_next();
  now_ = activity::reading;
  const poll_outcome outcome = parts_.body->poll(s);
  owes_firings_ = note_cut(s);
  switch (outcome) {
    case poll_outcome::more:
      if (s.budget != 0 || owes_firings_) now_ = activity::none;
      return verdict::more;
    case poll_outcome::blocked:
      return verdict::blocked;
    case poll_outcome::waiting:
      now_ = activity::none;
      return verdict::done;
    case poll_outcome::ended:
      break;
  }
  if (suspending_) {
    now_ = activity::none;
    suspended_ = true;
    s.out.notices.push_back({notice::kind::suspended, {}});
    return verdict::done;
  }
  if (waits(s)) {
    now_ = activity::none;
    return verdict::done;
  }
  return end_source();
}

/// Whether the end must wait for answers to what operators asked: their results come before it.
bool stage::waits(const flow::step& s) const {
  const auto awaited = [](const request& r) { return r.awaited; };
  return !unanswered_.empty() || !completions_.empty() || parts_.body->outstanding().answers ||
         std::any_of(s.out.requests.begin(), s.out.requests.end(), awaited);
}

bool stage::all_in() const noexcept { return source_ended_ || inbox_.all_ended(); }

/// Lets operators go on that held the watermark back until a timer or an answer came. A source that
/// is read does so at each poll.
void stage::progress_again() {
  if (!completions_.empty() || (parts_.is_source && !source_ended_)) return;
  going_to_ = all_in() ? progress{max_timestamp, false} : inbox_.merged();
  now_ = activity::progress;
}

verdict stage::end_source() {
  source_ended_ = true;
  going_to_ = {max_timestamp, false};
  now_ = activity::progress;
  return verdict::more;
}

verdict stage::resume(flow::step& s) {
  s.lane = turn_ ? static_cast<std::uint32_t>(turn_->channel) : 0;
  if (!parts_.is_source) s.lanes = &lanes_;
  s.earliest = turn_ ? turn_->frame.earliest_read : steady_time{};
  verdict v = verdict::done;
  switch (now_) {
    case activity::none:
      return verdict::more;
    case activity::reading:
      return read(s);
    case activity::data:
      v = parts_.body->on_data(turn_->port, *turn_->frame.body, s);
      if (v == verdict::done && !parts_.errors->failed()) return after_frame(s);
      return parts_.errors->failed() ? verdict::done : v;
    case activity::progress:
      s.cut = halfway_ && (barrier_is_next() || holds_barrier());
      v = parts_.body->on_progress(going_to_, s);
      owes_firings_ = note_cut(s) || owes_firings_;
      halfway_ = v != verdict::done || owes_firings_;
      break;
    case activity::time:
      // No frame is in hand: what a barrier finds between two firings is all in the operators.
      s.cut = triggered_ || inbox_.barrier_waits();
      v = parts_.body->on_time(s);
      cut_ = std::exchange(s.cut, false) && v == verdict::done;
      break;
    case activity::completion:
      s.completion = completions_.front().id;
      s.completion_data = completions_.front().payload;
      v = parts_.body->on_completion(s);
      if (v == verdict::done) {
        unanswered_.erase(completions_.front().id);
        completions_.pop_front();
      }
      break;
    case activity::replay:
      v = parts_.body->replay(parts_.replays.front(), s);
      if (v != verdict::done || parts_.errors->failed()) break;
      parts_.replays.pop_front();
      parts_.metrics->replayed.add(1);
      break;
    case activity::snapshot:
      snapshot_to_.bind({});
      v = parts_.body->snapshot(*taking_, snapshot_to_, s);
      if (v == verdict::done) send_snapshot(s.out);
      break;
  }
  if (v != verdict::done || parts_.errors->failed()) return v;
  const activity was = std::exchange(now_, activity::none);
  if (was != activity::progress) {
    if (was == activity::time || was == activity::completion) progress_again();
    return verdict::more;
  }

  if (s.budget != 0) --s.budget;
  if (turn_) {
    inbox::turn t = *std::exchange(turn_, std::nullopt);
    const std::size_t events = t.frame.body ? t.frame.body->size() : 0;
    parts_.metrics->events_in.add(events);
    inbox_.worked_off(t, events, clock_->steady() - turn_began_, s.out);
    inbox_.tell_waiting(s.out);
    if (t.frame.kind == frame_kind::barrier) align(t);
  }
  if (!ending_ && all_in() && !owes_firings_ && !waits(s)) {
    ending_ = true;
    for (auto& port : parts_.outputs) port->send_end();
  }
  return verdict::more;
}

/// A cold store that is broken is no failure of the event that found it so.
void stage::check_cold(effects& out) {
  if (!parts_.cold || failed_) return;
  if (const auto why = parts_.cold->failure()) fail(why->code, why->message, out);
}

void stage::finish_end(effects& out) {
  if (output_full()) return;
  ended_ = true;
  out.notices.push_back({notice::kind::ended, {}});
}

bool stage::output_full() const noexcept {
  return std::any_of(parts_.outputs.begin(), parts_.outputs.end(),
                     [](const auto& port) { return port->full(); });
}

bool stage::waits_for_credit() const noexcept {
  return parts_.body->awaited_watermark() != max_timestamp ||
         std::any_of(parts_.outputs.begin(), parts_.outputs.end(),
                     [](const auto& port) { return port->waits_for_credit(); });
}

/// A step should take about a millisecond whatever an event costs: a worker serves other stages
/// too, and a command must not wait behind thousands of slow events.
void stage::adapt_budget(std::size_t used, std::chrono::nanoseconds took) {
  constexpr std::chrono::nanoseconds aim = std::chrono::milliseconds{1};
  if (used == 0) return;
  if (took > aim)
    budget_ = static_cast<std::uint32_t>(
        std::max<std::int64_t>(1, static_cast<std::int64_t>(used) * aim.count() / took.count()));
  else if (used >= std::min(budget_, parts_.budget) && took < aim / 2)
    budget_ = std::min(parts_.budget, 2 * budget_);
}

}  // namespace weir::flow
