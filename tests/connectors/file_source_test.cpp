// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/reading.hpp"
#include "connectors/temporary.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/generators/catch_generators_range.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/stat.h>
#include <unistd.h>

using namespace weir;
using namespace weir::test;
using Catch::Matchers::ContainsSubstring;

namespace {

static_assert(source<file_source<reading>>);

struct way_to_store {
  std::string name;
  std::string (*pack)(std::string_view);
};

std::string plain(std::string_view text) { return std::string{text}; }

std::string in_two(std::string_view text, std::string (*pack)(std::string_view)) {
  return pack(text.substr(0, text.size() / 3)) + pack(text.substr(text.size() / 3));
}
std::string two_frames(std::string_view text) { return in_two(text, zstd_frame); }
std::string two_members(std::string_view text) { return in_two(text, gzip_member); }

const std::vector<way_to_store> ways = {{"a.jsonl", plain},
                                        {"a.ndjson", plain},
                                        {"a.json", plain},
                                        {"a.jsonl.zst", zstd_frame},
                                        {"a.jsonl.gz", gzip_member},
                                        {"b.jsonl.zst", two_frames},
                                        {"b.jsonl.gz", two_members},
                                        {"a.csv", plain},
                                        {"a.tsv", plain},
                                        {"a.csv.zst", zstd_frame},
                                        {"a.csv.gz", gzip_member},
                                        {"b.csv.zst", two_frames},
                                        {"b.csv.gz", two_members},
                                        {"a.tsv.zst", zstd_frame},
                                        {"a.TSV.GZ", gzip_member}};

std::string content_for(const std::string& name, const std::vector<reading>& events) {
  if (name.find("json") != name.npos) return as_jsonl(events);
  const bool tabs = name.find(".tsv") != name.npos || name.find(".TSV") != name.npos;
  return as_csv(events, tabs ? csv_format{.separator = '\t'} : csv_format{});
}

std::vector<std::string> discovered(const std::string& pattern, file_options options = {}) {
  const auto found = files<reading>(pattern, options).make_enumerator()->discover();
  if (!found) return {"error: " + found.error().message};
  std::vector<std::string> ids;
  for (const split& s : *found) ids.push_back(s.id);
  return ids;
}

}  // namespace

TEST_CASE("every format is read from every kind of file") {
  const way_to_store way = GENERATE(from_range(ways));
  CAPTURE(way.name);
  const temporary_directory dir;
  const auto events = sample(9000);
  const std::string content = content_for(way.name, events);
  write_file(dir / way.name, way.pack(content));
  const everything all = read_all(dir / way.name);
  CHECK(all.failure.empty());
  CHECK(all.events == events);
  CHECK(all.rejected.empty());
  CHECK(all.ended == 1);
  CHECK(all.end_offset == content.size());
}

TEST_CASE("going on from the offset after any event gives exactly the rest") {
  const way_to_store way = GENERATE(from_range(ways));
  CAPTURE(way.name);
  const temporary_directory dir;
  const auto events = sample(40);
  write_file(dir / way.name, way.pack(content_for(way.name, events)));
  const everything all = read_all(dir / way.name);
  REQUIRE(all.events == events);
  for (std::size_t i = 0; i < events.size(); ++i) {
    const everything rest = read_all(dir / way.name, all.after[i], {}, 7);
    REQUIRE(rest.failure.empty());
    REQUIRE(rest.events ==
            std::vector(events.begin() + static_cast<std::ptrdiff_t>(i) + 1, events.end()));
    REQUIRE(rest.ended == 1);
    if (!rest.events.empty()) REQUIRE(rest.before.front() == all.after[i]);
  }
}

