// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/stage_host.hpp"

namespace weir::actors {

void stage_host::take(flow::message m) {
  if (recorder_) recorder_->begin(m);
  machine_->take(std::move(m), effects_);
  if (recorder_) recorder_->end(effects_);
  deliver();
}

timestamp stage_host::run() {
  bell_->answer();
  take_input();
  if (recorder_) recorder_->begin_step();
  const flow::verdict v = machine_->step(effects_);
  if (recorder_) recorder_->end(effects_, v);
  const timestamp wake_at = effects_.wake_at;
  deliver();
  const bool waits = machine_->waits_for_credit();
  bool again = v == flow::verdict::more;
  if (waits || told_to_wait_)
    for (sending_end* end : outputs_) again = end->wait_for_grant(waits) || again;
  told_to_wait_ = waits;
  if (again) bell_->ring();
  return v == flow::verdict::more ? max_timestamp : wake_at;
}

void stage_host::take_input() {
  flow::grant g;
  for (sending_end* end : outputs_)
    if (end->take_grant(g)) {
      if (recorder_) recorder_->taken(g);
      machine_->take(std::move(g), effects_);
    }
  flow::frame f;
  for (receiving_end* end : inputs_)
    while (end->take_frame(f)) {
      if (recorder_) recorder_->taken(f);
      machine_->take(std::move(f), effects_);
    }
}

void stage_host::deliver() {
  for (flow::frame& f : effects_.frames) sending_.find(f.channel)->second->send(std::move(f));
  for (flow::grant& g : effects_.grants) receiving_.find(g.channel)->second->grant(std::move(g));
  for (flow::request& r : effects_.requests)
    if (auto served = serve_(std::move(r)); !served)
      effects_.failures.push_back({flow::failure::remedy::stop, machine_->name(), served.error()});
  if (tell_ && (!effects_.notices.empty() || !effects_.failures.empty())) tell_(effects_);
  effects_.clear();
}

}  // namespace weir::actors
