// SPDX-License-Identifier: BSD-3-Clause
// A checkpoint that an earlier version wrote is read by this one. See data/README.md.
#include "checkpoint/saved_runs.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

namespace fs = std::filesystem;

/// Pipelines of most operators that hold state; what they emit as lines, with a name before.
pipeline everything(const push_source<reading>& from, const memory_sink<std::string>& to,
                    std::uint32_t parallelism) {
  pipeline p{"everything", {.parallelism = parallelism}};
  auto read = p.from(from)
                  .named("readings")
                  .event_time(&reading::at, bounded_out_of_orderness{3ms})
                  .named("times");
  auto keyed = read.key_by(&reading::key);
  const auto write = [&](auto stream, const std::string& name) {
    std::move(stream)
        .named(name)
        .map([name](const auto& result) { return name + " " + to_json(result); })
        .to(to)
        .named(name + " out");
  };
  write(keyed.window(tumbling{40ms}).aggregate(count{}, sum(&reading::number)), "tumbling");
  write(keyed.window(hopping{60ms, 20ms}).aggregate(sum(&reading::number)), "hopping");
  write(keyed.window(hopping{60ms, 20ms}).allowed_lateness(20ms).aggregate(max(&reading::number)),
        "lenient hopping");
  write(keyed.window(sliding{30ms}).aggregate(mean(&reading::number)), "sliding");
  write(keyed.window(session{25ms}).aggregate(count{}), "session");
  write(keyed.window(tumbling_count{4}).aggregate(sum(&reading::number)), "tumbling count");
  write(keyed.window(sliding_count{6, 2}).aggregate(sum(&reading::number)), "sliding count");
  write(keyed.window(tumbling{40ms})
            .process<std::string>(
                [](std::uint64_t, const weir::window&, std::span<const reading> events, auto emit) {
                  std::string text;
                  for (const reading& r : events) text += std::to_string(r.number) + " ";
                  emit(text);
                }),
        "contents");
  write(keyed.reduce([](const reading& a, const reading& b) {
    return reading{a.number + b.number, a.key, b.at};
  }),
        "reduce");
  write(keyed.distinct(90ms), "distinct");
  write(keyed.process(remembering{}), "process");
  auto odd = read.filter([](const reading& r) { return r.number % 2 == 1; }).key_by(&reading::key);
  write(keyed.join(odd).within(-30ms, 30ms).apply([](const reading& a, const reading& b) {
    return std::pair{a.number, b.number};
  }),
        "interval join");
  write(keyed.join(odd).window(tumbling{50ms}).apply([](const reading& a, const reading& b) {
    return std::pair{a.number, b.number};
  }),
        "window join");
  const auto rest = [](std::uint64_t n) {
    return [n](const reading& r) { return r.number % 5 == n; };
  };
  write(keyed
            .detect(pattern<reading>("one").where(rest(1)).followed_by("two").where(rest(2)).within(
                100ms))
            .select([](const match<reading>& m) {
              return std::pair{m["one"].front().number, m["two"].front().number};
            }),
        "pattern");
  return p;
}

/// What a run emits that takes up the checkpoint at `place`, or begins anew.
std::vector<std::string> run(std::uint64_t first, std::uint64_t last, bool ends,
                             const std::string& state, const std::string& place = "",
                             std::uint32_t parallelism = 2) {
  const push_source<reading> from{1'000};
  const memory_sink<std::string> out;
  runtime_options options;
  if (!state.empty()) options.checkpoints.store = directory_store::open(state).value();
  options.checkpoints.timing.interval = 1h;
  if (!place.empty()) options.checkpoints.from = read_checkpoint(place).value();
  return play(from, everything(from, out, parallelism), out, first, last, ends, std::move(options));
}

const fs::path data = WEIR_SAVED_FORMATS;

}  // namespace

TEST_CASE("the checkpoint that this version writes is kept for later ones", "[.make]") {
  const temporary_directory dir;
  const char* to = std::getenv("WEIR_FORMAT_DIRECTORY");
  REQUIRE(to != nullptr);
  (void)run(0, before, false, dir / "state");
  const auto stored = list_checkpoints(dir / "state").value();
  REQUIRE(stored.size() == 1);
  fs::copy(stored[0].place, to, fs::copy_options::recursive);
}

TEST_CASE(
    "every format that was ever written is restored, with the results of an undisturbed run") {
  const temporary_directory dir;
  const std::vector<std::string> whole = run(0, all, true, "");
  const std::vector<std::string> head = run(0, before, false, dir / "head");
  std::vector<std::string> tail;
  std::set_difference(whole.begin(), whole.end(), head.begin(), head.end(),
                      std::back_inserter(tail));
  REQUIRE(tail.size() + head.size() == whole.size());
  std::size_t formats = 0;
  for (const auto& entry : fs::directory_iterator{data}) {
    if (!entry.path().filename().string().starts_with("format-")) continue;
    ++formats;
    INFO(entry.path());
    for (const std::uint32_t parallelism : {1U, 2U, 3U}) {
      INFO(parallelism);
      const std::string state =
          dir / (entry.path().filename().string() + std::to_string(parallelism));
      const auto found = run(before, all, true, state, entry.path().string(), parallelism);
      REQUIRE(found == tail);
    }
  }
  CHECK(formats >= 1);
}
