// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/operators/watermarks.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// Gives events their timestamps and makes watermarks, for each lane (a split of the source, or an
/// input channel) apart; passes on the minimum over the lanes that are active and have had an
/// event or are waited for from the start. What a lane had before it went idle or ended counts too.
/// Replaces watermarks that come from before it, but for the one that ends the stream.
template <class TimeOf, class Generator>
class event_time {
public:
  static constexpr bool emits_at_most_one = true;

  /// Events before `from` are passed over.
  event_time(TimeOf time_of, Generator fresh, std::optional<timestamp> from = {})
      : time_of_(std::move(time_of)),
        fresh_(std::move(fresh)),
        from_(from.value_or(min_timestamp)) {}

  void open(const flow::operator_environment& e) { passed_over_ = &e.metrics->passed_over; }

  template <class E, class Next>
  void on_event(E&& event, timestamp, Next& next, flow::step& s) {
    const timestamp at =
        std::chrono::floor<duration>(std::invoke(std::as_const(time_of_), std::as_const(event)));
    if (at < from_) [[unlikely]]
      return passed_over_->add(1);
    if (lane_ == nullptr || s.lane != lane_number_) [[unlikely]]
      turn_to_lane(s);
    lane& l = *lane_;
    l.generator.on_event(at);
    l.newest = std::max(l.newest, at);
    l.fresh_events = true;
    next(std::forward<E>(event), at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step& s) {
    if (p.watermark == max_timestamp) return flow::verdict::done;
    add_lanes(s);
    timestamp lowest = max_timestamp;
    bool counts = false;
    bool waits = false;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      lane& l = lanes_[i];
      const bool active = s.lanes == nullptr || (*s.lanes)[i].state == flow::lane_state::active;
      const auto note = [&](timestamp at, bool waited_for) {
        if (s.lanes == nullptr) return;
        (*s.lanes)[i].watermark = at;
        (*s.lanes)[i].waited_for = waited_for;
      };
      if (l.newest == min_timestamp) {
        // Nothing yet: a split that was there from the start holds the watermark where it is.
        const bool held = active && s.lanes != nullptr && (*s.lanes)[i].from_start;
        if (held) lowest = min_timestamp;
        waits = waits || held;
        note(min_timestamp, held);
        continue;
      }
      const bool fresh = std::exchange(l.fresh_events, false);
      const timestamp at = l.generator.watermark();
      note(at, active);
      if (!active && !fresh) continue;
      lowest = std::min(lowest, at);
      counts = true;
      waits = waits || active;
    }
    if (counts) watermark_ = std::max(watermark_, lowest);
    p = {watermark_, s.lanes != nullptr ? !waits : p.idle};
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    for (const lane& l : lanes_) save(to, l.id, l.newest);
    for (const auto& [id, newest] : restored_) save(to, id, newest);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    from.each("@lane", [&](key_group, std::span<const std::byte> data) {
      std::pair<std::string, timestamp> saved;
      byte_reader in{data};
      if (!decode(in, saved)) throw exception({errc::incompatible, "a saved lane does not decode"});
      // Channels of several instances may have one name: the lowest is safe.
      const auto [at, first] = restored_.try_emplace(saved.first, saved.second);
      if (!first) at->second = std::min(at->second, saved.second);
    });
  }

private:
  struct lane {
    Generator generator;
    std::string id;
    timestamp newest = min_timestamp;
    bool fresh_events = false;  ///< It had events that no watermark has counted yet.
  };

  void turn_to_lane(const flow::step& s) {
    if (s.lane >= lanes_.size()) add_lanes(s);
    lane_number_ = s.lane;
    lane_ = &lanes_[s.lane];
  }

  /// Adds the lanes that the input has by now, each with the time that it had come to when the
  /// state was saved: a lane that was waited for before a restart is waited for again.
  void add_lanes(const flow::step& s) {
    const std::size_t n = s.lanes != nullptr ? s.lanes->size() : s.lane + std::size_t{1};
    if (n <= lanes_.size()) return;
    lane_ = nullptr;
    for (std::size_t i = lanes_.size(); i < n; ++i) {
      lane& l = lanes_.emplace_back(
          lane{fresh_, s.lanes != nullptr ? (*s.lanes)[i].id : std::to_string(i)});
      const auto before = restored_.find(l.id);
      if (before == restored_.end() || before->second == min_timestamp) continue;
      l.newest = before->second;
      l.generator.on_event(l.newest);
    }
    if (s.lanes != nullptr) restored_.clear();  // what is left belongs to other instances
  }

  static void save(snapshot_writer& to, const std::string& id, timestamp newest) {
    bytes data;
    encode(std::pair{id, newest}, data);
    to.item("@lane", std::move(data), state_kind::union_list);
  }

  [[no_unique_address]] TimeOf time_of_;
  Generator fresh_;
  timestamp from_;
  counter* passed_over_ = nullptr;
  std::vector<lane> lanes_;
  lane* lane_ = nullptr;  ///< Of the newest event.
  std::uint32_t lane_number_ = 0;
  std::map<std::string, timestamp> restored_;  ///< Until it is known which lanes are ours.
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