TEST_CASE("going on far inside a large compressed file gives exactly the rest") {
  const temporary_directory dir;
  const auto events = sample(200'000);
  write_file(dir / "a.csv.zst", zstd_frame(as_csv(events)));
  const everything all = read_all(dir / "a.csv.zst");
  REQUIRE(all.events.size() == events.size());
  const everything rest = read_all(dir / "a.csv.zst", all.after[150'000]);
  CHECK(rest.events == std::vector(events.begin() + 150'001, events.end()));
}

TEST_CASE("offsets and rejected records are right however a batch is cut") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl",
             "{\"name\":\"a\",\"number\":1}\n\nnonsense\n{\"name\":\"b\",\"number\":2}\n"
             "{\"name\":\"c\"}\n\n");
  const std::size_t max = GENERATE(1, 2, 3, 100);
  const everything all = read_all(dir / "a.jsonl", 0, {}, max);
  CHECK(all.events == std::vector<reading>{{"a", 1, {}}, {"b", 2, {}}});
  CHECK(all.before == std::vector<std::uint64_t>{0, 34});
  CHECK((all.after.front() == 24 || all.after.front() == 34));
  REQUIRE(all.rejected.size() == 2);
  CHECK(all.rejected[0].offset == 25);
  CHECK(all.rejected[0].text == "nonsense");
  CHECK_FALSE(all.rejected[0].reason.empty());
  CHECK(all.rejected[1].offset == 58);
  CHECK(all.rejected[1].text == "{\"name\":\"c\"}");
  CHECK_THAT(all.rejected[1].reason, ContainsSubstring("number"));
  CHECK(all.end_offset == 72);
}

TEST_CASE("a rejected record keeps at most 64 KiB of its text") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl", std::string(100'000, 'x') + "\n");
  const everything all = read_all(dir / "a.jsonl");
  REQUIRE(all.rejected.size() == 1);
  CHECK(all.rejected[0].text == std::string(65536, 'x'));
}

TEST_CASE("CSV records that don't fit the header are rejected, the others are read") {
  const temporary_directory dir;
  write_file(dir / "a.csv", "number,name\n1,a\nx,b\n2\n3,c,d\n4,e\n");
  const everything all = read_all(dir / "a.csv");
  CHECK(all.events == std::vector<reading>{{"a", 1, {}}, {"e", 4, {}}});
  REQUIRE(all.rejected.size() == 3);
  CHECK_THAT(all.rejected[0].reason, ContainsSubstring("column number"));
  CHECK(all.rejected[0].offset == 16);
  CHECK(all.rejected[1].text == "2");
  CHECK(all.rejected[2].text == "3,c,d");
}

TEST_CASE("separator and null text may be set") {
  const temporary_directory dir;
  write_file(dir / "a.txt", "name;number;value\na;1;NA\nb;2;0.5\n");
  const file_options options{.format = file_format::csv,
                             .csv = csv_format{.separator = ';', .null_text = "NA"}};
  CHECK(read_all(dir / "a.txt", 0, options).events ==
        std::vector<reading>{{"a", 1, {}}, {"b", 2, 0.5}});
}

TEST_CASE("a CSV file whose header lacks a column is an error that names file and column") {
  const temporary_directory dir;
  write_file(dir / "a.csv", "name,value\na,1\n");
  const everything all = read_all(dir / "a.csv");
  CHECK_THAT(all.failure, ContainsSubstring(dir / "a.csv") && ContainsSubstring("number"));
}

TEST_CASE("empty files and files with nothing but a header just end") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl", "");
  write_file(dir / "a.csv", "");
  write_file(dir / "b.csv", "name,number\n");
  write_file(dir / "c.csv.zst", zstd_frame(""));
  for (const char* name : {"a.jsonl", "a.csv", "b.csv", "c.csv.zst"}) {
    const everything all = read_all(dir / name);
    CHECK(all.failure.empty());
    CHECK(all.events.empty());
    CHECK(all.ended == 1);
  }
}

TEST_CASE("files are read in turn, and the first turn takes one event of each") {
  const temporary_directory dir;
  const auto reader = files<reading>("").make_reader();
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string path = dir / (std::to_string(i) + ".jsonl");
    write_file(path, as_jsonl(sample(5)));
    reader->assign(i, {path}, 0);
  }
  const everything all = drain(*reader, manual_clock{}, 3);
  CHECK(all.lanes == std::vector<std::size_t>{0, 1, 2, 0, 0, 0, 1, 1, 1, 2, 2, 2, 0, 1, 2});
  CHECK(all.ended == 3);
}

