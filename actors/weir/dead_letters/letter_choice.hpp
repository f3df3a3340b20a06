// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/dead_letters/letter_file.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace weir::letters {

/// Which dead letters are meant; what is empty is not asked for.
struct letter_choice {
  std::string stage;
  std::string at_operator;
  std::string error;              ///< Text that the error holds.
  std::optional<timestamp> from;  ///< By the time of the failure, from the first on,
  std::optional<timestamp> to;    ///< and before the second.
  std::vector<std::uint64_t> numbers;

  [[nodiscard]] bool holds(const kept_letter& l) const;
};

/// Reads "3", "3,5,9-12" or the like; numbers from 1 on.
[[nodiscard]] result<std::vector<std::uint64_t>> parse_numbers(const std::string& text);

/// What `choose` found.
struct chosen_letters {
  std::vector<kept_letter> letters;
  std::uint64_t replayed = 0;  ///< Left out: they were replayed before.
  std::uint64_t earlier = 0;   ///< Left out: of a run that the newest doesn't go on from.
  std::uint64_t behind = 0;    ///< Left out: behind the checkpoint; their events come again.
};

/// Finds letters in one file and those rotated away from it. `place` is how far the file had come
/// at the checkpoint that a replay begins with; nothing if there is none.
[[nodiscard]] result<chosen_letters> choose(const std::string& path, const letter_choice& which,
                                            const std::optional<letter_place>& place, bool again);

}  // namespace weir::letters
