// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/dead_letters/letter_file.hpp"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace weir::letters {

/// Which letters were replayed is noted in `<path>.replayed`, beside their file. With checkpoints a
/// replay counts if its only checkpoint is complete, so the note is made in two steps: an intent
/// that names the letters and the checkpoint is written first, and settled afterwards, or by
/// whoever looks next if the process was killed meanwhile.

/// Notes that these letters are about to be replayed, all of them if a checkpoint from
/// `checkpoint` on is complete.
[[nodiscard]] result<void> note_intent(const std::string& path,
                                       const std::vector<kept_letter>& letters,
                                       std::uint64_t checkpoint);
/// Makes a note of an intent that is left, if the newest checkpoint says that it was carried out,
/// or forgets it. `next_checkpoint` is the id of the next one.
[[nodiscard]] result<void> settle_intent(const std::string& path, std::uint64_t next_checkpoint);
/// Notes letters of this file that were replayed.
[[nodiscard]] result<void> note_replayed(const std::string& path,
                                         const std::vector<std::uint64_t>& numbers);
/// The numbers of the letters that were replayed.
[[nodiscard]] result<std::set<std::uint64_t>> replayed_numbers(const std::string& path);

}  // namespace weir::letters
