// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/dead_letters/letter_choice.hpp"
#include "weir/graph/plan.hpp"
#include "weir/main/args.hpp"

#include <string>
#include <vector>

namespace weir {

/// The files that a pipeline's dead letters are in, one for each connected part. None if they are
/// not written to files.
[[nodiscard]] std::vector<std::string> dead_letter_files(const plan& p, const args& values);

/// The file of the first part; empty if there is none.
[[nodiscard]] std::string dead_letter_file_of(const std::string& program, const args& values);

/// What the command `replay` is to bring back. Prints what it leaves out, and with `--list` the
/// letters, to standard output. Throws `weir::exception` for a mistake.
[[nodiscard]] std::vector<letters::kept_letter> choose_letters(const plan& p, const args& values);

/// Notes what a replay is about to do, which ends with the checkpoint `next`, or settles it.
void note_replay(const plan& p, const args& values, const std::vector<letters::kept_letter>& chosen,
                 std::uint64_t next);
void settle_replays(const plan& p, const args& values, std::uint64_t next);
/// Notes that letters were replayed, where no checkpoint says so.
void note_replayed(const plan& p, const args& values,
                   const std::vector<letters::kept_letter>& chosen);

}  // namespace weir
