// SPDX-License-Identifier: BSD-3-Clause
// Runs that begin with a time, and beside another.
#include "actors/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/connectors/paced.hpp"
#include "weir/main/main.hpp"
#include "weir/runtime/push_source.hpp"
#include "weir/weir.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <fstream>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using row = std::tuple<std::uint64_t, timestamp, std::uint64_t>;
using rows = std::vector<row>;

/// Counts readings by key and window.
template <class Source>
pipeline counting(Source source, const memory_sink<row>& to, std::optional<timestamp> from,
                  std::uint32_t parallelism = 2) {
  pipeline p{"counting", {.parallelism = parallelism, .from = from}};
  p.from(std::move(source))
      .named("readings")
      .event_time(&reading::at, bounded_out_of_orderness{5ms})
      .named("times")
      .key_by(&reading::key)
      .window(tumbling{20ms})
      .aggregate(count{})
      .named("counts")
      .map([](const window_result<std::uint64_t, std::uint64_t>& r) {
        return row{r.key, r.window.start, r.value};
      })
      .to(to)
      .named("out");
  return p;
}

rows run(pipeline p, const memory_sink<row>& out, run_summary* summary = nullptr) {
  auto running = start(std::move(p));
  const run_summary done = running.wait();
  if (done.failure) FAIL(done.failure->message);
  if (summary != nullptr) *summary = done;
  rows found = out.values();
  std::sort(found.begin(), found.end());
  return found;
}

std::vector<reading> numbered(std::uint64_t first, std::uint64_t last) {
  std::vector<reading> all;
  for (std::uint64_t i = first; i < last; ++i) all.push_back(reading_of(i));
  return all;
}

timestamp at_reading(std::uint64_t i) { return reading_of(i).at; }

}  // namespace

