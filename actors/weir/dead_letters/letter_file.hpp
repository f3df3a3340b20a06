// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/posix/descriptor.hpp"

#include <boost/describe/class.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace weir {

/// How much is kept of dead letters in files.
struct letter_file_limits {
  std::uint64_t bytes = 64 << 20;  ///< Of one file; a letter that is larger has a file of its own.
  std::uint64_t files = 4;         ///< With the one that is written; the oldest is removed.
};

namespace letters {

/// A dead letter as it stands in a file.
struct kept_letter {
  std::uint64_t number = 0;  ///< Counts the letters of the file, those rotated away included.
  std::uint64_t run = 0;     ///< Those of runs that went on one from the other have the same.
  std::string file;          ///< Where it was read; its path before it was rotated.
  dead_letter letter;
};

/// How far a file of dead letters has come: what a checkpoint keeps of it.
struct letter_place {
  std::string file;  ///< Its name, without directories: they may be moved.
  std::uint64_t run = 0;
  std::uint64_t generation = 0;  ///< Counts the files that were rotated away.
  std::uint64_t size = 0;        ///< Of the file that is written, in bytes.
  std::uint64_t next_number = 1;
};
BOOST_DESCRIBE_STRUCT(letter_place, (), (file, run, generation, size, next_number))

/// Returns the further one of two places in the file `path`; one that is of another file is left
/// out.
[[nodiscard]] std::optional<letter_place> further(std::optional<letter_place> known,
                                                  letter_place place, const std::string& path);

/// Writes dead letters as lines of JSON behind those that are there. A file that is full is renamed
/// to `<path>.<n>`, n counting from 0, and another begun. Opens nothing before the first letter.
/// For one thread.
class letter_file {
public:
  letter_file(std::string path, letter_file_limits limits);

  /// Where it stands, by what is there. Cuts off a line that a crash left unfinished.
  [[nodiscard]] result<letter_place> begin();
  /// Takes back everything behind `place`, which `place()` gave, in this process or another.
  [[nodiscard]] result<void> go_back(const letter_place& place);
  /// The letters that follow are of that run.
  void set_run(std::uint64_t run) noexcept { place_.run = run; }

  /// Adds a letter whole or not at all.
  [[nodiscard]] result<void> add(const dead_letter& letter);
  /// Makes durable what was added.
  [[nodiscard]] result<void> sync();

  [[nodiscard]] const letter_place& place() const noexcept { return place_; }
  /// Letters that were in files that are removed.
  [[nodiscard]] std::uint64_t removed() const noexcept { return removed_; }

private:
  [[nodiscard]] result<void> open();
  [[nodiscard]] result<void> rotate();
  void remove_oldest();
  [[nodiscard]] std::string rotated(std::uint64_t generation) const;

  std::string path_;
  letter_file_limits limits_;
  letter_place place_;
  posix::descriptor to_;
  std::uint64_t removed_ = 0;
};

/// Returns the numbers of the files that were rotated away from `path`, the oldest first.
[[nodiscard]] std::vector<std::uint64_t> generations_of(const std::string& path);
/// Calls `take(letter)` for all letters that are left of `path`, the oldest first. A line that
/// holds none is an error.
[[nodiscard]] result<void> read_letters(const std::string& path,
                                        const std::function<void(kept_letter)>& take);
/// The file of the `n`th connected part of a pipeline: `<stem>-<n>` from the second on.
[[nodiscard]] std::string numbered_path(const std::string& path, std::uint32_t n);

}  // namespace letters
}  // namespace weir
