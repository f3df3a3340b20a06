// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/simulator.hpp"

#include <algorithm>
#include <utility>

namespace weir::test {

void simulator::take_notice(const flow::notice& n) {
  switch (n.what) {
    case flow::notice::kind::ended: {
      const bool all = std::all_of(instances_.begin(), instances_.end(),
                                   [](const instance& i) { return i.ended; });
      if (all && !final_started_) {
        final_started_ = true;
        trigger(flow::checkpoint_kind::final);
      }
      return;
    }
    case flow::notice::kind::acknowledged:
      if (!taking_ || n.barrier.id != taking_->id || ++acknowledged_ != instances_.size()) return;
      newest_ = complete_checkpoint{*taking_, std::move(parts_)};
      seen_.add(met::checkpoint);
      commits_left_ = instances_.size();
      for (instance& i : instances_) i.commands.push_back({flow::command::kind::commit, *taking_});
      taking_.reset();
      return;
    case flow::notice::kind::committed:
      if (!newest_ || n.barrier != newest_->barrier || !commits_left_ || --*commits_left_ != 0)
        return;
      commits_left_.reset();
      finished_ = newest_->barrier.kind == flow::checkpoint_kind::final;
      return;
  }
}

void simulator::trigger(flow::checkpoint_kind kind) {
  if (taking_)
    for (instance& i : instances_) i.commands.push_back({flow::command::kind::abandon, *taking_});
  taking_ = flow::barrier{next_checkpoint_++, kind};
  acknowledged_ = 0;
  parts_.clear();
  for (instance& i : instances_) {
    i.barriers_in = 0;
    if (i.is_source) i.commands.push_back({flow::command::kind::checkpoint, *taking_});
  }
}

void simulator::stop() {
  if (std::any_of(instances_.begin(), instances_.end(),
                  [](const instance& i) { return i.is_source && !i.ended; }))
    seen_.add(met::stop);
  stopped_ = true;
  for (instance& i : instances_) i.commands.push_back({flow::command::kind::stop, {}});
}

void simulator::crash() {
  seen_.add(met::crash);
  if (newest_) seen_.add(met::crash_with_checkpoint);
  if (aligning()) seen_.add(met::crash_in_alignment);
  if (commits_left_) seen_.add(met::crash_before_commit);
  for (wire& w : wires_) {
    for (flow::frame& f : w.frames)
      if (chance(options_.keep_old_frames)) w.old_frames.push_back(std::move(f));
    w.frames.clear();
    for (flow::grant& g : w.grants) g.returned.reset();
    if (!chance(options_.keep_old_frames)) w.grants.clear();
  }
  start(attempt_ + 1);
}

bool simulator::aligning() const {
  return taking_ && std::any_of(instances_.begin(), instances_.end(), [](const instance& i) {
           return i.barriers_in != 0 && i.barriers_in != i.channels_in;
         });
}

}  // namespace weir::test
