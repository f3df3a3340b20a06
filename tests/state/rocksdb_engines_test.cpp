// SPDX-License-Identifier: BSD-3-Clause
// Windows, joins and patterns whose state is in RocksDB, with memory for next to nothing: what
// comes out is what comes out with all in memory, through failures, stops, other backends and
// parallelisms.
#include "state/runs.hpp"
#include "support/temporary_directory.hpp"

#include <span>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t keys = 1'500;

reading keyed_reading(std::uint64_t i) {
  reading r = reading_of(i);
  r.key = (i * 7919) % keys;
  return r;
}

/// A line of a result: of what operator, for which key, and what it came to.
struct found {
  std::string of;
  std::uint64_t key = 0;
  std::uint64_t events = 0;
  std::uint64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(found, (), (of, key, events, sum))

/// Makes of a window's events a line.
auto summed(const char* of) {
  return [of](const std::uint64_t& key, const window&, std::span<const reading> all, auto emit) {
    found f{of, key, all.size(), 0};
    for (const reading& r : all) f.sum += r.number;
    emit(f);
  };
}

/// Two readings of a key, of which the numbers say that they belong together.
pattern<reading> pairs() {
  return pattern<reading>("first")
      .where([](const reading& r) { return r.number % 3 != 0; })
      .followed_by("second")
      .where([](const reading& r, const match_so_far<reading>& m) {
        return (m.first("first")->number + r.number) % 4 == 0;
      })
      .within(8s);
}

/// Every engine that keeps an entry of each key, over readings of which a key has one in 1.5 s.
pipeline every_engine(const std::string& directory, std::set<std::uint64_t> fails_at = {},
                      std::uint32_t parallelism = 2) {
  pipeline p{"engines", {.parallelism = parallelism}};
  const auto readings = [&](const char* name) {
    return p.from(generator{keyed_reading, {.events = 30'000, .rate = 60'000}})
        .event_time(&reading::at, bounded_out_of_orderness{0s})
        .named(name);
  };
  stream<reading> all =
      readings("readings").map(fails_once{std::move(fails_at)}).on_error(directive::restart());
  stream<reading> more = readings("others");
  const auto keyed = [&] { return all.key_by(&reading::key); };
  const auto others = [&] { return more.key_by(&reading::key); };
  const auto write = [&](auto stream, const char* name) {
    std::move(stream)
        .named(name)
        .to(to_file(directory + "/" + name + ".jsonl"))
        .named(std::string{name} + " file");
  };
  write(keyed().window(session{1s}).process<found>(summed("session")), "sessions");
  write(keyed().window(tumbling{2s}).process<found>(summed("tumble")), "tumbles");
  write(keyed().window(hopping{6s, 2s}).process<found>(summed("hop")), "hops");
  write(keyed().window(sliding{3s}).process<found>(summed("slide")), "slides");
  write(keyed().window(tumbling_count{3}).process<found>(summed("three")), "threes");
  const auto pair = [](const char* of) {
    return [of](const reading& a, const reading& b) {
      return found{of, a.key, 2, a.number + b.number};
    };
  };
  write(keyed().join(others()).within(-1600ms, 0ms).apply(pair("near")), "near");
  write(keyed().join(others()).window(tumbling{4s}).apply(pair("tumbling")), "same window");
  write(keyed().join(others()).window(hopping{4s, 2s}).apply(pair("hopping")), "same hop");
  write(keyed().join(others().to_table()).as_of().apply(pair("version")), "versions");
  const auto found_of = [](const match<reading>& m) {
    const reading& a = m.first("first");
    return found{"match", a.key, 2, a.number + m.first("second").number};
  };
  write(keyed().detect(pairs()).select(found_of), "matches");
  write(keyed().detect(pairs().skip(skip_past_last())).select(found_of), "matches apart");
  return p;
}

constexpr const char* outputs[] = {"sessions",    "tumbles",  "hops",          "slides",
                                   "threes",      "matches",  "matches apart", "near",
                                   "same window", "same hop", "versions"};

void check_same(const std::string& got, const std::string& wanted) {
  for (const char* name : outputs) {
    CAPTURE(name);
    const auto expected = lines(wanted + "/" + name + ".jsonl");
    CHECK(expected.size() >= 5'000);
    CHECK(lines(got + "/" + name + ".jsonl") == expected);
  }
}

}  // namespace

TEST_CASE("what is in RocksDB comes to what it comes to in memory, whatever happens") {
  const temporary_directory dir;
  run_whole(every_engine(dir / "wanted"), in_memory(dir / "wanted state", 1h));

  // Failures, each of which restarts the stages from the newest checkpoint.
  const run_summary failed = run_whole(every_engine(dir / "failing", {9'000, 20'000}),
                                       in_rocksdb(dir / "failing state", 50ms));
  CHECK(failed.restarts == 2);
  check_same(dir / "failing", dir / "wanted");

  // Stops, after which others go on: with another parallelism, in memory, and back.
  run_a_while(every_engine(dir / "moving"), in_rocksdb(dir / "moving state", 50ms), 15'000);
  run_a_while(every_engine(dir / "moving", {}, 3), in_rocksdb(dir / "moving state", 50ms), 15'000);
  run_a_while(every_engine(dir / "moving", {}, 3), in_memory(dir / "moving state", 50ms), 10'000);
  run_whole(every_engine(dir / "moving", {}, 1), in_rocksdb(dir / "moving state", 50ms));
  check_same(dir / "moving", dir / "wanted");
}
