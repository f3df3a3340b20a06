// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/journal/tape.hpp"
#include "weir/sink/sink.hpp"

#include <cstdint>
#include <string>

namespace weir::journal {

/// Notes how far a sink's writer has come, and why no further.
inline void note_written(const tape& on, mark m, const written& done) {
  bytes& to = on.note(m);
  write_number(done.events, to);
  encode(done.failure.has_value(), to);
  if (!done.failure) return;
  encode(static_cast<std::uint16_t>(done.failure->code), to);
  encode(done.failure->message, to);
}
[[nodiscard]] inline written noted_written(const tape& from, mark m) {
  written done;
  std::uint64_t n = 0;
  if (!read_number(from.expect(m), n)) tape::damaged();
  done.events = n;
  if (!from.template read<bool>()) return done;
  const auto code = static_cast<errc>(from.template read<std::uint16_t>());
  done.failure = error{code, from.template read<std::string>()};
  return done;
}

}  // namespace weir::journal
