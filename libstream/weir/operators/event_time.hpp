// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/operators/watermarks.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::operators {

/// Gives events their timestamps and makes watermarks, for each lane (a split of the source, or an
/// input channel) apart; passes on the minimum over the lanes that are active and have had an
/// event. Replaces watermarks that come from before it, but for the one that ends the stream.
template <class TimeOf, class Generator>
class event_time {
public:
  event_time(TimeOf time_of, Generator fresh)
      : time_of_(std::move(time_of)), fresh_(std::move(fresh)) {}

  template <class E, class Next>
  void on_event(E&& event, timestamp, Next& next, flow::step& s) {
    const timestamp at =
        std::chrono::floor<duration>(std::invoke(std::as_const(time_of_), std::as_const(event)));
    lane& l = s.lane < lanes_.size() ? lanes_[s.lane] : add_lane(s);
    l.generator.on_event(at);
    l.newest = std::max(l.newest, at);
    next(std::forward<E>(event), at);
  }

  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step& s) {
    if (p.watermark == max_timestamp) return flow::verdict::done;
    timestamp lowest = max_timestamp;
    bool waits = false;
    for (std::size_t i = 0; i < lanes_.size(); ++i) {
      if (lanes_[i].newest == min_timestamp) continue;
      if (s.lanes != nullptr && (*s.lanes)[i].state != flow::lane_state::active) continue;
      lowest = std::min(lowest, lanes_[i].generator.watermark());
      waits = true;
    }
    if (waits) watermark_ = std::max(watermark_, lowest);
    p = {watermark_, s.lanes != nullptr ? !waits : p.idle};
    return flow::verdict::done;
  }

  flow::verdict snapshot(snapshot_writer& to) {
    for (const lane& l : lanes_) save(to, l.id, l.newest);
    for (const auto& [id, newest] : restored_) save(to, id, newest);
    return flow::verdict::done;
  }

  void restore(snapshot_reader& from) {
    from.each("lane", [&](key_group, std::span<const std::byte> data) {
      std::pair<std::string, timestamp> saved;
      byte_reader in{data};
      if (decode(in, saved)) restored_[saved.first] = saved.second;
    });
  }

private:
  struct lane {
    Generator generator;
    std::string id;
    timestamp newest = min_timestamp;
  };

  lane& add_lane(const flow::step& s) {
    while (lanes_.size() <= s.lane) {
      lane& l = lanes_.emplace_back(lane{fresh_, {}});
      l.id =
          s.lanes != nullptr ? (*s.lanes)[lanes_.size() - 1].id : std::to_string(lanes_.size() - 1);
      const auto before = restored_.find(l.id);
      if (before == restored_.end()) continue;
      l.newest = before->second;
      if (l.newest != min_timestamp) l.generator.on_event(l.newest);
      restored_.erase(before);
    }
    return lanes_[s.lane];
  }

  static void save(snapshot_writer& to, const std::string& id, timestamp newest) {
    bytes data;
    encode(std::pair{id, newest}, data);
    to.item("lane", std::move(data), state_kind::union_list);
  }

  [[no_unique_address]] TimeOf time_of_;
  Generator fresh_;
  std::vector<lane> lanes_;
  std::map<std::string, timestamp>
      restored_;  ///< Of lanes that have had no event since the restart.
  timestamp watermark_ = min_timestamp;
};

}  // namespace weir::operators
