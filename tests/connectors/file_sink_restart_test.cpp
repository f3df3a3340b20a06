// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/row_sink.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <filesystem>

using namespace weir;
using namespace weir::test;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("an attempt without a checkpoint goes on behind what earlier ones wrote") {
  const temporary_directory dir;
  const auto options = GENERATE(file_sink_options{}, file_sink_options{file_format::csv, {}, {}});
  const bool csv = options.format == file_format::csv;
  write(open_sink(dir, {.id = "rows"}, options), 1, 2);
  write(open_sink(dir, {.id = "rows", .attempt = 1}, options), 3);
  open_sink(dir, {.id = "rows", .attempt = 2}, options);  // wrote nothing
  const writer last = open_sink(dir, {.id = "rows", .attempt = 3}, options);
  write(last, 4);
  REQUIRE(last->commit(last->pre_commit(1).value()));
  CHECK(read_file(dir / (csv ? "rows.csv" : "rows.jsonl")) ==
        (csv ? "name,number,value\nx,1,\nx,2,\nx,3,\nx,4,\n" : lines(1, 4)));
}

TEST_CASE("an attempt without a checkpoint keeps what was pre-committed or committed") {
  const temporary_directory dir;
  const int committed = GENERATE(0, 1, 2);
  {
    const writer first = open_sink(dir);
    write(first, 1);
    const bytes one = first->pre_commit(1).value();
    if (committed > 0) REQUIRE(first->commit(one));
    write(first, 2);
    const bytes two = first->pre_commit(2).value();
    if (committed > 1) REQUIRE(first->commit(two));
  }
  const writer second = open_sink(dir, {.id = "rows", .attempt = 1});
  write(second, 3);
  REQUIRE(second->commit(second->pre_commit(3).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 3));
  open_sink(dir, {.id = "rows", .attempt = 2})->pre_commit(4).value();
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 3));
}

TEST_CASE("an attempt that begins again from the start drops what earlier ones wrote") {
  const temporary_directory dir;
  write(open_sink(dir), 1, 2);
  const writer second = open_sink(dir, {.id = "rows", .attempt = 1, .start = sink_start::fresh});
  write(second, 1, 3);
  REQUIRE(second->commit(second->pre_commit(1).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 3));
}

TEST_CASE("a restored writer commits the checkpoint and drops what was behind it") {
  const temporary_directory dir;
  const std::uint32_t attempt = GENERATE(0U, 1U);
  const bool was_committed = GENERATE(true, false);
  bytes first;
  {
    const writer before = open_sink(dir);
    write(before, 1, 2);
    first = before->pre_commit(1).value();
    if (was_committed) REQUIRE(before->commit(first));
    write(before, 3, 2);
    before->pre_commit(2).value();  // of a checkpoint that was never complete
    write(before, 5, 2);
  }
  const writer after = open_sink(dir, {.id = "rows", .attempt = attempt});
  REQUIRE(after->commit(first));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 2));
  write(after, 3, 4);
  REQUIRE(after->commit(after->pre_commit(2).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 6));
  CHECK(dir.names() == names{"rows.jsonl"});
}

TEST_CASE("restored from an older checkpoint, the file goes back to that") {
  const temporary_directory dir;
  std::vector<bytes> all;
  {
    const writer before = open_sink(dir);
    for (std::int64_t i = 1; i <= 4; ++i) {
      write(before, i);
      all.push_back(before->pre_commit(static_cast<std::uint64_t>(i)).value());
      REQUIRE(before->commit(all.back()));
    }
  }
  const writer after = open_sink(dir);
  REQUIRE(after->commit(all[0]));
  REQUIRE(after->commit(all[1]));
  write(after, 30);
  REQUIRE(after->commit(after->pre_commit(3).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 2) + lines(30, 30));
}

TEST_CASE("a restored writer that was dealt no committable goes on behind its file") {
  const temporary_directory dir;
  write_file(dir / "rows.jsonl", lines(1, 2));
  const writer to = open_sink(dir, {.id = "rows", .start = sink_start::restored});
  write(to, 3);
  REQUIRE(to->commit(to->pre_commit(9).value()));
  CHECK(read_file(dir / "rows.jsonl") == lines(1, 3));
}

TEST_CASE("a committable of another instance is committed to that one's file") {
  const temporary_directory dir;
  bytes other;
  {
    const writer second = open_sink(dir, {.id = "rows", .instance = 1, .parallelism = 2});
    write(second, 1);
    other = second->pre_commit(1).value();
  }
  const writer only = open_sink(dir);
  REQUIRE(only->commit(other));
  write(only, 2);
  REQUIRE(only->commit(only->pre_commit(2).value()));
  CHECK(read_file(dir / "rows-1.jsonl") == lines(1, 1));
  CHECK(read_file(dir / "rows.jsonl") == lines(2, 2));
}

TEST_CASE("committed rows that are gone are an error") {
  const temporary_directory dir;
  const writer to = open_sink(dir);
  write(to, 1);
  const bytes first = to->pre_commit(1).value();
  REQUIRE(to->commit(first));
  std::filesystem::remove(dir / "rows.jsonl");
  CHECK_THAT(to->commit(first).error().message, ContainsSubstring("lacks committed rows"));
  write(to, 2);
  CHECK_THAT(to->commit(to->pre_commit(2).value()).error().message,
             ContainsSubstring("lacks committed rows"));
  CHECK(to->commit(bytes(3)).error().code == errc::incompatible);
}
