// SPDX-License-Identifier: BSD-3-Clause
// What a stage tells of itself and asks of its outputs: gauges, watermark, and the account of
// events.
#include "weir/flow/stage.hpp"

#include <algorithm>

namespace weir::flow {

void stage::note_gauges(verdict v) {
  stage_metrics& m = *parts_.metrics;
  std::uint64_t out = 0;
  std::int64_t credits = 0;
  for (const auto& port : parts_.outputs)
    for (const out_channel& c : port->channels()) {
      out += c.events_sent();
      credits += static_cast<std::int64_t>(c.credits());
    }
  m.events_out.set(out);
  m.credits.set(credits);
  if (v == verdict::done) m.frames_queued.set(static_cast<std::int64_t>(inbox_.frames_queued()));
}

/// Notes the watermark of the stage's inputs, what it waits for, and since when.
void stage::note_watermark(timestamp now) {
  stage_metrics& m = *parts_.metrics;
  timestamp at = inbox_.merged().watermark;
  std::int64_t holder = -1;
  if (const lane_list* lanes = parts_.body->lanes()) {
    for (; noted_lanes_ < lanes->size(); ++noted_lanes_)
      m.inputs.add({(*lanes)[noted_lanes_].id, {}, 0});
    const auto holds = [&](std::size_t i) {
      const lane& l = (*lanes)[i];
      return l.waited_for && (holder < 0 || l.watermark < at);
    };
    for (std::size_t i = 0; i < lanes->size(); ++i)
      if (holds(i)) {
        holder = static_cast<std::int64_t>(i);
        at = (*lanes)[i].watermark;
      }
    if (holder < 0) return m.watermark_holder.set(holder);
  } else if (const auto channel = inbox_.holder()) {
    holder = static_cast<std::int64_t>(*channel);
  }
  m.watermark_holder.set(holder);
  const std::int64_t micros = at.time_since_epoch().count();
  if (micros != m.watermark.get() || m.watermark_since.get() == 0)
    m.watermark_since.set(now.time_since_epoch().count());
  m.watermark.set(micros);
}

/// Notes how far the receivers have come. An output that carries no event time, while another does,
/// says nothing.
void stage::ask_receivers(flow::step& s) const {
  const std::size_t n = parts_.outputs.size() - (parts_.sends_dead_letters ? 1 : 0);
  const auto each = [&](auto f) {
    for (std::size_t i = 0; i < n; ++i)
      for (const out_channel& c : parts_.outputs[i]->channels()) f(c);
  };
  bool timed = false;
  each([&](const out_channel& c) { timed = timed || c.watermark() != min_timestamp; });
  s.receivers_wait = timed;
  each([&](const out_channel& c) {
    if (timed && c.watermark() == min_timestamp) return;
    s.receivers = std::min(s.receivers, c.receiver_watermark());
    s.receivers_wait = s.receivers_wait && c.receiver_watermark() >= c.watermark();
  });
}

std::vector<std::pair<channel_id, std::uint64_t>> stage::events_sent() const {
  std::vector<std::pair<channel_id, std::uint64_t>> sent;
  for (const auto& port : parts_.outputs)
    for (const out_channel& c : port->channels()) sent.emplace_back(c.id(), c.events_sent());
  return sent;
}

std::vector<std::pair<channel_id, std::uint64_t>> stage::events_taken() const {
  std::vector<std::pair<channel_id, std::uint64_t>> taken;
  for (std::size_t i = 0; i < inbox_.size(); ++i) {
    const std::size_t in_hand = turn_ && turn_->channel == i ? parts_.body->taken_in_hand() : 0;
    taken.emplace_back(inbox_.id(i), inbox_.events_taken(i) + in_hand);
  }
  return taken;
}

std::uint64_t stage::events_held() const {
  std::uint64_t n = parts_.body->events_held();
  for (const auto& port : parts_.outputs) n += port->events_held();
  return n;
}

}  // namespace weir::flow
