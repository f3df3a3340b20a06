// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/reading.hpp"
#include "connectors/temporary.hpp"
#include "weir/connectors/paced.hpp"
#include "weir/stream.hpp"
#include "weir/test/simulator.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <algorithm>
#include <sstream>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

using lines = std::vector<std::string>;

lines sorted_lines(const std::string& text) {
  lines all;
  std::istringstream in{text};
  for (std::string line; std::getline(in, line);) all.push_back(line);
  std::sort(all.begin(), all.end());
  return all;
}

reading doubled(const reading& r) { return {r.name, 2 * r.number, r.value}; }

/// Three files in, one out.
struct job {
  explicit job(std::uint32_t sinks = 1) {
    std::filesystem::create_directory(in());
    write_file(in() + "/a.jsonl", as_jsonl(sample(300)));
    write_file(in() + "/b.csv.zst", zstd_frame(as_csv(sample(200))));
    write_file(in() + "/c.jsonl.gz", gzip_member(as_jsonl(sample(100)) + "nonsense\n"));
    p.dead_letters_to(to_files(out()));
    p.options().batches.events = 16;
    auto events = p.from(files<reading>(in()));
    std::move(events).map(doubled).to(to_files(out())).named("doubled").parallelism(sinks);
  }

  [[nodiscard]] std::string in() const { return dir / "in"; }
  [[nodiscard]] std::string out() const { return dir / "out"; }
  [[nodiscard]] static lines expected() {
    std::string all;
    for (std::size_t n : {300, 200, 100})
      for (const reading& r : sample(n)) all += as_jsonl({doubled(r)});
    return sorted_lines(all);
  }

  temporary_directory dir;
  pipeline p{"job"};
};

}  // namespace

