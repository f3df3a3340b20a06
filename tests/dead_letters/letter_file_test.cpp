// SPDX-License-Identifier: BSD-3-Clause
#include "weir/dead_letters/letter_file.hpp"

#include "support/temporary_directory.hpp"
#include "weir/dead_letters/dead_letter_file.hpp"
#include "weir/dead_letters/letter_choice.hpp"
#include "weir/dead_letters/replay_notes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <filesystem>
#include <fstream>

using namespace weir;
using namespace weir::letters;
using weir::test::temporary_directory;
using namespace std::chrono_literals;

namespace {

dead_letter letter(const std::string& text, const std::string& stage = "work") {
  dead_letter l;
  l.stage = stage;
  l.operator_name = "op";
  l.error = "no " + text;
  l.text = text;
  l.event = bytes(3, std::byte{7});
  l.failed_at = timestamp{1s};
  return l;
}

std::vector<kept_letter> all_of(const std::string& path) {
  std::vector<kept_letter> all;
  read_letters(path, [&](kept_letter l) { all.push_back(std::move(l)); }).value();
  return all;
}
std::vector<std::string> texts(const std::string& path) {
  std::vector<std::string> all;
  for (const kept_letter& l : all_of(path)) all.push_back(l.letter.text);
  return all;
}
using strings = std::vector<std::string>;

/// One attempt of the stage that takes dead letters.
std::unique_ptr<sink_writer<dead_letter>> attempt(const dead_letter_file& sink, std::uint32_t n,
                                                  std::optional<sink_start> start) {
  return sink.make_writer<dead_letter>({"dead-letters", 0, 1, n, {}, start});
}
void write(sink_writer<dead_letter>& to, const strings& texts) {
  for (const std::string& t : texts) {
    const std::vector one{letter(t)};
    const std::vector at{timestamp{}};
    REQUIRE(to.write(one, at).events == 1);
  }
}

}  // namespace

TEST_CASE("a letter is read back from its file as it was written") {
  const temporary_directory dir;
  letter_file to{dir / "letters.jsonl", {}};
  (void)to.begin().value();
  to.set_run(5);
  dead_letter l = letter("\"quoted\"\n");
  l.source = "file";
  l.offset = ~std::uint64_t{0};
  l.at_operator = true;
  l.event_time = timestamp{3s};
  l.schema = bytes(2, std::byte{1});
  l.tries = 4;
  to.add(l).value();
  const auto read = all_of(dir / "letters.jsonl");
  REQUIRE(read.size() == 1);
  CHECK(read[0].number == 1);
  CHECK(read[0].run == 5);
  CHECK(to_json(read[0].letter) == to_json(l));
}

TEST_CASE("no file is made before the first letter, and its directory with it") {
  const temporary_directory dir;
  letter_file to{dir / "deep/down/letters.jsonl", {}};
  (void)to.begin().value();
  to.sync().value();
  CHECK(dir.names().empty());
  to.add(letter("a")).value();
  CHECK(texts(dir / "deep/down/letters.jsonl") == strings{"a"});
}

TEST_CASE("a full file makes room for another, and what goes with the oldest is counted") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  letter_file to{path, {.bytes = 900, .files = 3}};
  (void)to.begin().value();
  std::uint64_t n = 0;
  while (to.removed() == 0) to.add(letter(std::to_string(++n))).value();
  CHECK(generations_of(path) == std::vector<std::uint64_t>{1, 2});
  const auto left = all_of(path);
  CHECK(left.size() + to.removed() == n);
  CHECK(left.front().number == to.removed() + 1);
  CHECK(left.back().number == n);
  for (const auto& entry : std::filesystem::directory_iterator{dir.path()})
    CHECK(entry.file_size() <= 900);
}

TEST_CASE("a letter that is larger than a file may be has one of its own") {
  const temporary_directory dir;
  letter_file to{dir / "letters.jsonl", {.bytes = 10, .files = 10}};
  (void)to.begin().value();
  for (const char* t : {"a", "b", "c"}) to.add(letter(t)).value();
  CHECK(texts(dir / "letters.jsonl") == strings{"a", "b", "c"});
  CHECK(generations_of(dir / "letters.jsonl").size() == 2);
}

TEST_CASE("another run goes on behind what is there, and cuts off an unfinished line") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  {
    letter_file to{path, {}};
    (void)to.begin().value();
    to.set_run(5);
    to.add(letter("a")).value();
    to.add(letter(std::string(200'000, 'b'))).value();
  }
  std::ofstream{path, std::ios::app} << R"({"number":3,"run":5,"sta)";
  letter_file to{path, {}};
  CHECK(to.begin().value().next_number == 3);
  CHECK(to.place().run == 5);
  to.add(letter("c")).value();
  const auto read = all_of(path);
  REQUIRE(read.size() == 3);
  CHECK(read[2].number == 3);
  CHECK(read[2].letter.text == "c");
}

TEST_CASE("going back takes files and letters away that came after, over rotations too") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  letter_file to{path, {.bytes = 900, .files = 10}};
  (void)to.begin().value();
  std::vector<letter_place> places;
  std::vector<std::string> wanted;
  for (int i = 0; i < 12; ++i) {
    places.push_back(to.place());
    to.add(letter(std::to_string(i))).value();
    wanted.push_back(std::to_string(i));
  }
  REQUIRE(to.place().generation > 2);
  while (!places.empty()) {
    to.go_back(places.back()).value();
    places.pop_back();
    wanted.pop_back();
    CHECK(texts(path) == wanted);
    CHECK(to.place().next_number == wanted.size() + 1);
  }
  to.add(letter("again")).value();
  CHECK(texts(path) == strings{"again"});
}

