// SPDX-License-Identifier: BSD-3-Clause
#include "weir/dead_letters/replay_notes.hpp"

#include "weir/checkpoints/part_file.hpp"
#include "weir/codec/json.hpp"

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

namespace weir::letters {

namespace fs = std::filesystem;

namespace {

/// What is about to be replayed, and the first checkpoint that would hold it.
struct intent {
  std::uint64_t checkpoint = 0;
  std::vector<std::uint64_t> numbers;
};
BOOST_DESCRIBE_STRUCT(intent, (), (checkpoint, numbers))

std::string notes_of(const std::string& path) { return path + ".replayed"; }
std::string intent_of(const std::string& path) { return path + ".replaying"; }

}  // namespace

result<void> note_intent(const std::string& path, const std::vector<kept_letter>& letters,
                         std::uint64_t checkpoint) {
  intent what{checkpoint, {}};
  for (const kept_letter& l : letters)
    if (l.file == path) what.numbers.push_back(l.number);
  if (what.numbers.empty()) return {};
  const std::string hidden = intent_of(path) + ".part";
  if (auto done = checkpoints::write_file(hidden, to_json(what) + "\n"); !done) return done.error();
  std::error_code why;
  fs::rename(hidden, intent_of(path), why);
  if (why) return error{errc::io_failed, "cannot write '" + intent_of(path) + "'"};
  return {};
}

result<void> settle_intent(const std::string& path, std::uint64_t next_checkpoint) {
  if (!fs::exists(intent_of(path))) return {};
  const auto text = checkpoints::read_file(intent_of(path));
  if (!text) return text.error();
  const auto what = from_json<intent>(*text);
  if (!what)
    return error{what.error().code,
                 "'" + intent_of(path) + "' can't be read: " + what.error().message};
  if (next_checkpoint > what->checkpoint)
    if (auto done = note_replayed(path, what->numbers); !done) return done;
  std::error_code why;
  fs::remove(intent_of(path), why);
  if (why) return error{errc::io_failed, "cannot remove '" + intent_of(path) + "'"};
  return {};
}

result<void> note_replayed(const std::string& path, const std::vector<std::uint64_t>& numbers) {
  std::string text;
  for (const std::uint64_t n : numbers) text += std::to_string(n) + "\n";
  auto to = posix::open_to_append(notes_of(path));
  if (!to) return to.error();
  if (auto done = posix::write_all(to->get(), text, notes_of(path)); !done) return done;
  return posix::sync(*to, notes_of(path));
}

result<std::set<std::uint64_t>> replayed_numbers(const std::string& path) {
  std::set<std::uint64_t> numbers;
  std::ifstream in{notes_of(path)};
  for (std::uint64_t n = 0; in >> n;) numbers.insert(n);
  if (!in.eof() && fs::exists(notes_of(path)))
    return error{errc::decode_failed, "'" + notes_of(path) + "' holds something else than numbers"};
  return numbers;
}

}  // namespace weir::letters
