// SPDX-License-Identifier: BSD-3-Clause
#include "weir/journal/instance_recorder.hpp"

namespace weir::journal {

namespace {

void note(const tape& on, const flow::grant& g) {
  bytes& to = on.note(mark::grant);
  write_number(g.channel, to);
  write_number(g.up_to, to);
  write_number(g.max_events, to);
  encode(g.receiver_watermark, to);
}

void note(const tape& on, const flow::command& c) {
  bytes& to = on.note(mark::command);
  encode(static_cast<std::uint8_t>(c.what), to);
  encode(c.barrier.id, to);
  encode(static_cast<std::uint8_t>(c.barrier.kind), to);
  encode(c.barrier.keeps_state, to);
  encode(c.splits, to);
}

std::uint64_t number_on(const tape& from) {
  std::uint64_t n = 0;
  if (!read_number(from.left(), n)) tape::damaged();
  return n;
}

}  // namespace

void note_message(const tape& on, const flow::message& m) {
  if (const auto* g = std::get_if<flow::grant>(&m)) {
    note(on, *g);
  } else if (const auto* f = std::get_if<flow::frame>(&m)) {
    write_number(f->channel, on.note(mark::frame));
  } else if (const auto* c = std::get_if<flow::completion>(&m)) {
    bytes& to = on.note(mark::completion);
    encode(c->id, to);
    encode(c->payload, to);
  } else if (const auto* what = std::get_if<flow::command>(&m)) {
    note(on, *what);
  }
}

flow::message noted_message(const tape& from, mark m, flow::attempt_id attempt) {
  if (m == mark::grant) {
    flow::grant g;
    g.channel = static_cast<flow::channel_id>(number_on(from));
    g.attempt = attempt;
    g.up_to = number_on(from);
    g.max_events = static_cast<std::uint32_t>(number_on(from));
    g.receiver_watermark = from.read<timestamp>();
    return g;
  }
  if (m == mark::completion) {
    flow::completion c;
    c.id = from.read<std::uint64_t>();
    c.payload = from.read<bytes>();
    return c;
  }
  if (m != mark::command) tape::damaged();
  flow::command c;
  c.what = static_cast<flow::command::kind>(from.read<std::uint8_t>());
  c.barrier.id = from.read<std::uint64_t>();
  c.barrier.kind = static_cast<flow::checkpoint_kind>(from.read<std::uint8_t>());
  c.barrier.keeps_state = from.read<bool>();
  c.splits = from.read<std::vector<split_position>>();
  return c;
}

void instance_recorder::made() {
  if (!on_) return;
  bytes whole{static_cast<std::byte>(mark::made)};
  whole.insert(whole.end(), tape_->entry().begin(), tape_->entry().end());
  tape_->entry() = std::move(whole);
  number_ = to_->next_number();
  end({});
}

void instance_recorder::begin(const flow::message& m) {
  tape_->entry().clear();
  if (!on_) return;
  note_message(*tape_, m);
  number_ = to_->next_number();
}

void instance_recorder::taken(const flow::grant& g) {
  if (on_) note(*tape_, g);
}
void instance_recorder::taken(const flow::frame& f) {
  if (on_) write_number(f.channel, tape_->note(mark::frame));
}

void instance_recorder::begin_step() {
  if (!on_) return;
  tape_->note(mark::step);
  number_ = to_->next_number();
}

void instance_recorder::end(const flow::effects& e, flow::verdict v) {
  if (on_) {
    encode(digest_of(e, v, scratch_), tape_->note(mark::digest));
    on_ = to_->append(number_, instance_, tape_->entry());
  }
  tape_->entry().clear();
}

}  // namespace weir::journal
