// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/table/table.hpp"
#include "actors/sample.hpp"
#include "connectors/temporary.hpp"
#include "weir/runtime/push_source.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <atomic>
#include <mutex>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

struct flight {
  std::string tail;
};
BOOST_DESCRIBE_STRUCT(flight, (), (tail))
struct plane {
  std::string tail;
  std::int64_t year = 0;
  friend bool operator==(const plane&, const plane&) = default;
};
BOOST_DESCRIBE_STRUCT(plane, (), (tail, year))

using row = enriched<flight, plane>;

std::vector<row> look_up(const std::string& path, const std::vector<std::string>& tails) {
  std::vector<flight> all;
  for (const auto& t : tails) all.push_back({t});
  const memory_sink<row> out;
  pipeline p{"flights"};
  p.from(memory_source{all})
      .enrich(table_file::rows<plane>(path, &flight::tail, &plane::tail),
              {.order = enrich_order::whole})
      .to(out);
  CHECK_FALSE(start(std::move(p)).wait().failure);
  return out.values();
}

std::string refusal(const std::string& path) {
  pipeline p{"flights"};
  p.from(memory_source{std::vector<flight>{}})
      .enrich(table_file::rows<plane>(path, &flight::tail, &plane::tail))
      .to(memory_sink<row>{});
  const auto running = runtime::start(std::move(p));
  return running ? "started" : running.error().message;
}

/// Puts a new content in a file's place, as who replaces it should.
void replace(const std::string& path, const std::string& content) {
  write_file(path + ".new", content);
  std::filesystem::rename(path + ".new", path);
}

template <class Holds>
void wait_until(Holds holds) {
  const auto until = std::chrono::steady_clock::now() + 30s;
  while (!holds()) {
    REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(1ms);  // the file is looked at by the clock
  }
}

}  // namespace

TEST_CASE("rows are looked up in CSV, in TSV and in JSON lines") {
  const temporary_directory dir;
  write_file(dir / "a.csv", "year,tail\r\n1999,N1\r\n2001,\"N\n2\"\r\n");
  write_file(dir / "a.tsv", "tail\tyear\nN1\t1999\n\nN\xe2\x80\xa6\t2001");
  write_file(dir / "a.jsonl", "{\"tail\":\"N1\",\"year\":1999}\n{\"tail\":\"N1\",\"year\":2000}\n");
  const auto csv = look_up(dir / "a.csv", {"N1", "N\n2", "N3"});
  CHECK(csv[0].fact == plane{"N1", 1999});
  CHECK(csv[1].fact == plane{"N\n2", 2001});
  CHECK(csv[2].source == fact_source::missing);
  const auto tsv = look_up(dir / "a.tsv", {"N1", "N\xe2\x80\xa6"});
  CHECK(tsv[0].fact == plane{"N1", 1999});
  CHECK(tsv[1].fact->year == 2001);
  CHECK(look_up(dir / "a.jsonl", {"N1"})[0].fact == plane{"N1", 2000});
}

TEST_CASE("a file that can't be loaded is refused at the start with its name and line") {
  const temporary_directory dir;
  write_file(dir / "bad.csv", "tail,year\nN1,1999\nN2,soon\n");
  write_file(dir / "bad.jsonl", "{\"tail\":\"N1\",\"year\":1999}\n\nnonsense\n");
  write_file(dir / "columns.csv", "tail\nN1\n");
  CHECK_THAT(refusal(dir / "bad.csv"),
             ContainsSubstring("bad.csv', line 3: ") && ContainsSubstring("year"));
  CHECK_THAT(refusal(dir / "bad.jsonl"), ContainsSubstring("bad.jsonl', line 3: "));
  CHECK_THAT(refusal(dir / "columns.csv"), ContainsSubstring("columns.csv', line 1: "));
  CHECK_THAT(refusal(dir / "absent.csv"), ContainsSubstring("absent.csv': No such file"));
  CHECK_THROWS_AS(table_file::rows<plane>(dir / "a.txt", &flight::tail, &plane::tail), exception);
}

TEST_CASE("a table follows its file, and keeps the old rows while the file is bad") {
  const temporary_directory dir;
  const std::string path = dir / "planes.csv";
  replace(path, "tail,year\nN1,1\n");
  std::mutex mutex;
  std::vector<std::string> lines;
  const auto logged = [&] {
    const std::lock_guard lock{mutex};
    return lines;
  };
  const auto log = [&](const std::string& line) {
    const std::lock_guard lock{mutex};
    lines.push_back(line);
  };
  const push_source<flight> source{16};
  const memory_sink<row> out;
  pipeline p{"flights"};
  p.from(source)
      .enrich(table_file::rows<plane>(path, &flight::tail, &plane::tail,
                                      {.check_every = 1ms, .log = log}))
      .to(out);
  auto running = start(std::move(p));
  const auto year = [&] {
    const std::size_t before = out.size();
    REQUIRE(source.push({"N1"}));
    wait_until([&] { return out.size() > before; });
    return out.values().back().fact ? out.values().back().fact->year : -1;
  };
  CHECK(year() == 1);
  replace(path, "tail,year\nN1,2\n");
  wait_until([&] { return year() == 2; });
  replace(path, "tail,year\nN1,bad\n");
  wait_until([&] { return !logged().empty(); });
  CHECK(year() == 2);
  CHECK_THAT(logged()[0],
             ContainsSubstring("line 2") && ContainsSubstring("going on with what the file held"));
  std::filesystem::remove(path);
  wait_until([&] { return logged().size() == 2; });
  CHECK(year() == 2);
  replace(path, "tail,year\nN1,3\n");
  wait_until([&] { return year() == 3; });
  CHECK(logged().size() == 2);
  running.stop();
  CHECK_FALSE(running.wait().failure);
}
