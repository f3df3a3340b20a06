// SPDX-License-Identifier: BSD-3-Clause
#include "weir/journal/digest.hpp"

#include "weir/codec/binary.hpp"
#include "weir/codec/key_hash.hpp"

namespace weir::journal {

namespace {

std::uint64_t hash_of(const bytes& data) { return key_hash(as_text(data)); }

void add(const flow::progress& p, bytes& to) {
  encode(p.watermark, to);
  encode(p.idle, to);
}
void add(const flow::barrier& b, bytes& to) {
  encode(b.id, to);
  encode(static_cast<std::uint8_t>(b.kind), to);
}
void add(const flow::frame& f, bytes& to) {
  encode(f.channel, to);
  encode(f.attempt, to);
  encode(f.sequence, to);
  encode(static_cast<std::uint8_t>(f.kind), to);
  add(f.progress, to);
  add(f.barrier, to);
  encode(f.tell_at, to);
  if (f.body) f.body->encode(to);
}
void add(const flow::grant& g, bytes& to) {
  encode(g.channel, to);
  encode(g.attempt, to);
  encode(g.up_to, to);
  encode(g.max_events, to);
  encode(g.receiver_watermark, to);
}
void add(const flow::notice& n, bytes& to) {
  encode(static_cast<std::uint8_t>(n.what), to);
  add(n.barrier, to);
  for (const snapshot_part& p : n.parts) {
    encode(p.operator_id, to);
    encode(p.state, to);
    encode(p.group, to);
    encode(hash_of(p.data), to);
  }
  encode(static_cast<std::uint64_t>(n.parts_before), to);
}

}  // namespace

digest digest_of(const flow::effects& e, flow::verdict v, bytes& scratch) {
  scratch.clear();
  for (const flow::frame& f : e.frames) add(f, scratch);
  for (const flow::grant& g : e.grants) add(g, scratch);
  for (const flow::request& r : e.requests) {
    encode(r.id, scratch);
    encode(r.target, scratch);
    encode(r.payload, scratch);
  }
  for (const flow::notice& n : e.notices) add(n, scratch);
  for (const flow::failure& f : e.failures) {
    encode(static_cast<std::uint8_t>(f.wants), scratch);
    encode(f.where, scratch);
    encode(f.why.message, scratch);
  }
  encode(e.wake_at, scratch);
  const auto n = [](const auto& all) { return static_cast<std::uint32_t>(all.size()); };
  return {n(e.frames),     n(e.grants),   n(e.requests),
          n(e.notices),    n(e.failures), static_cast<std::uint8_t>(v),
          hash_of(scratch)};
}

std::string difference(const digest& recorded, const digest& repeated) {
  std::string all;
  const auto compare = [&](const char* what, std::uint64_t a, std::uint64_t b) {
    if (a != b)
      all += (all.empty() ? "" : ", ") + std::to_string(b) + " " + what + " instead of " +
             std::to_string(a);
  };
  compare("frames", recorded.frames, repeated.frames);
  compare("grants", recorded.grants, repeated.grants);
  compare("requests", recorded.requests, repeated.requests);
  compare("notices", recorded.notices, repeated.notices);
  compare("failures", recorded.failures, repeated.failures);
  if (all.empty() && recorded.verdict != repeated.verdict) all = "another verdict";
  if (all.empty() && recorded.hash != repeated.hash) all = "as many effects, but others";
  return all;
}

}  // namespace weir::journal
