// SPDX-License-Identifier: BSD-3-Clause
// Events whose look-up failed come back to it when who answers works again: through running actors.
#include "support/temporary_directory.hpp"
#include "weir/codec/binary.hpp"
#include "weir/dead_letters/letter_file.hpp"
#include "weir/weir.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>

using namespace weir;
using weir::test::temporary_directory;
using namespace std::chrono_literals;

namespace {

struct click {
  std::uint64_t number = 0;
  std::string campaign;

  friend bool operator==(const click&, const click&) = default;
};
BOOST_DESCRIBE_STRUCT(click, (), (number, campaign))

using row = enriched<click, std::string>;

/// Names for campaigns. While it is away it refuses all that begin with "far".
std::optional<std::string> name_of(const std::string& campaign, bool away) {
  if (away && campaign.starts_with("far")) throw std::runtime_error("the server is away");
  if (campaign == "none") return std::nullopt;
  return "name of " + campaign;
}

/// A program as a user has it; `arguments` follow its name. Answers the exit code.
int call(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "clicks");
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  const auto build = [](pipeline& p, const args& a) {
    const bool away = a.flag("away");
    auto read = p.from(files<click>(a["input"])).named("clicks");
    const auto names =
        look_up(&click::campaign, [away](const std::string& c) { return name_of(c, away); });
    const enrich_options<std::string> how{.retry = {.tries = 2, .backoff = 1ms, .most = 1ms}};
    const auto write = [&](auto rows) {
      std::move(rows).named("names").to(to_file(a["output"])).named("rows");
    };
    if (a.flag("keyed"))
      write(std::move(read).key_by(&click::number).enrich(names, how));
    else
      write(std::move(read).enrich(names, how));
  };
  return weir::main(static_cast<int>(argv.size()), argv.data(),
                    {.name = "clicks",
                     .description = "",
                     .options = {{"input", "", ""},
                                 {"output", "", ""},
                                 {"away", "false", ""},
                                 {"keyed", "false", ""}},
                     .build = build,
                     .live = {},
                     .before_run = {}});
}

/// Number and fact of each row of a file, by number.
std::vector<std::pair<std::uint64_t, std::string>> rows_in(const std::string& path) {
  std::vector<std::pair<std::uint64_t, std::string>> all;
  std::ifstream in{path};
  for (std::string line; std::getline(in, line);) {
    const row r = from_json<row>(line).value();
    all.emplace_back(r.event.number, r.fact.value_or("-"));
  }
  std::sort(all.begin(), all.end());
  return all;
}
using found_rows = std::vector<std::pair<std::uint64_t, std::string>>;

std::vector<letters::kept_letter> letters_in(const std::string& path) {
  std::vector<letters::kept_letter> all;
  letters::read_letters(path, [&](letters::kept_letter l) { all.push_back(std::move(l)); }).value();
  return all;
}

constexpr const char* clicks = R"({"number":1,"campaign":"near"}
{"number":2,"campaign":"far"}
{"number":3,"campaign":"none"}
{"number":4,"campaign":"far away"}
{"number":5,"campaign":"near"}
{"number":6,"campaign":"far"}
)";

}  // namespace

