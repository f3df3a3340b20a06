// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/inbox.hpp"

#include "weir/core/planted_fault.hpp"

#include <algorithm>
#include <utility>

namespace weir::flow {

inbox::inbox(const std::vector<input_channel>& channels, attempt_id attempt,
             credit_settings credits, timestamp watermark, bool aligns)
    : attempt_(attempt),
      window_(credits, static_cast<std::uint32_t>(channels.size())),
      merge_(channels.size(), watermark),
      aligns_(aligns) {
  for (const input_channel& at : channels) {
    channels_.emplace_back().at = at;
    channels_.back().queue.set_capacity(credits.frames);
  }
  for (std::size_t i = 0; i < channels_.size(); ++i)
    if (!channels_[i].at.timed) merge_.end(i);
  if (channels_.empty()) return;
  lowest_id_ = channels_.front().at.id;
  dense_ = true;
  for (std::size_t i = 0; i < channels_.size(); ++i)
    dense_ = dense_ && channels_[i].at.id == lowest_id_ + i;
}

void inbox::open(effects& out) {
  for (channel& c : channels_) send_grant(c, out);
}

inbox::verdict_on_frame inbox::accept(frame&& f) {
  const std::optional<std::size_t> i = index_of(f.channel);
  const bool old = f.attempt != attempt_ && !planted(fault::old_attempt_accepted);
  if (!i || old) return verdict_on_frame::refused;
  channel& c = channels_[*i];
  if (f.sequence != c.next_sequence || c.queue.full()) return verdict_on_frame::broken;
  ++c.next_sequence;
  if (c.queue.empty()) c.first_since = turns_;
  c.queue.push_back({std::move(f), arrived_++});
  ++queued_;
  return verdict_on_frame::queued;
}

std::optional<inbox::turn> inbox::next() {
  if (queued_ == 0) return std::nullopt;
  const channel* const whose = whose_turn();
  if (whose == nullptr) return std::nullopt;
  const auto i = static_cast<std::size_t>(whose - channels_.data());
  channel& c = channels_[i];
  turn t{i, c.at.port, std::move(c.queue.front().frame)};
  c.queue.pop_front();
  --queued_;
  c.first_since = ++turns_;
  return t;
}

const inbox::channel* inbox::whose_turn() const noexcept {
  const auto came_first = [](const channel* a, const channel* b) {
    return b == nullptr || a->queue.front().arrival < b->queue.front().arrival;
  };
  const channel *behind = nullptr, *timeless = nullptr, *passed_over = nullptr;
  timestamp lowest = max_timestamp;
  for (std::size_t i = 0; i < channels_.size(); ++i) {
    const channel* const c = &channels_[i];
    if (c->aligned || c->queue.empty()) continue;
    if (turns_ - c->first_since >= at_most_passed &&
        (passed_over == nullptr || c->first_since < passed_over->first_since))
      passed_over = c;
    const timestamp watermark = merge_.of(i).watermark;
    if (!c->at.timed || watermark == min_timestamp) {
      if (came_first(c, timeless)) timeless = c;
    } else if (watermark < lowest || (watermark == lowest && came_first(c, behind))) {
      lowest = watermark;
      behind = c;
    }
  }
  if (passed_over != nullptr) return passed_over;
  return timeless != nullptr && came_first(timeless, behind) ? timeless : behind;
}

void inbox::worked_off(turn& t, std::size_t events, std::chrono::nanoseconds spent, effects& out) {
  channel& c = channels_[t.channel];
  c.events_taken += events;
  window_.worked(events, spent);
  if (t.frame.body && t.frame.body->use_count() == 1) {
    t.frame.body->recycle();
    t.frame.body->next = std::move(c.returned);
    c.returned = std::move(t.frame.body);
  }
  t.frame.body.reset();
  if (planted(fault::credit_lost_on_empty))
    if (out.frames.empty()) return;
  ++c.worked;
  if (c.worked + window_.frames() - c.granted >= window_.grant_step()) send_grant(c, out);
}

void inbox::tell_waiting(effects& out) {
  if (first_tell_ == max_timestamp || first_tell_ > merged().watermark) return;
  first_tell_ = max_timestamp;
  for (channel& c : channels_) {
    if (c.tell_at <= merged().watermark && c.tell_at != max_timestamp) {
      c.tell_at = max_timestamp;
      send_grant(c, out);
    }
    first_tell_ = std::min(first_tell_, c.tell_at);
  }
}

void inbox::end(std::size_t i) {
  ++ended_;
  window_.set_channels(static_cast<std::uint32_t>(channels_.size() - ended_));
  merge_.end(i);
}

bool inbox::align(std::size_t i, barrier b) {
  if (b.id < oldest_wanted_) return false;
  if (!aligning_ || aligning_->id != b.id) {
    release();
    aligning_ = b;
    oldest_wanted_ = b.id;
  }
  channels_[i].aligned = aligns_;
  return ++barriers_seen_ == channels_.size();
}

void inbox::abandon(barrier b) {
  if (aligning_ && aligning_->id <= b.id) release();
  oldest_wanted_ = std::max(oldest_wanted_, b.id + 1);
}

void inbox::release() {
  for (channel& c : channels_) c.aligned = false;
  aligning_.reset();
  barriers_seen_ = 0;
}

bool inbox::barrier_waits() const noexcept {
  return aligning() || std::any_of(channels_.begin(), channels_.end(), [](const channel& c) {
           return std::any_of(c.queue.begin(), c.queue.end(), [](const queued_frame& q) {
             return q.frame.kind == frame_kind::barrier;
           });
         });
}

bool inbox::barrier_is_next() const noexcept {
  return aligns_ && std::all_of(channels_.begin(), channels_.end(), [](const channel& c) {
           return c.aligned ||
                  (!c.queue.empty() && c.queue.front().frame.kind == frame_kind::barrier);
         });
}

std::optional<std::size_t> inbox::index_of(channel_id id) const noexcept {
  if (dense_) {
    const std::size_t i = id - lowest_id_;
    return id >= lowest_id_ && i < channels_.size() ? std::optional{i} : std::nullopt;
  }
  for (std::size_t i = 0; i < channels_.size(); ++i)
    if (channels_[i].at.id == id) return i;
  return std::nullopt;
}

void inbox::send_grant(channel& c, effects& out) {
  c.granted = c.worked + window_.frames();
  out.grants.push_back({c.at.id, attempt_, c.granted, window_.max_events(), merged().watermark,
                        std::move(c.returned)});
  c.returned.reset();
}

}  // namespace weir::flow
