// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace weir {

/// What happens when partial matches reach a limit.
enum class at_limit : std::uint8_t {
  drop_oldest,  ///< The partial matches that began first are given up.
  drop_newest,  ///< What would begin or grow now is given up.
  dead_letter,  ///< The event fails: it changes nothing, and goes where failed events go.
};

/// Bounds what a pattern remembers in one stage instance. Bytes are those of events (as
/// `dynamic_size` measures them), of paths and of partial matches. Over a cold store, which
/// bounds memory by itself, those of all keys together are not kept. A pattern without a time bound
/// puts its partial matches in order when it comes to one of those for the first time, which takes
/// as long as sorting them.
struct match_limits {
  std::uint64_t matches_per_key = 65'536;
  std::uint64_t bytes_per_key = 64ULL << 20;
  std::uint64_t matches = 4'000'000;
  std::uint64_t bytes = 1ULL << 30;
  at_limit then = at_limit::drop_oldest;
};

}  // namespace weir
