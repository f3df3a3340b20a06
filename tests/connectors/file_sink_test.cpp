// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/row_sink.hpp"
#include "weir/flow/dead_letter.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>

using namespace weir;
using namespace weir::test;
using Catch::Matchers::ContainsSubstring;

static_assert(sink_of<file_sink, reading>);
static_assert(sink_of<file_sink, dead_letter>);

TEST_CASE("rows are visible after the commit and not before") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  write(to, 1, 2);
  CHECK(to->flush());
  const bytes committable = to->pre_commit(1).value();
  CHECK_FALSE(std::filesystem::exists(dir / "rows.jsonl"));
  for (const std::string& name : dir.names()) CHECK(name.starts_with(".rows.jsonl."));
  CHECK(to->commit(committable));
  CHECK(dir.names() == names{"rows.jsonl"});
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 2));
}

TEST_CASE("the file grows with each commit, and rows behind it stay hidden") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  write(to, 1);
  REQUIRE(to->commit(to->pre_commit(1).value()));
  write(to, 2, 100'000);  // more than the buffer holds
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 1));
  const bytes second = to->pre_commit(2).value();
  write(to, 100'002);
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 1));
  REQUIRE(to->commit(second));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 100'001));
  REQUIRE(to->commit(to->pre_commit(3).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 100'002));
  CHECK(dir.names() == names{"rows.jsonl"});
}

TEST_CASE("a checkpoint without rows changes nothing") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  write(to, 1);
  REQUIRE(to->commit(to->pre_commit(1).value()));
  REQUIRE(to->commit(to->pre_commit(2).value()));
  write(to, 2);
  REQUIRE(to->commit(to->pre_commit(3).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 2));
}

TEST_CASE("a run without rows leaves an empty file, or one with a header") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  REQUIRE(to->commit(to->pre_commit(1).value()));
  CHECK(read_file(dir / "rows.jsonl").empty());
  write(to, 1);
  REQUIRE(to->commit(to->pre_commit(2).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 1));

  const writer csv = open_sink(dir, {.id = "rows"}, {.format = file_format::csv});
  REQUIRE(csv->commit(csv->pre_commit(1).value()));
  CHECK(read_file(dir / "rows.csv") == "name,number,value\n");
}

TEST_CASE("a CSV file has one header however often it is committed") {
  const temporary_directory dir;
  const writer to = open_sink(dir, {.id = "rows"}, {.format = file_format::csv});
  for (std::uint64_t checkpoint = 1; checkpoint <= 3; ++checkpoint) {
    write(to, static_cast<std::int64_t>(checkpoint));
    REQUIRE(to->commit(to->pre_commit(checkpoint).value()));
  }
  CHECK(read_file(dir / "rows.csv") == "name,number,value\nx,1,\nx,2,\nx,3,\n");
}

TEST_CASE("committing again changes nothing, by the same writer or another") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  write(to, 1);
  const bytes first = to->pre_commit(1).value();
  write(to, 2);
  const bytes second = to->pre_commit(2).value();
  const bool at_once = GENERATE(true, false);
  if (at_once) REQUIRE(to->commit(first));
  const writer another = open_sink(dir, {.id = "rows", .attempt = 1});
  for (int times = 0; times < 2; ++times) {
    REQUIRE(another->commit(first));
    REQUIRE(another->commit(second));
    CHECK(read_file(dir / "rows.jsonl") == lines(1, 2));
  }
  REQUIRE(to->commit(first));
  REQUIRE(to->commit(second));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 2));
}

TEST_CASE("what an interrupted commit has left is written again") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  write(to, 1);
  REQUIRE(to->commit(to->pre_commit(1).value()));
  write(to, 2, 3);
  const bytes second = to->pre_commit(2).value();
  append_file(dir / "rows.jsonl", lines(2, 3) + "{\"na");
  REQUIRE(to->commit(second));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 4));
}