TEST_CASE("more files than are read at a time, each ahead of the next, are read without any late") {
  const temporary_directory dir;
  std::int64_t total = 0;
  for (int file = 0; file < 20; ++file) {
    std::vector<reading> rows;
    for (int i = 0; i < 30; ++i, ++total)
      rows.push_back({"f" + std::to_string(file), 1'000 * (20 - file) + i, {}});
    write_file(dir / (std::to_string(100 + file) + ".jsonl"), as_jsonl(rows));
  }
  for (const std::optional<duration> idle : {std::optional<duration>{}, {200ms}}) {
    INFO(idle.has_value());
    pipeline p{"p"};
    const memory_sink<reading> out;
    p.from(files<reading>(dir.path(), {.files_at_once = 3}))
        .event_time([](const reading& r) { return timestamp{std::chrono::seconds{r.number}}; },
                    bounded_out_of_orderness{1s}, {.idle_after = idle, .max_drift = 10s})
        .to(out);
    simulator s{p.build().value(), {.seed = 7}};
    REQUIRE(s.run() == simulator::outcome::finished);
    CHECK(out.size() == static_cast<std::size_t>(total));
  }
}

TEST_CASE("a pipeline from files to a file writes every row once and the dead letters beside it") {
  job j;
  simulator s{j.p.build().value(), {.seed = GENERATE(range(1U, 6U))}};
  REQUIRE(s.run() == simulator::outcome::finished);
  CHECK(sorted_lines(read_file(j.out() + "/doubled.jsonl")) == job::expected());

  const std::string letters = read_file(j.out() + "/dead-letters.jsonl");
  REQUIRE(sorted_lines(letters).size() == 1);
  const auto letter = from_json<dead_letter>(letters).value();
  CHECK(letter.source == j.in() + "/c.jsonl.gz");
  CHECK(letter.offset == as_jsonl(sample(100)).size());
  CHECK(letter.text == "nonsense");
  CHECK_FALSE(letter.error.empty());
}

TEST_CASE("with checkpoints the same files come with the same rows") {
  job j{2};
  simulator s{j.p.build().value(), {.seed = GENERATE(range(1U, 6U)), .checkpoint_every = 50}};
  REQUIRE(s.run() == simulator::outcome::finished);
  CHECK(s.newest_checkpoint()->barrier.id > 1);
  CHECK(sorted_lines(read_file(j.out() + "/doubled-0.jsonl") +
                     read_file(j.out() + "/doubled-1.jsonl")) == job::expected());
  for (const auto& entry : std::filesystem::directory_iterator{j.out()})
    CHECK(entry.path().extension() == ".jsonl");
}

TEST_CASE("a pipeline over files is exactly once over crashes from its first checkpoint on") {
  const std::uint64_t seed = GENERATE(range(1U, 40U));
  CAPTURE(seed);
  job j;
  simulator s{j.p.build().value(), {.seed = seed, .checkpoint_every = 40}};
  while (!s.newest_checkpoint()) REQUIRE(s.move() == simulator::outcome::running);
  for (int crashes = 0; crashes < 4; ++crashes) {
    for (int moves = 0; moves < 70; ++moves) s.move();
    if (s.move() == simulator::outcome::running) s.crash();
  }
  REQUIRE(s.run() == simulator::outcome::finished);
  CHECK(s.failure().empty());
  CHECK(sorted_lines(read_file(j.out() + "/doubled.jsonl")) == job::expected());
  CHECK(sorted_lines(read_file(j.out() + "/dead-letters.jsonl")).size() == 1);
}

TEST_CASE("a missing file is an error of the pipeline's start") {
  pipeline p{"job"};
  p.from(files<reading>("no/such.jsonl")).to(to_stdout());
  const auto found = p.build().value().find_splits({});
  REQUIRE_FALSE(found);
  CHECK_THAT(found.error().message, ContainsSubstring("no/such.jsonl"));
}

TEST_CASE("a damaged file fails the stage with its name") {
  const temporary_directory dir;
  write_file(dir / "a.csv.zst", zstd_frame(as_csv(sample(100))).substr(0, 200));
  pipeline p{"job"};
  p.from(files<reading>(dir / "a.csv.zst")).to(to_files(dir / "out"));
  simulator s{p.build().value(), {}};
  CHECK(s.run() == simulator::outcome::failed);
  CHECK_THAT(s.failure(), ContainsSubstring("a.csv.zst' is cut off at byte 200"));
}

TEST_CASE("a paced source runs in a pipeline on the pipeline's clock") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl", as_jsonl(sample(50)));
  const memory_sink<reading> out;
  pipeline p{"job"};
  const auto second_of = [](const reading& r) { return timestamp{std::chrono::seconds{r.number}}; };
  p.from(paced(files<reading>(dir / "a.jsonl"), second_of, 10)).to(out);
  simulator s{p.build().value(), {}};
  REQUIRE(s.run() == simulator::outcome::finished);
  CHECK(out.size() == 50);
  CHECK(s.time().wall() - timestamp{} >= std::chrono::milliseconds{4900});
  CHECK(s.time().wall() - timestamp{} < std::chrono::milliseconds{5200});
}

TEST_CASE("a crash before the first checkpoint begins the files again") {
  const std::uint64_t seed = GENERATE(range(1U, 20U));
  job j;
  simulator s{j.p.build().value(), {.seed = seed, .checkpoint_every = 1'000'000}};
  for (int moves = 0; moves < 60; ++moves) s.move();
  REQUIRE_FALSE(s.newest_checkpoint());
  s.crash();
  REQUIRE(s.run() == simulator::outcome::finished);
  CHECK(sorted_lines(read_file(j.out() + "/doubled.jsonl")) == job::expected());
}

TEST_CASE("a checkpoint after a rotation keeps the new file's offset") {
  const temporary_directory dir;
  const std::string path = dir / "a.jsonl";
  write_file(path, as_jsonl(sample(50)));
  const memory_sink<reading> out;
  pipeline p{"job"};
  p.from(files<reading>(path, {.follow = true})).to(out);
  const graph g = p.build().value();
  simulator s{g, {.checkpoint_every = 1}};
  const auto until = [&](std::size_t events) {
    for (int moves = 0; moves < 10'000 && out.size() < events; ++moves) s.move();
    for (int moves = 0; moves < 500; ++moves) s.move();
    REQUIRE(out.size() == events);
    return g.find_splits(s.newest_checkpoint()->parts)->by_stage[0][0].offset;
  };
  CHECK(until(50) == as_jsonl(sample(50)).size());
  std::filesystem::rename(path, path + ".1");
  write_file(path, as_jsonl(sample(3)));
  CHECK(until(53) == as_jsonl(sample(3)).size());
  s.crash();
  append_file(path, as_jsonl(sample(2)));
  CHECK(until(55) == as_jsonl(sample(3)).size() + as_jsonl(sample(2)).size());
}
