// SPDX-License-Identifier: BSD-3-Clause
#include "weir/journal/tape.hpp"

#include <array>

namespace weir::journal {

std::string to_string(mark m) {
  static constexpr std::array names{"nothing",
                                    "its making",
                                    "a frame",
                                    "a grant",
                                    "an answer",
                                    "a command",
                                    "a step",
                                    "wall",
                                    "steady",
                                    "a poll",
                                    "next_poll",
                                    "close",
                                    "takes_whole_batches",
                                    "a write",
                                    "a flush",
                                    "a pre_commit",
                                    "a commit",
                                    "nothing",
                                    "an exception",
                                    "its end",
                                    "most_under_way",
                                    "a beginning",
                                    "a settlement",
                                    "has_answers",
                                    "a further try",
                                    "an event passed over"};
  const auto i = static_cast<std::size_t>(m);
  return i < names.size() ? names[i] : "something unknown";
}

byte_reader& tape::expect(mark m) const {
  const mark found = take_mark();
  if (found == mark::threw) throw_noted(*this);
  if (found != m)
    throw exception({errc::incompatible, "the journal goes on with " + to_string(found) +
                                             ", and not with " + to_string(m)});
  return left_;
}

mark tape::take_mark() const {
  std::uint8_t found = 0;
  if (!left_.read(&found, 1)) damaged();
  return static_cast<mark>(found);
}

void tape::damaged() {
  throw exception({errc::incompatible, "an entry of the journal does not decode"});
}

timestamp tape::wall() const {
  const std::int64_t now = repeats() ? 0 : real_->wall().time_since_epoch().count();
  return timestamp{duration{reading(mark::wall, now, last_wall_)}};
}

steady_time tape::steady() const {
  const std::int64_t now = repeats() ? 0 : real_->steady().time_since_epoch().count();
  return steady_time{std::chrono::nanoseconds{reading(mark::steady, now, last_steady_)}};
}

std::int64_t tape::reading(mark m, std::int64_t now, std::int64_t& last) const {
  if (!repeats()) {
    const std::int64_t since = now - std::exchange(last, now);
    write_number((static_cast<std::uint64_t>(since) << 1) ^ static_cast<std::uint64_t>(since >> 63),
                 note(m));
    return now;
  }
  if (still_) return last;
  std::uint64_t n = 0;
  if (!read_number(expect(m), n)) damaged();
  return last += static_cast<std::int64_t>(n >> 1) ^ -static_cast<std::int64_t>(n & 1);
}

void write_number(std::uint64_t n, bytes& out) {
  for (; n >= 128; n >>= 7) out.push_back(static_cast<std::byte>(n | 128));
  out.push_back(static_cast<std::byte>(n));
}

bool read_number(byte_reader& in, std::uint64_t& n) {
  n = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    std::uint8_t b = 0;
    if (!in.read(&b, 1)) return false;
    n |= static_cast<std::uint64_t>(b & 127) << shift;
    if (b < 128) return true;
  }
  return false;
}

void note_thrown(const tape& on, const error& why) {
  bytes& to = on.note(mark::threw);
  encode(static_cast<std::uint16_t>(why.code), to);
  encode(why.message, to);
}

void throw_noted(const tape& from) {
  const auto code = static_cast<errc>(from.read<std::uint16_t>());
  throw exception({code, from.read<std::string>()});
}

void note_result(const tape& on, mark m, const result<void>& r) {
  bytes& to = on.note(m);
  encode(r.has_value(), to);
  if (r) return;
  encode(static_cast<std::uint16_t>(r.error().code), to);
  encode(r.error().message, to);
}

result<void> noted_result(const tape& from, mark m) {
  from.expect(m);
  if (from.read<bool>()) return {};
  const auto code = static_cast<errc>(from.read<std::uint16_t>());
  return error{code, from.read<std::string>()};
}

}  // namespace weir::journal