TEST_CASE("no more files are open at a time than asked for") {
  const temporary_directory dir;
  const auto reader = files<reading>("", {.files_at_once = 1}).make_reader();
  for (std::size_t i = 0; i < 3; ++i) {
    const std::string path = dir / (std::to_string(i) + ".jsonl");
    write_file(path, as_jsonl(sample(2)));
    reader->assign(i, {path}, 0);
  }
  CHECK(drain(*reader, manual_clock{}).lanes == std::vector<std::size_t>{0, 0, 1, 1, 2, 2});
}

TEST_CASE("a paused file is left alone until it is resumed") {
  const temporary_directory dir;
  const auto reader = files<reading>("").make_reader();
  for (std::size_t i = 0; i < 2; ++i) {
    const std::string path = dir / (std::to_string(i) + ".jsonl");
    write_file(path, as_jsonl(sample(2)));
    reader->assign(i, {path}, 0);
  }
  reader->pause(0);
  CHECK(drain(*reader, manual_clock{}).lanes == std::vector<std::size_t>{1, 1});
  reader->resume(0);
  CHECK(drain(*reader, manual_clock{}).lanes == std::vector<std::size_t>{0, 0});
}

TEST_CASE("a path is a file, a directory or a pattern") {
  const temporary_directory dir;
  for (const char* name : {"b.jsonl", "a.jsonl", ".hidden.jsonl", "c.csv"})
    write_file(dir / name, "");
  ::mkdir((dir / "sub.jsonl").c_str(), 0777);
  CHECK(discovered(dir / "b.jsonl") == std::vector{dir / "b.jsonl"});
  CHECK(discovered(dir.path()) == std::vector{dir / "a.jsonl", dir / "b.jsonl", dir / "c.csv"});
  CHECK(discovered(dir / "*.jsonl") == std::vector{dir / "a.jsonl", dir / "b.jsonl"});
  CHECK(discovered(dir / "[ac].*") == std::vector{dir / "a.jsonl", dir / "c.csv"});
  write_file(dir / "d[1].csv", "");
  CHECK(discovered(dir / "d[1].csv") == std::vector{dir / "d[1].csv"});
}

TEST_CASE("what can't be found or told is an error that names the path") {
  const temporary_directory dir;
  const auto error_of = [&](const std::string& pattern, file_options options = {}) {
    return files<reading>(pattern, options).make_enumerator()->discover().error();
  };
  CHECK(error_of(dir / "no.jsonl").code == errc::not_found);
  CHECK_THAT(error_of(dir / "no.jsonl").message, ContainsSubstring(dir / "no.jsonl"));
  CHECK(error_of(dir / "*.jsonl").code == errc::not_found);
  CHECK_THAT(error_of(dir / "*.jsonl").message, ContainsSubstring("*.jsonl"));
  CHECK(error_of(dir.path()).code == errc::not_found);
  CHECK(error_of("/dev/null", {.format = file_format::csv}).code == errc::io_failed);
  write_file(dir / "a.dat", "");
  CHECK(error_of(dir.path()).code == errc::invalid_argument);
  CHECK_THAT(error_of(dir.path()).message, ContainsSubstring("file_options::format"));
  CHECK(discovered(dir.path(), {.format = file_format::jsonl}).size() == 1);
  write_file(dir / "a.csv.gz", "");
  CHECK(error_of(dir / "a.csv.gz", {.follow = true}).code == errc::invalid_argument);
  if (::geteuid() != 0) {
    write_file(dir / "a.csv", "");
    ::chmod((dir / "a.csv").c_str(), 0);
    CHECK(error_of(dir / "a.csv").code == errc::io_failed);
  }
}

TEST_CASE("a file that no longer has a line end at its offset is an error") {
  const temporary_directory dir;
  const std::string name = GENERATE("a.jsonl", "a.csv");
  write_file(dir / name, content_for(name, sample(3)));
  CHECK_THAT(read_all(dir / name, 5000).failure, ContainsSubstring("is shorter"));
  const everything all = read_all(dir / name);
  CHECK_THAT(read_all(dir / name, all.after[1] - 2).failure, ContainsSubstring("has changed"));
  write_file(dir / name, "");
  CHECK_THAT(read_all(dir / name, all.after[1]).failure, ContainsSubstring("is shorter"));
}
