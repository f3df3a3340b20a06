// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test.hpp"

#include <boost/describe/class.hpp>
#include <catch2/catch_test_macros.hpp>

#include <array>
#include <random>
#include <set>
#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct trade {
  std::uint64_t split = 0;
  std::int64_t number = 0;
  timestamp at;

  friend auto operator<=>(const trade&, const trade&) = default;
};
BOOST_DESCRIBE_STRUCT(trade, (), (split, number, at))

enum : std::size_t { steady, silent, pressed, ahead, split_count };
using hour_of_trades = std::array<std::vector<trade>, split_count>;

const side_output<trade> late{"late"};
constexpr duration spacing = 10s;
constexpr duration disorder = 5s;
constexpr duration window_size = 1min;
constexpr timestamp begin{std::chrono::sys_days{std::chrono::year{2026} / 6 / 1}};

/// An hour of events, one every 10 s and split, each to be read when the clock shows its time or up
/// to `disorder` later. Some come 3 minutes late. One split's are 10 minutes ahead of the clock,
/// and one has nothing for half an hour.
hour_of_trades trades(std::uint64_t seed) {
  std::mt19937_64 random{seed};
  hour_of_trades all;
  for (std::uint64_t s = 0; s < split_count; ++s)
    for (std::int64_t i = 0; i < 1h / spacing; ++i) {
      if (s == silent && i > 20 && i < 200) continue;
      timestamp at =
          begin + i * spacing - duration{static_cast<std::int64_t>(random() % 5'000'000)};
      if (s == ahead) at += 10min;
      if (s != silent && random() % 40 == 0) at -= 3min;
      all[s].push_back({s, i, at});
    }
  return all;
}

/// The events that a run without any limit may call late: those whose window the watermark of their
/// own split has passed when they are read. The watermark of the run is never above it, and what
/// the silent split has after its silence is as new as the clock.
std::set<trade> late_in_their_split(const hour_of_trades& splits) {
  std::set<trade> all;
  for (const auto& split : splits) {
    timestamp newest = min_timestamp;
    for (const trade& t : split) {
      const auto since = t.at - begin + 24h;
      const timestamp window_end = t.at - since % window_size + window_size;
      if (newest != min_timestamp && window_end <= newest - disorder) all.insert(t);
      newest = std::max(newest, t.at);
    }
  }
  return all;
}

/// How a run is held up.
struct limits {
  std::uint32_t instances = 4;        ///< Of the source.
  std::uint32_t slow_sinks = 0;       ///< Writes that a sink refuses before each; 10 ms each.
  duration work{};                    ///< What an event of the pressed split takes.
  bool pressure_is_idleness = false;  ///< The mistake that the test is about.
};

test_source<trade> source_of(const hour_of_trades& splits, const limits& how) {
  test_source<trade> source;
  for (std::size_t s = 0; s < split_count; ++s) {
    auto& script = source.split();
    std::int64_t before = 0;
    for (const trade& t : splits[s]) {
      if (t.number - before > 1) script.idle();
      script.pause((t.number - before) * spacing).event(t);
      if (s == pressed && how.pressure_is_idleness) script.idle();
      before = t.number;
    }
  }
  return source;
}

struct hour_run {
  simulation_report report;
  std::vector<trade> late;
  std::uint64_t counted = 0;  ///< In windows.
};

hour_run run_hour(const hour_of_trades& splits, std::uint64_t seed, const limits& how) {
  test_sink<trade> late_out{{.refusals = how.slow_sinks, .at_most = 2}};
  test_sink<window_result<std::uint64_t, std::uint64_t>> counts{
      {.refusals = how.slow_sinks, .at_most = 2}};
  const auto begun = std::make_shared<std::set<trade>>();
  pipeline p{"trades", {.batches = {.events = 4}, .credits = {.frames = 1, .max_events = 4}}};
  auto windows = p.from(source_of(splits, how))
                     .parallelism(how.instances)
                     .event_time(&trade::at, bounded_out_of_orderness{disorder})
                     .stage("work", {.parallelism = how.instances})
                     // Fails at first, and is done at the second try.
                     .map([begun, work = how.work](const trade& t) {
                       if (t.split == pressed && work != duration{} && begun->insert(t).second)
                         throw std::runtime_error("not done yet");
                       return t;
                     })
                     .on_error(directive::retry(1, how.work))
                     .key_by(&trade::split)
                     .parallelism(2)
                     .window(tumbling{window_size})
                     .late_to(late)
                     .aggregate(count{})
                     .named("counts");
  windows.side(late).to(late_out);
  std::move(windows).to(counts);

  hour_run done;
  done.report = simulate(p, {.seed = seed});
  done.late = late_out.values();
  for (const auto& r : counts.values()) done.counted += r.value;
  return done;
}

/// Runs an hour, checks that nothing is lost, and answers how many events are late that should not
/// be.
std::size_t wrongly_late(std::uint64_t seed, const limits& how) {
  const hour_of_trades splits = trades(seed);
  const std::set<trade> may_be_late = late_in_their_split(splits);
  REQUIRE(!may_be_late.empty());
  const hour_run done = run_hour(splits, seed, how);
  INFO(done.report.problem);
  REQUIRE(done.report.finished());
  CHECK(done.report.ended_at >= timestamp{} + splits[pressed].size() * how.work);
  std::size_t all = 0;
  for (const auto& s : splits) all += s.size();
  CHECK(done.counted + done.late.size() == all);
  CHECK(done.report.late_events() == done.late.size());
  return static_cast<std::size_t>(
      std::count_if(done.late.begin(), done.late.end(),
                    [&](const trade& t) { return !may_be_late.contains(t); }));
}

}  // namespace

TEST_CASE("pressure, silence and a split that is far ahead make no event late") {
  for (std::uint64_t seed = 0; seed < 12; ++seed)
    for (const std::uint32_t instances : {1U, 2U, 4U}) {
      INFO("seed " << seed << ", source instances " << instances);
      CHECK(wrongly_late(seed, {.instances = instances}) == 0);
      CHECK(wrongly_late(seed, {.instances = instances, .work = 30s}) == 0);
      // Half a minute for two rows is slower than they come. Asking again every 10 ms takes long.
      if (seed % 4 == 0)
        CHECK(wrongly_late(seed, {.instances = instances, .slow_sinks = 3000, .work = 12s}) == 0);
    }
}

TEST_CASE("a pressed split that is taken for an idle one makes events late") {
  CHECK(wrongly_late(1, {.work = 30s, .pressure_is_idleness = true}) > 0);
}
