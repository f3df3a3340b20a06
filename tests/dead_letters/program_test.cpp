// SPDX-License-Identifier: BSD-3-Clause
// The whole of it as a program: run, look, mend, replay.
#include "support/temporary_directory.hpp"
#include "weir/dead_letters/letter_file.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <stdexcept>

using namespace weir;
using weir::test::temporary_directory;
using namespace std::chrono_literals;

namespace {

struct payment {
  std::string card;
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(payment, (), (card, cents))

struct balance {
  std::string card;
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(balance, (), (card, cents))

struct adding_up {
  using output = balance;
  value_state<std::int64_t> sum{"sum"};
  bool broken = false;
  auto states() { return std::tie(sum); }
  void on_event(const payment& p, process_context<std::string, balance>& c) {
    if (broken && p.cents < 0) throw std::runtime_error("less than nothing");
    sum.update([&](std::int64_t& n) { n += p.cents; });
    c.emit({p.card, *sum.get()});
  }
};

/// A program as a user has it; `arguments` follow its name. Answers the exit code.
int call(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pay");
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  return weir::main(static_cast<int>(argv.size()), argv.data(),
                    {.name = "pay",
                     .description = "",
                     .options = {{"input", "", ""}, {"output", "", ""}, {"broken", "false", ""}},
                     .build =
                         [](pipeline& p, const args& a) {
                           p.from(files<payment>(a["input"]))
                               .named("payments")
                               .key_by(&payment::card)
                               .process(adding_up{.broken = a.flag("broken")})
                               .named("adding up")
                               .to(to_file(a["output"]))
                               .named("balances");
                         },
                     .live = {},
                     .before_run = {}});
}

void write(const std::string& path, const std::string& text, std::ios::openmode how = {}) {
  std::ofstream{path, how} << text;
}

/// The last balance of each card.
std::map<std::string, std::int64_t> balances(const std::string& path) {
  std::map<std::string, std::int64_t> last;
  std::ifstream in{path};
  for (std::string line; std::getline(in, line);) {
    const auto b = from_json<balance>(line).value();
    last[b.card] = b.cents;
  }
  return last;
}

std::size_t lines_of(const std::string& path) {
  std::ifstream in{path};
  std::size_t n = 0;
  for (std::string line; std::getline(in, line);) ++n;
  return n;
}

using cents = std::map<std::string, std::int64_t>;

constexpr const char* payments = R"({"card":"a","cents":100}
{"card":"b","cents":50}
{"card":"a","cents":-30}
{"card":"b","cents":"seven"}
{"card":"b","cents":-20}
)";

}  // namespace

TEST_CASE("a program keeps dead letters beside its checkpoints, and brings chosen ones back") {
  const temporary_directory dir;
  const std::vector<std::string> own{"--input",         dir / "in.jsonl", "--output",
                                     dir / "out.jsonl", "--checkpoints",  dir / "state"};
  const auto with = [&](std::vector<std::string> first, std::vector<std::string> last = {}) {
    first.insert(first.end(), own.begin(), own.end());
    first.insert(first.end(), last.begin(), last.end());
    return first;
  };
  write(dir / "in.jsonl", payments);
  REQUIRE(call(with({"run", "--broken"})) == 0);
  CHECK(balances(dir / "out.jsonl") == cents{{"a", 100}, {"b", 50}});
  std::vector<letters::kept_letter> kept;
  REQUIRE(letters::read_letters(dir / "state/dead-letters.jsonl",
                                [&](letters::kept_letter l) { kept.push_back(std::move(l)); }));
  REQUIRE(kept.size() == 3);
  CHECK(std::count_if(kept.begin(), kept.end(), [](const letters::kept_letter& l) {
          return l.letter.error == "less than nothing" && l.letter.stage == "adding up" &&
                 l.letter.type.find("payment") != std::string::npos && l.letter.tries == 1;
        }) == 2);
  const auto record = std::find_if(kept.begin(), kept.end(), [](const letters::kept_letter& l) {
    return l.letter.event.empty();
  });
  REQUIRE(record != kept.end());
  CHECK(record->letter.text == R"({"card":"b","cents":"seven"})");
  CHECK(record->letter.source == dir / "in.jsonl");
  CHECK(record->letter.offset == 74);

  // Listing takes nothing back, and while it is not mended they fail again.
  REQUIRE(call(with({"replay", "--list"})) == 0);
  REQUIRE(call(with({"replay", "--only-error", "less than", "--broken"})) == 0);
  CHECK(lines_of(dir / "state/dead-letters.jsonl") == 5);
  CHECK(balances(dir / "out.jsonl") == cents{{"a", 100}, {"b", 50}});
  // Those two are new letters; the old ones were replayed.
  REQUIRE(call(with({"replay", "--only-stage", "adding up"})) == 0);
  CHECK(balances(dir / "out.jsonl") == cents{{"a", 70}, {"b", 30}});
  CHECK(lines_of(dir / "state/dead-letters.jsonl") == 5);
  REQUIRE(call(with({"replay", "--only-stage", "adding up"})) == 0);
  CHECK(balances(dir / "out.jsonl") == cents{{"a", 70}, {"b", 30}});
  // The record still can't be decoded.
  REQUIRE(call(with({"replay"})) == 0);
  CHECK(lines_of(dir / "state/dead-letters.jsonl") == 6);
  // The run goes on as ever.
  write(dir / "in.jsonl",
        R"({"card":"a","cents":5})"
        "\n",
        std::ios::app);
  std::filesystem::create_directory(dir / "more");
  CHECK(balances(dir / "out.jsonl") == cents{{"a", 70}, {"b", 30}});
  REQUIRE(call(with({"run"})) == 0);
  CHECK(lines_of(dir / "state/dead-letters.jsonl") == 6);
}

TEST_CASE("without checkpoints a replay adds to what was written") {
  const temporary_directory dir;
  const std::string letters = dir / "letters.jsonl";
  const std::vector<std::string> own{"--input",         dir / "in.jsonl", "--output",
                                     dir / "out.jsonl", "--dead-letters", letters};
  const auto with = [&](std::vector<std::string> first) {
    first.insert(first.end(), own.begin(), own.end());
    return first;
  };
  write(dir / "in.jsonl", payments);
  CHECK(call(with({"replay"})) == 2);  // there are none
  REQUIRE(call(with({"run", "--broken"})) == 0);
  REQUIRE(call(with({"run", "--broken"})) == 0);
  CHECK(lines_of(letters) == 6);  // of two runs; the second counts
  REQUIRE(call(with({"replay", "--only-operator", "adding up"})) == 0);
  CHECK(lines_of(dir / "out.jsonl") == 4);
  CHECK(balances(dir / "out.jsonl") == cents{{"a", -30}, {"b", -20}});
  REQUIRE(call(with({"replay", "--only-operator", "adding up"})) == 0);
  CHECK(lines_of(dir / "out.jsonl") == 4);
}

TEST_CASE("what is asked of a replay and can't be is one line and exit code 2") {
  const temporary_directory dir;
  const std::vector<std::string> own{"--input", dir / "in.jsonl", "--output", dir / "out.jsonl"};
  const auto with = [&](std::vector<std::string> first) {
    first.insert(first.end(), own.begin(), own.end());
    return call(first);
  };
  write(dir / "in.jsonl", payments);
  CHECK(with({"replay", "--dead-letters", "none"}) == 2);
  CHECK(with({"replay", "--checkpoints", dir / "nowhere"}) == 2);
  CHECK(with({"replay", "--dead-letters", dir / "x", "--only-numbers", "x"}) == 2);
  CHECK(with({"replay", "--dead-letters", dir / "x", "--failed-since", "tomorrow"}) == 2);
  write(dir / "other.txt", "something else\n");
  CHECK(with({"replay", "--dead-letters", dir / "other.txt"}) == 2);
}
