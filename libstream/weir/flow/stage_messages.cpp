// SPDX-License-Identifier: BSD-3-Clause
// What a stage does with the messages it takes.
#include "weir/flow/stage.hpp"

#include <algorithm>
#include <utility>

namespace weir::flow {

namespace {

template <class... F>
struct overloaded : F... {
  using F::operator()...;
};
template <class... F>
overloaded(F...) -> overloaded<F...>;  // Clang 14 wants it

}  // namespace

void stage::take(message m, effects& out) {
  std::visit(overloaded{
                 [&](frame& f) { take_frame(std::move(f), out); },
                 [&](grant& g) { take_grant(g, out); },
                 [&](completion& c) { completions_.push_back(std::move(c)); },
                 [&](command& c) { take_command(c, out); },
                 [](timer) {},
                 [](source_ready) {},
             },
             m);
}

void stage::take_frame(frame&& f, effects& out) {
  const channel_id channel = f.channel;
  switch (inbox_.accept(std::move(f))) {
    case inbox::verdict_on_frame::queued:
      parts_.metrics->frames_in.add(1);
      return;
    case inbox::verdict_on_frame::refused:
      parts_.metrics->refused_frames.add(1);
      return;
    case inbox::verdict_on_frame::broken:
      return fail(errc::channel_broken,
                  "a frame is missing or repeated on channel " + std::to_string(channel), out);
  }
}

void stage::take_grant(const grant& g, effects& out) {
  if (g.attempt != parts_.attempt) return parts_.metrics->refused_grants.add(1);
  for (auto& port : parts_.outputs) {
    port->begin_step(out);
    const auto& channels = port->channels();
    if (std::any_of(channels.begin(), channels.end(),
                    [&](const out_channel& c) { return c.id() == g.channel; }))
      return port->on_grant(g);
  }
}

void stage::take_command(const command& c, effects& out) {
  switch (c.what) {
    case command::kind::start:
      started_ = true;
      inbox_.open(out);
      return;
    case command::kind::hold:
      held_ = !suspending_;
      return;
    case command::kind::release:
      held_ = false;
      return;
    case command::kind::stop:
      held_ = false;
      if (parts_.is_source) parts_.body->stop_source(true);
      return;
    case command::kind::suspend:
      return suspend(out);
    case command::kind::checkpoint:
      triggered_ = c.barrier;
      return;
    case command::kind::assign:
      return assign(c, out);
    case command::kind::commit:
      if (auto done = parts_.body->commit(c.barrier); !done)
        return fail(done.error().code, done.error().message, out);
      out.notices.push_back({notice::kind::committed, c.barrier});
      return;
    case command::kind::abandon:
      if (triggered_ && triggered_->id <= c.barrier.id) triggered_.reset();
      if (saving_ && saving_->id <= c.barrier.id) give_up_saving();
      return inbox_.abandon(c.barrier);
  }
}

void stage::assign(const command& c, effects& out) {
  if (source_ended_) return;
  try {
    parts_.body->assign(c.splits);
  } catch (const exception& e) {
    fail(e.why().code, e.why().message, out);
  } catch (const std::exception& e) {
    fail(errc::stage_failed, e.what(), out);
  }
}

/// What the source has taken is read out first: it may not be there to be read in another run.
void stage::suspend(effects& out) {
  if (!parts_.is_source || suspending_) return;
  suspending_ = true;
  held_ = false;
  if (source_ended_)
    out.notices.push_back({notice::kind::suspended, {}});
  else
    parts_.body->stop_source(false);
}

void stage::fail(errc code, std::string text, effects& out) {
  failed_ = true;
  // What has ended for good no restart brings back.
  const auto wants = code == errc::stopped ? failure::remedy::stop : failure::remedy::restart;
  out.failures.push_back({wants, parts_.name, {code, std::move(text)}});
}

}  // namespace weir::flow