TEST_CASE("clicks whose look-up failed for good are kept, and get their names when it works") {
  const bool keyed = GENERATE(false, true);
  INFO((keyed ? "by key" : "without a key"));
  const temporary_directory dir;
  std::ofstream{dir / "in.jsonl"} << clicks;
  const auto call_with = [&](std::vector<std::string> arguments) {
    for (const std::string& a : {std::string{"--input"}, dir / "in.jsonl", std::string{"--output"},
                                 dir / "out.jsonl", std::string{"--checkpoints"}, dir / "state"})
      arguments.push_back(a);
    if (keyed) arguments.push_back("--keyed");
    return call(arguments);
  };
  const std::string file = dir / "state/dead-letters.jsonl";

  REQUIRE(call_with({"run", "--away"}) == 0);
  CHECK(rows_in(dir / "out.jsonl") ==
        found_rows{{1, "name of near"}, {3, "-"}, {5, "name of near"}});
  auto kept = letters_in(file);
  REQUIRE(kept.size() == 3);
  std::sort(kept.begin(), kept.end(),
            [](const auto& a, const auto& b) { return a.letter.text < b.letter.text; });
  std::uint64_t number = 0;
  for (const letters::kept_letter& l : kept) {
    CHECK(l.letter.stage == "names");
    CHECK(l.letter.operator_name == "names");
    CHECK(l.letter.at_operator);
    CHECK(l.letter.error.find("the server is away") != std::string::npos);
    CHECK(l.letter.type.find("click") != std::string::npos);
    click event;
    byte_reader in{l.letter.event};
    REQUIRE(decode(in, event));
    CHECK(event == from_json<click>(l.letter.text).value());
    CHECK(event.number == (number += 2));
  }

  // While it is away they fail again, as new letters; the old ones count as replayed. The last
  // checkpoint of a replay may come while a look-up is under way: then the run asks again.
  REQUIRE(call_with({"replay", "--away"}) == 0);
  REQUIRE(call_with({"run", "--away"}) == 0);
  CHECK(rows_in(dir / "out.jsonl").size() == 3);
  CHECK(letters_in(file).size() == 6);

  REQUIRE(call_with({"replay", "--only-stage", "names", "--only-error", "server is away"}) == 0);
  REQUIRE(call_with({"run"}) == 0);
  const found_rows all{{1, "name of near"},     {2, "name of far"},  {3, "-"},
                       {4, "name of far away"}, {5, "name of near"}, {6, "name of far"}};
  CHECK(rows_in(dir / "out.jsonl") == all);
  CHECK(letters_in(file).size() == 6);
  // They don't come a second time.
  REQUIRE(call_with({"replay"}) == 0);
  REQUIRE(call_with({"run"}) == 0);
  CHECK(rows_in(dir / "out.jsonl") == all);
  CHECK(letters_in(file).size() == 6);
}

TEST_CASE("an event whose look-up was not answered in time comes back to the look-up alone") {
  // Answers that come when the run is over.
  const auto late = std::make_shared<std::vector<std::function<void(std::string)>>>();
  const auto passed = std::make_shared<std::atomic<int>>(0);
  const auto make = [&](bool silent, const memory_sink<row>& to) {
    pipeline p{"clicks"};
    p.from(memory_source{std::vector<click>{{1, "a"}, {2, "b"}, {3, "a"}}})
        .named("clicks")
        .map([passed](const click& c) {
          ++*passed;
          return c;
        })
        .named("before")
        .enrich(look_up(&click::campaign,
                        [silent, late](const std::string& c) -> task<std::string> {
                          if (!silent || c != "a") co_return "name of " + c;
                          co_return co_await async<std::string>(
                              [&](auto done) { late->push_back(done); });
                        }),
                {.timeout = silent ? duration{500ms} : duration{1min}})
        .named("names")
        .to(to)
        .named("rows");
    return p;
  };
  runtime_options options;
  options.log = [](const std::string&) {};
  const memory_sink<row> first;
  auto running = runtime::start(make(true, first), options).value();
  REQUIRE_FALSE(running.wait().failure);
  REQUIRE(late->size() == 1);
  late->front()("too late");
  CHECK(first.values() == std::vector<row>{{{2, "b"}, "name of b", fact_source::found}});
  options.replay = running.dead_letters();
  REQUIRE(options.replay.size() == 2);
  for (const dead_letter& l : options.replay) CHECK(l.stage == "names");
  CHECK(*passed == 3);

  const memory_sink<row> second;
  const run_summary done = runtime::start(make(false, second), options).value().wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.replayed == 2);
  CHECK(done.events_read == 0);
  CHECK(done.dead_letters == 0);
  CHECK(*passed == 3);
  CHECK(second.values() == std::vector<row>{{{1, "a"}, "name of a", fact_source::found},
                                            {{3, "a"}, "name of a", fact_source::found}});
}
