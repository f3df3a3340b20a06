// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/simulator.hpp"

#include <algorithm>

namespace weir::test {

void simulator::count_metrics(tallies& to) const {
  for (const instance& i : instances_) {
    to.add(met::refused_frame, i.metrics->refused_frames.get());
    to.add(met::refused_grant, i.metrics->refused_grants.get());
    to.add(met::late_event, i.metrics->late_events.get());
    to.add(met::dead_letter, i.metrics->dead_letters.get());
    to.add(met::retry, i.metrics->retries.get());
  }
}

tallies simulator::seen() const {
  tallies all = seen_;
  count_metrics(all);
  return all;
}

void simulator::count_stages(std::vector<stage_counts>& to) const {
  for (const instance& i : instances_) {
    stage_counts& c = to[i.stage];
    c.events_in += i.metrics->events_in.get();
    c.events_out += i.metrics->events_out.get();
    c.late_events += i.metrics->late_events.get();
    c.dead_letters += i.metrics->dead_letters.get();
    c.skipped_events += i.metrics->skipped_events.get();
    c.results += i.metrics->results.get();
  }
}

std::vector<stage_counts> simulator::counts() const {
  std::vector<stage_counts> all = counts_;
  count_stages(all);
  return all;
}

std::string simulator::where_stuck() const {
  const auto name = [&](std::size_t i) {
    return graph_.plan().stages[instances_[i].stage].name + "[" +
           std::to_string(instances_[i].number) + "]";
  };
  std::string text;
  for (std::size_t i = 0; i < instances_.size(); ++i) {
    const flow::stage& machine = *instances_[i].machine;
    if (instances_[i].ended) continue;
    text += "  " + name(i) + ": " + std::to_string(machine.frames_queued()) + " frames queued" +
            (machine.waits_for_credit() ? ", waits for credit" : "") +
            (machine.failed() ? ", failed" : "") + "\n";
  }
  for (const wire& w : wires_)
    if (!w.frames.empty())
      text += "  " + name(w.from) + " to " + name(w.to) + ": " + std::to_string(w.frames.size()) +
              " frames on their way\n";
  return text.empty() ? "  every stage has ended, and the last checkpoint was not completed\n"
                      : text;
}

}  // namespace weir::test
