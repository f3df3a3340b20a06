// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/late_log.hpp"

#include "weir/codec/rfc3339.hpp"

#include <optional>

namespace weir {

namespace {

std::string line_of(const std::string& stage, std::uint64_t events,
                    const std::optional<late_note>& example) {
  std::string line = "stage '" + stage + "': " + std::to_string(events) +
                     (events == 1 ? " event" : " events") + " came late and went nowhere";
  if (!example) return line;
  line += "; for example, at '" + example->at_operator + "', ";
  line += example->event.empty() ? "one" : example->event.substr(0, 200);
  return line + " of " + format_rfc3339(example->at) + " when the watermark was " +
         format_rfc3339(example->watermark);
}

}  // namespace

std::vector<std::string> late_log::lines(const std::vector<instance_status>& now) {
  struct since {
    std::uint64_t events = 0;
    std::optional<late_note> example;
  };
  std::map<std::string, since> stages;
  for (const instance_status& s : now) {
    told& before = told_[{s.stage, s.instance}];
    if (before.attempt != s.attempt) before = {s.attempt, 0, 0};
    since& of = stages[s.stage];
    const std::uint64_t events = s.metrics->late_unclaimed.get();
    of.events += events - std::exchange(before.events, events);
    if (auto note = s.metrics->late.newer(before.notes)) of.example = std::move(note);
  }
  std::vector<std::string> all;
  for (const auto& [stage, s] : stages)
    if (s.events != 0) all.push_back(line_of(stage, s.events, s.example));
  return all;
}

}  // namespace weir