TEST_CASE("the first commit of a run replaces the file of an earlier run") {
  const temporary_directory dir;
  write_file(dir / "rows.jsonl", lines(50, 99));
  const writer to = open_sink(dir);
  write(to, 1);
  const bytes first = to->pre_commit(1).value();
  CHECK(read_file(dir / "rows.jsonl") == lines(50, 99));
  REQUIRE(to->commit(first));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 1));
}

TEST_CASE("a new run removes what a crash of an earlier one has left, and nothing else") {
  const temporary_directory dir;
  for (const char* stale : {".rows.jsonl.0.open.part", ".rows.jsonl.77.open.part",
                            ".rows.jsonl.3.0.part", ".rows.jsonl.4.77.part"})
    write_file(dir / stale, lines(50, 60));
  const names others = {".other.jsonl.0.open.part", ".rows-1.jsonl.0.open.part",
                        ".rows.jsonl.bak.part", "rows.jsonl.part"};
  for (const std::string& other : others) write_file(dir / other, "");
  const writer to = open_sink(dir);
  write(to, 1);
  REQUIRE(to->commit(to->pre_commit(3).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 1));
  names expected = others;
  expected.insert(expected.end() - 1, "rows.jsonl");
  CHECK(dir.names() == expected);
}

TEST_CASE("names come from the options, the sink's id and the instance") {
  const temporary_directory dir;
  const auto file_of = [&](const file_sink& sink, const sink_instance& at) {
    const writer to = sink.make_writer<reading>(at);
    to->commit(to->pre_commit(1).value()).value();
    names found = dir.names();
    for (const std::string& name : found) std::filesystem::remove_all(dir / name);
    return found;
  };
  CHECK(file_of(to_files(dir.path()), {.id = "a b/c"}) == names{"a_b_c.jsonl"});
  CHECK(file_of(to_files(dir.path(), {.name = "out"}), {.id = "x"}) == names{"out.jsonl"});
  CHECK(file_of(to_files(dir.path(), {.format = file_format::csv}),
                {.id = "x", .instance = 1, .parallelism = 3}) == names{"x-1.csv"});
  CHECK(file_of(to_file(dir / "r.ndjson"), {.id = "x"}) == names{"r.ndjson"});
  CHECK(file_of(to_file(dir / "r.tsv"), {.id = "x", .instance = 0, .parallelism = 2}) ==
        names{"r-0.tsv"});
  CHECK(file_of(to_file(dir / "deep/er/r.csv"), {.id = "x"}) == names{"deep"});
  CHECK_THROWS_AS(to_file("r.dat"), exception);
  CHECK_THROWS_AS(to_file("r.csv.zst"), exception);
  CHECK(file_of(to_file(dir / "r.dat", file_format::csv), {.id = "x"}) == names{"r.dat"});
}

TEST_CASE("a directory that can't be made is an error that names it") {
  const temporary_directory dir;
  write_file(dir / "file", "");
  try {
    (void)to_files(dir / "file/sub").make_writer<reading>({.id = "x"});
    FAIL("no exception");
  } catch (const exception& e) {
    CHECK_THAT(e.what(), ContainsSubstring(dir / "file/sub"));
  }
}

TEST_CASE("a full disk is an error, and no row is written in part or lost") {
  const temporary_directory dir;
  // A limit on the size of files stands for the full disk.
  struct rlimit before {};
  ::getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const writer to = open_sink(dir);
  write(to, 1, 1000);
  struct rlimit small = before;
  small.rlim_cur = 12'345;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto failed = to->pre_commit(1);
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  REQUIRE_FALSE(failed);
  CHECK(failed.error().code == errc::io_failed);
  CHECK_THAT(failed.error().message, ContainsSubstring(dir / "rows.jsonl"));
  REQUIRE(to->commit(to->pre_commit(2).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 1000));
}

TEST_CASE("an event that can't be written as CSV is refused when the sink is made") {
  const temporary_directory dir;
  using nested = std::vector<std::vector<int>>;
  const file_sink csv = to_files(dir.path(), {.format = file_format::csv});
  CHECK_THROWS_AS(csv.make_writer<nested>({.id = "x"}), exception);
}
