// SPDX-License-Identifier: BSD-3-Clause
#include "weir/main/replay_command.hpp"

#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/binary.hpp"
#include "weir/codec/rfc3339.hpp"
#include "weir/dead_letters/replay_notes.hpp"
#include "weir/sink/sink_segment.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

namespace weir {

namespace {

using letters::kept_letter;
using letters::letter_choice;
using letters::letter_place;

letter_choice choice_of(const args& values) {
  letter_choice which{
      values["only-stage"], values["only-operator"], values["only-error"], {}, {}, {}};
  if (!values["failed-since"].empty()) which.from = values.instant("failed-since");
  if (!values["failed-until"].empty()) which.to = values.instant("failed-until");
  if (const std::string& numbers = values["only-numbers"]; !numbers.empty()) {
    auto parsed = letters::parse_numbers(numbers);
    if (!parsed) throw exception({parsed.error().code, "--only-numbers " + parsed.error().message});
    which.numbers = *std::move(parsed);
  }
  return which;
}

/// The state of the newest checkpoint that is whole. Throws if there is none.
std::vector<snapshot_part> newest_state(const std::string& directory) {
  const auto stored = list_checkpoints(directory).value();
  for (const stored_checkpoint& s : stored)
    if (auto read = read_checkpoint(s.place)) return std::move(read->parts);
  throw exception({errc::not_found, "'" + directory + "' holds no checkpoint to go on from"});
}

/// How far a file had come at a checkpoint.
std::optional<letter_place> place_in(const std::vector<snapshot_part>& state,
                                     const std::string& path) {
  std::optional<letter_place> found;
  for (const snapshot_part& p : state) {
    if (!p.operator_id.starts_with("dead-letters") || p.state != "committable") continue;
    flow::committable saved;
    letter_place place;
    byte_reader in{p.data};
    if (!decode(in, saved)) continue;
    byte_reader inner{saved.data};
    if (decode(inner, place)) found = letters::further(std::move(found), std::move(place), path);
  }
  return found;
}

void list(const std::vector<kept_letter>& chosen) {
  for (const kept_letter& l : chosen)
    fmt::print("{:>6}  {}  stage '{}', operator '{}': {}: {}\n", l.number,
               format_rfc3339(l.letter.failed_at), l.letter.stage, l.letter.operator_name,
               l.letter.error, l.letter.text.substr(0, 120));
}

void say_left_out(const letters::chosen_letters& c) {
  const auto say = [](std::uint64_t n, const char* why) {
    if (n != 0) fmt::print("{} left out: {}\n", n, why);
  };
  say(c.replayed, "replayed before (--again takes them, too)");
  say(c.earlier, "of an earlier run");
  say(c.behind, "behind the newest checkpoint: their events come again");
}

}  // namespace

std::string dead_letter_file_of(const std::string& program, const args& values) {
  const std::string& given = values["dead-letters"];
  if (given == "none") return {};
  if (given != "auto") return given;
  const std::string& directory = values["checkpoints"];
  return directory == "none" ? program + "-dead-letters.jsonl" : directory + "/dead-letters.jsonl";
}

std::vector<std::string> dead_letter_files(const plan& p, const args& values) {
  const std::string first = dead_letter_file_of(p.name, values);
  if (first.empty()) return {};
  const std::vector<std::uint32_t> regions = p.regions();
  const std::set<std::uint32_t> parts{regions.begin(), regions.end()};
  std::vector<std::string> files;
  for (std::uint32_t n = 1; n <= parts.size(); ++n)
    files.push_back(letters::numbered_path(first, n));
  return files;
}

std::vector<kept_letter> choose_letters(const plan& p, const args& values) {
  const letter_choice which = choice_of(values);
  const std::string& directory = values["checkpoints"];
  std::optional<std::vector<snapshot_part>> state;
  if (directory != "none") state = newest_state(directory);
  const std::vector<std::string> files = dead_letter_files(p, values);
  if (files.empty())
    throw exception(
        {errc::invalid_argument, "replay: --dead-letters none leaves nothing to replay"});
  const auto is_there = [](const std::string& file) {
    return std::filesystem::exists(file) || !letters::generations_of(file).empty();
  };
  if (std::none_of(files.begin(), files.end(), is_there))
    throw exception({errc::not_found, "there are no dead letters in '" + files.front() + "'"});
  letters::chosen_letters all;
  for (const std::string& file : files) {
    const auto place = state ? place_in(*state, file) : std::nullopt;
    letters::chosen_letters c = letters::choose(file, which, place, values.flag("again")).value();
    std::move(c.letters.begin(), c.letters.end(), std::back_inserter(all.letters));
    all.replayed += c.replayed;
    all.earlier += c.earlier;
    all.behind += c.behind;
  }
  if (values.flag("list")) list(all.letters);
  if (!values.flag("json")) say_left_out(all);
  return std::move(all.letters);
}

void note_replay(const plan& p, const args& values, const std::vector<kept_letter>& chosen,
                 std::uint64_t next) {
  for (const std::string& file : dead_letter_files(p, values))
    letters::note_intent(file, chosen, next).value();
}

void settle_replays(const plan& p, const args& values, std::uint64_t next) {
  for (const std::string& file : dead_letter_files(p, values))
    letters::settle_intent(file, next).value();
}

void note_replayed(const plan& p, const args& values, const std::vector<kept_letter>& chosen) {
  for (const std::string& file : dead_letter_files(p, values)) {
    std::vector<std::uint64_t> numbers;
    for (const kept_letter& l : chosen)
      if (l.file == file) numbers.push_back(l.number);
    letters::note_replayed(file, numbers).value();
  }
}

}  // namespace weir