TEST_CASE("a run that begins with a time gives what one gives that never had the events before") {
  for (const std::uint64_t first : {0U, 1U, 333U, 999U}) {
    INFO(first);
    const memory_sink<row> wanted, found;
    const rows oracle = run(counting(memory_source{numbered(first, 1'000)}, wanted, {}), wanted);
    run_summary done;
    CHECK(run(counting(memory_source{numbered(0, 1'000)}, found, at_reading(first)), found,
              &done) == oracle);
    CHECK(done.passed_over == first);
    CHECK(done.late_events == 0);
  }
}

TEST_CASE(
    "splits of which some have nothing before the time, or nothing else, begin with it, too") {
  std::vector<std::vector<reading>> splits{
      numbered(0, 300), numbered(200, 900), numbered(500, 1'000), {}};
  std::vector<std::vector<reading>> later;
  std::uint64_t before = 0;
  for (const auto& s : splits) {
    auto& kept = later.emplace_back();
    for (const reading& r : s) r.at >= at_reading(400) ? kept.push_back(r) : void(++before);
  }
  const memory_sink<row> wanted, found;
  const rows oracle = run(counting(memory_source{later}, wanted, {}), wanted);
  run_summary done;
  CHECK(run(counting(memory_source{splits}, found, at_reading(400)), found, &done) == oracle);
  CHECK(done.passed_over == before);
  CHECK(done.late_events == 0);
}

TEST_CASE("a paced source begins its pace with the first event of the time") {
  manual_clock clock;
  const auto source =
      paced(memory_source{numbered(0, 100)}, &reading::at, 1).starting_at(at_reading(40));
  auto reader = source.make_reader();
  reader->assign(0, source.make_enumerator()->discover().value()[0], 0);
  source_batch<reading> out;
  std::vector<std::uint64_t> given;
  const auto poll = [&] {
    read_state state = read_state::more;
    while (state == read_state::more) {
      out.clear();
      state = reader->poll(out, 16, clock);
      for (const reading& r : out.events.values) given.push_back(r.number);
    }
    return state;
  };
  CHECK(poll() == read_state::caught_up);
  CHECK(given == std::vector<std::uint64_t>{40});
  clock.advance(3ms);
  CHECK(poll() == read_state::caught_up);
  CHECK(given == std::vector<std::uint64_t>{40, 41, 42, 43});
  clock.advance(1h);
  CHECK(poll() == read_state::ended);
  CHECK(given.size() == 60);
}

TEST_CASE("offsets of a source that passes events over are those of its events") {
  manual_clock clock;
  for (const std::uint64_t n : {0U, 1U, 15U, 16U, 17U, 40U}) {
    INFO(n);
    const auto source =
        paced(memory_source{numbered(0, 50)}, &reading::at, 1e12).starting_at(at_reading(n));
    auto reader = source.make_reader();
    reader->assign(0, source.make_enumerator()->discover().value()[0], 0);
    source_batch<reading> out;
    while (out.events.empty()) {
      out.clear();
      REQUIRE(reader->poll(out, 16, clock) != read_state::ended);
      clock.advance(1ms);
    }
    CHECK(out.events.values[0].number == n);
    CHECK(out.first_offset == n);
    CHECK(out.end_offset == n + out.events.size());
  }
}

TEST_CASE("a source that can't begin at a time is refused in one line, and a table is read whole") {
  const memory_sink<row> out;
  const auto refused = counting(push_source<reading>{}, out, at_reading(1)).build();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find(
            "source 'readings' can't begin at a time: it does not read what was recorded before") !=
        std::string::npos);

  pipeline timeless{"p", {.from = at_reading(1)}};
  const memory_sink<reading> all;
  timeless.from(memory_source{numbered(0, 10)}).to(all);
  const auto also = timeless.build();
  REQUIRE_FALSE(also);
  CHECK(also.error().message.find("no stream has event time") != std::string::npos);

  pipeline both = counting(memory_source{numbered(0, 10)}, out, at_reading(5));
  both.from(memory_source{numbered(0, 10)}).named("table").to(all);
  CHECK_FALSE(start(std::move(both)).wait().failure);
  CHECK(all.size() == 10);
}

namespace {

struct visit {
  std::string page;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(visit, (), (page, at))

struct visits {
  std::string page;
  std::uint64_t n = 0;
};
BOOST_DESCRIBE_STRUCT(visits, (), (page, n))

struct counting_all {
  using output = visits;
  value_state<std::uint64_t> n{"n"};
  auto states() { return std::tie(n); }
  void on_event(const visit& v, process_context<std::string, visits>& c) {
    n.update([](std::uint64_t& so_far) { ++so_far; });
    c.emit({v.page, *n.get()});
  }
};

int call(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "pages");
  std::vector<char*> argv;
  for (std::string& a : arguments) argv.push_back(a.data());
  return weir::main(static_cast<int>(argv.size()), argv.data(),
                    {.name = "pages",
                     .description = "",
                     .options = {{"input", "", ""}, {"output", "", ""}},
                     .build =
                         [](pipeline& p, const args& a) {
                           p.from(files<visit>(a["input"]))
                               .named("visits")
                               .event_time(&visit::at, bounded_out_of_orderness{0s})
                               .named("times")
                               .key_by(&visit::page)
                               .process(counting_all{})
                               .named("counting")
                               .to(to_file(a["output"]))
                               .named("out");
                         },
                     .live = {},
                     .before_run = {}});
}

std::vector<std::string> lines(const std::string& path) {
  std::ifstream in{path};
  std::vector<std::string> all;
  for (std::string line; std::getline(in, line);) all.push_back(line);
  return all;
}

}  // namespace

TEST_CASE("run --from-offset begins behind offsets of splits that are there") {
  const temporary_directory dir;
  const std::string first = R"({"page":"a","at":"2013-02-27T23:59:59Z"})"
                            "\n";
  const std::string rest = R"({"page":"b","at":"2013-02-28T12:00:00Z"}
{"page":"c","at":"2013-03-01T00:00:00Z"}
)";
  std::ofstream{dir / "in.jsonl"} << first << rest;
  const auto from = [&](const std::string& offsets, const std::string& out) {
    return call({"run", "--input", dir / "in.jsonl", "--output", dir / out, "--from-offset",
                 offsets, "--guarantee", "at-least-once"});
  };
  REQUIRE(from(dir / "in.jsonl=" + std::to_string(first.size()), "out.jsonl") == 0);
  CHECK(lines(dir / "out.jsonl") ==
        std::vector<std::string>{R"({"page":"b","n":1})", R"({"page":"c","n":1})"});
  const std::string in = dir / "in.jsonl";
  const auto whole = std::to_string(first.size() + rest.size());
  REQUIRE(from(in + "=" + whole, "none.jsonl") == 0);
  CHECK(lines(dir / "none.jsonl").empty());
  REQUIRE(from(in + "=0", "all.jsonl") == 0);
  CHECK(lines(dir / "all.jsonl").size() == 3);
  for (const std::string& wrong : {std::string{"elsewhere=1"}, in, std::string{"=3"}, in + "=-1",
                                   in + "=1x", in + "=7", in + "=100000"}) {
    INFO(wrong);
    CHECK(from(wrong, "x.jsonl") == 2);
  }
  // What is refused has removed nothing.
  const auto with_state = [&](std::vector<std::string> more) {
    std::vector<std::string> all{"run",           "--input",       in,           "--output",
                                 dir / "y.jsonl", "--checkpoints", dir / "state"};
    all.insert(all.end(), more.begin(), more.end());
    return call(all);
  };
  REQUIRE(with_state({}) == 0);
  const auto there = list_checkpoints(dir / "state").value().size();
  REQUIRE(there != 0);
  CHECK(with_state({"--fresh", "--from-offset", "elsewhere=1"}) == 2);
  CHECK(list_checkpoints(dir / "state").value().size() == there);
  CHECK(call({"run", "--input", dir / "in.jsonl", "--output", dir / "x.jsonl", "--guarantee",
              "sometimes"}) == 2);
}

TEST_CASE("a run begins behind offsets, and goes on from a checkpoint where that was") {
  const temporary_directory dir;
  const std::vector<std::vector<reading>> splits{numbered(0, 10), numbered(10, 20)};
  const auto read = [&](std::map<std::string, std::uint64_t, std::less<>> offsets,
                        const std::string& state = "state") {
    memory_sink<reading> all;
    pipeline p{"p", {.from_offsets = std::move(offsets)}};
    p.from(memory_source{splits}).named("readings").to(all).named("out");
    runtime_options options;
    options.log = [](const std::string&) {};
    options.checkpoints.store = directory_store::open(dir / state).value();
    auto running = runtime::start(std::move(p), std::move(options));
    if (!running) return running.error().message;
    const run_summary done = running->wait();
    return done.failure ? done.failure->message : std::to_string(all.size());
  };
  CHECK(read({{"memory-000001", 4}}) == "16");
  CHECK(read({{"memory-000001", 0}}) == "0");  // that run has ended
  CHECK(read({{"memory-000002", 4}}) == "0");  // counts for a run that begins anew
  const std::string refused = read({{"memory-000002", 4}}, "another");
  CHECK(refused.find("'memory-000002', which no source has; there are: memory-000000, "
                     "memory-000001") != std::string::npos);
}

TEST_CASE("run --from begins with a time, and --name beside a run of the same program") {
  const temporary_directory dir;
  std::ofstream{dir / "in.jsonl"} << R"({"page":"a","at":"2013-02-27T23:59:59Z"}
{"page":"a","at":"2013-02-28T12:00:00Z"}
{"page":"a","at":"2013-03-01T00:00:00Z"}
{"page":"a","at":"2013-03-02T00:00:00Z"}
)";
  const auto with = [&](std::vector<std::string> last, const std::string& out) {
    std::vector<std::string> all{"run", "--input", dir / "in.jsonl", "--output", dir / out};
    all.insert(all.end(), last.begin(), last.end());
    return call(all);
  };
  REQUIRE(with({"--checkpoints", dir / "state"}, "out.jsonl") == 0);
  CHECK(lines(dir / "out.jsonl").size() == 4);
  for (const char* from : {"2013-03-01T00:00Z", "2013-03-01", "2013-03-01T01:00:00+01:00"}) {
    INFO(from);
    REQUIRE(with({"--from", from, "--name", "march"}, "march.jsonl") == 0);
    CHECK(lines(dir / "march.jsonl") ==
          std::vector<std::string>{R"({"page":"a","n":1})", R"({"page":"a","n":2})"});
  }
  CHECK(with({"--from", "yesterday"}, "x.jsonl") == 2);
  CHECK(with({"--from", "2013-13-01"}, "x.jsonl") == 2);

  // Beside it, from its state; the state stays its own.
  std::ofstream{dir / "in.jsonl", std::ios::app} << R"({"page":"a","at":"2013-03-03T00:00:00Z"})"
                                                 << '\n';
  const auto stored = list_checkpoints(dir / "state").value();
  REQUIRE_FALSE(stored.empty());
  const std::vector<std::string> beside{"--name",        "beside",        "--from-savepoint",
                                        stored[0].place, "--checkpoints", dir / "beside"};
  REQUIRE(with(beside, "beside.jsonl") == 0);
  const auto theirs = list_checkpoints(dir / "beside").value();
  REQUIRE_FALSE(theirs.empty());
  CHECK(read_checkpoint(theirs[0].place).value().manifest.pipeline == "beside");
  CHECK(list_checkpoints(dir / "state").value().size() == stored.size());
  // Without the name it is not that pipeline's.
  CHECK(with({"--checkpoints", dir / "beside"}, "y.jsonl") == 2);
}
