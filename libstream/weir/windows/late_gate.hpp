// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/json_write.hpp"
#include "weir/codec/rfc3339.hpp"
#include "weir/flow/describe_event.hpp"
#include "weir/flow/operator_concepts.hpp"

#include <string>
#include <string_view>
#include <utility>

namespace weir {

/// For `late_to`: late events become dead letters.
struct as_dead_letters_t {};
inline constexpr as_dead_letters_t as_dead_letters{};

}  // namespace weir

namespace weir::operators {

/// The name of a side output that stands for the dead letters.
inline constexpr std::string_view late_dead_letters = "@dead-letters";

/// Where events go that come too late: counted, and sent to the side output if somebody consumes
/// it, or to the dead letters where that is configured. Otherwise a few are noted in the metrics.
template <class T>
class late_gate {
public:
  explicit late_gate(std::string output) : output_(std::move(output)) {}

  void open(const flow::operator_environment& e) {
    id_ = e.id;
    metrics_ = e.metrics;
    side_ = e.side<T>(output_);
  }

  template <class E>
  void refuse(E&& event, timestamp at, timestamp watermark, const flow::step& s) {
    metrics_->late_events.add(1);
    if (side_ != nullptr) return side_->emit(std::forward<E>(event), at);
    if (output_ == late_dead_letters) return keep_as_letter(event, at, watermark, s);
    metrics_->late_unclaimed.add(1);
    if (!metrics_->late.due(s.wall)) return;
    late_note note{id_, {}, at, watermark};
    if constexpr (json_type<T>) write_json(event, note.event);
    metrics_->late.add(std::move(note), s.wall);
  }

private:
  void keep_as_letter(const T& event, timestamp at, timestamp watermark, const flow::step& s) {
    error why{errc::stage_failed, "late: its time is " + format_rfc3339(at) +
                                      ", and the watermark is " + format_rfc3339(watermark)};
    s.errors.keep(id_, std::move(why), 1, s.wall,
                  [&](dead_letter& letter) { flow::describe_event(event, at, letter); });
  }

  std::string output_;
  std::string id_;
  stage_metrics* metrics_ = nullptr;
  flow::fan_out<T>* side_ = nullptr;
};

}  // namespace weir::operators
