// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/reading.hpp"
#include "connectors/temporary.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace weir;
using namespace weir::test;
using Catch::Matchers::ContainsSubstring;

namespace {

struct packed {
  std::string name;
  std::string (*pack)(std::string_view);
};

}  // namespace

TEST_CASE("a compressed file cut off anywhere is an error behind all events before the cut") {
  const packed how = GENERATE(packed{"a.jsonl.zst", zstd_frame}, packed{"a.jsonl.gz", gzip_member});
  const temporary_directory dir;
  const auto events = sample(300);
  const std::string whole = how.pack(as_jsonl(events));
  for (std::size_t n = 0; n < whole.size(); n += 1 + n / 50) {
    write_file(dir / how.name, whole.substr(0, n));
    const everything all = read_all(dir / how.name);
    CAPTURE(n, all.failure);
    REQUIRE_THAT(all.failure, ContainsSubstring("'" + (dir / how.name) + "' is cut off at byte " +
                                                std::to_string(n) + ":"));
    REQUIRE(std::equal(all.events.begin(), all.events.end(), events.begin()));
    REQUIRE(all.ended == 0);
  }
}

TEST_CASE("a damaged compressed file is an error that names the file and the byte") {
  const packed how = GENERATE(packed{"a.jsonl.zst", zstd_frame}, packed{"a.jsonl.gz", gzip_member});
  const temporary_directory dir;
  const auto events = sample(300);
  const std::string whole = how.pack(as_jsonl(events));
  std::size_t noticed = 0;
  for (std::size_t n = 0; n < whole.size(); n += 7) {
    std::string bad = whole;
    bad[n] = static_cast<char>(bad[n] ^ 0x55);
    write_file(dir / how.name, bad);
    const everything all = read_all(dir / how.name);
    if (all.failure.empty()) {
      REQUIRE(all.events == events);  // a time stamp in a header, say
      continue;
    }
    ++noticed;
    REQUIRE_THAT(all.failure, ContainsSubstring("'" + (dir / how.name) + "' is ") &&
                                  ContainsSubstring("at byte "));
  }
  CHECK(noticed > whole.size() / 7 - 5);
}

TEST_CASE("events of a good frame are given before the damage of the next") {
  const packed how = GENERATE(packed{"a.jsonl.zst", zstd_frame}, packed{"a.jsonl.gz", gzip_member});
  const temporary_directory dir;
  const auto events = sample(300);
  write_file(dir / how.name, how.pack(as_jsonl(events)) + "garbage");
  const everything all = read_all(dir / how.name);
  CHECK(all.events == events);
  CHECK_THAT(all.failure, ContainsSubstring("is damaged at byte"));
}

TEST_CASE("zeros behind a gzip member are filling") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl.gz", gzip_member(as_jsonl(sample(3))) + std::string(512, '\0'));
  const everything all = read_all(dir / "a.jsonl.gz");
  CHECK(all.failure.empty());
  CHECK(all.events == sample(3));
}

TEST_CASE("a plain file with the name of a compressed one is damaged at its beginning") {
  const temporary_directory dir;
  const std::string name = GENERATE("a.jsonl.zst", "a.jsonl.gz");
  write_file(dir / name, as_jsonl(sample(3)));
  CHECK_THAT(read_all(dir / name).failure, ContainsSubstring("is damaged at byte"));
}