TEST_CASE("a restart from a checkpoint takes back the letters behind it") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  const dead_letter_file sink{path, dead_letter_buffer{10}};
  auto first = attempt(sink, 0, sink_start::fresh);
  write(*first, {"a", "b"});
  const bytes saved = first->pre_commit(1).value();
  first->commit(saved).value();
  write(*first, {"c"});
  first.reset();
  // In another process.
  const dead_letter_file anew{path, dead_letter_buffer{10}};
  auto second = attempt(anew, 1, sink_start::restored);
  second->commit(saved).value();
  write(*second, {"d"});
  CHECK(texts(path) == strings{"a", "b", "d"});
  CHECK(all_of(path)[2].number == 3);
  CHECK(all_of(path)[2].run == all_of(path)[0].run);
}

TEST_CASE("an attempt that begins afresh takes back what the one before it wrote, and no more") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  {
    const dead_letter_file earlier{path, dead_letter_buffer{10}};
    write(*attempt(earlier, 0, sink_start::fresh), {"earlier"});
  }
  const dead_letter_file sink{path, dead_letter_buffer{10}};
  write(*attempt(sink, 0, sink_start::fresh), {"a"});
  write(*attempt(sink, 1, sink_start::fresh), {"a", "b"});
  CHECK(texts(path) == strings{"earlier", "a", "b"});
  write(*attempt(sink, 2, sink_start::goes_on), {"c"});
  CHECK(texts(path) == strings{"earlier", "a", "b", "c"});
  const auto read = all_of(path);
  CHECK(read[0].run != read[1].run);
  CHECK(read[1].run == read[3].run);
}

TEST_CASE("a letter that can't be written is refused, and said so, and the next one is tried") {
  const temporary_directory dir;
  std::filesystem::create_directory(dir / "letters.jsonl");  // a directory is in its place
  const dead_letter_file sink{dir / "letters.jsonl", dead_letter_buffer{10}};
  auto to = attempt(sink, 0, sink_start::fresh);
  const std::vector both{letter("a"), letter("b")};
  const std::vector at(2, timestamp{});
  const written w = to->write(both, at);
  CHECK(w.events == 0);
  REQUIRE(w.failure);
  CHECK(w.failure->message.find("letters.jsonl") != std::string::npos);
  CHECK(to->pre_commit(1));
}

TEST_CASE("letters are chosen by stage, operator, error, time and number") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  letter_file to{path, {}};
  (void)to.begin().value();
  to.set_run(1);
  to.add(letter("of an earlier run")).value();
  to.set_run(2);
  for (int i = 2; i <= 7; ++i) {
    dead_letter l = letter(std::to_string(i), i % 2 == 0 ? "even" : "odd");
    l.failed_at = timestamp{std::chrono::seconds{i}};
    to.add(l).value();
  }
  const auto numbers = [&](const letter_choice& which, bool again = false,
                           std::optional<letter_place> place = std::nullopt) {
    std::vector<std::uint64_t> found;
    const chosen_letters chosen = choose(path, which, place, again).value();
    for (const kept_letter& l : chosen.letters) found.push_back(l.number);
    return found;
  };
  using list = std::vector<std::uint64_t>;
  CHECK(numbers({}) == list{2, 3, 4, 5, 6, 7});
  CHECK(numbers({.stage = "odd"}) == list{3, 5, 7});
  CHECK(numbers({.at_operator = "other"}).empty());
  CHECK(numbers({.error = "no 4"}) == list{4});
  CHECK(numbers({.from = timestamp{3s}, .to = timestamp{5s}}) == list{3, 4});
  CHECK(numbers({.numbers = {2, 6, 99}}) == list{2, 6});
  note_replayed(path, {3, 5}).value();
  CHECK(numbers({}) == list{2, 4, 6, 7});
  CHECK(choose(path, {}, std::nullopt, false).value().replayed == 2);
  CHECK(numbers({}, true) == list{2, 3, 4, 5, 6, 7});
  // Behind the checkpoint: their events come again.
  CHECK(numbers({}, true, letter_place{"letters.jsonl", 2, 0, 0, 6}) == list{2, 3, 4, 5});
  CHECK(choose(path, {}, letter_place{"letters.jsonl", 2, 0, 0, 6}, true).value().behind == 2);
  CHECK(choose(path, {}, std::nullopt, true).value().earlier == 1);
}

TEST_CASE("numbers are given one by one and in ranges") {
  CHECK(parse_numbers("3").value() == std::vector<std::uint64_t>{3});
  CHECK(parse_numbers("3,5,9-12").value() == std::vector<std::uint64_t>{3, 5, 9, 10, 11, 12});
  for (const char* bad : {"", "0", "a", "3,", "5-3", "1-", "1-9999999999", "3 4"})
    CHECK_FALSE(parse_numbers(bad));
}

TEST_CASE("a replay counts once its checkpoint is there") {
  const temporary_directory dir;
  const std::string path = dir / "letters.jsonl";
  std::vector<kept_letter> two(2);
  two[0].number = 4;
  two[1].number = 9;
  for (kept_letter& l : two) l.file = path;
  note_intent(path, two, 17).value();
  settle_intent(path, 17).value();  // killed before
  CHECK(replayed_numbers(path).value().empty());
  settle_intent(path, 18).value();  // there is nothing left to settle
  CHECK(replayed_numbers(path).value().empty());
  note_intent(path, two, 17).value();
  settle_intent(path, 18).value();
  settle_intent(path, 18).value();
  CHECK(replayed_numbers(path).value() == std::set<std::uint64_t>{4, 9});
}
