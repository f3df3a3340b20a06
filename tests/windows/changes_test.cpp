// SPDX-License-Identifier: BSD-3-Clause
#include "windows/play.hpp"

#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using row = window_result<std::int64_t, std::int64_t>;
using rows_by_sum = keyed_value<std::int64_t, std::uint64_t>;

row summed(std::int64_t key, std::int64_t from, std::int64_t to, std::int64_t value,
           pane_info pane = {}) {
  return {key, {tick(from), tick(to)}, value, pane};
}

}  // namespace

TEST_CASE("a late event updates its window's result, and names what that replaces") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(tumbling{10us})
        .allowed_lateness(20us)
        .aggregate_changes(sum{&blip::value});
  }};
  run.push({1, 5}, tick(3)).push_watermark(tick(9));
  run.push({1, 7}, tick(4));
  const row first = summed(1, 0, 10, 5);
  const row second = summed(1, 0, 10, 12, {1, pane_timing::late});
  CHECK(run.values() == std::vector<change<row>>{{change_kind::insert, first, {}},
                                                 {change_kind::update, second, first}});
}

TEST_CASE("a session that takes others in removes their results") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key)
        .window(session{10us})
        .allowed_lateness(100us)
        .aggregate_changes(sum{&blip::value});
  }};
  run.push({1, 1}, tick(0)).push({1, 2}, tick(15)).push_watermark(tick(30));
  const row a = summed(1, 0, 10, 1);
  const row b = summed(1, 15, 25, 2);
  CHECK(run.values() ==
        std::vector<change<row>>{{change_kind::insert, a, {}}, {change_kind::insert, b, {}}});
  run.push({1, 4}, tick(8));
  const row all = summed(1, 0, 25, 7, {1, pane_timing::late});
  CHECK(run.values() ==
        std::vector<change<row>>{{change_kind::remove, b, {}}, {change_kind::update, all, a}});
}

TEST_CASE("a table of changes holds the newest rows, and loses those that go") {
  const auto table = table_of<row>([](const row& r) { return std::pair{r.key, r.window.start}; });
  pipeline p{"p"};
  p.from(memory_source{std::vector<blip>{{1, 0}, {1, 15}, {2, 16}, {1, 60}, {1, 8}}})
      .event_time([](const blip& b) { return tick(b.value); }, bounded_out_of_orderness{1us})
      .key_by(&blip::key)
      .window(session{10us})
      .allowed_lateness(1000us)
      .aggregate_changes(count{})
      .named("sessions")
      .map([](const change<window_result<std::int64_t, std::uint64_t>>& c) {
        const auto to_row = [](const auto& r) {
          return row{r.key, r.window, static_cast<std::int64_t>(r.value), r.pane};
        };
        change<row> made{c.kind, to_row(c.value), {}};
        if (c.previous) made.previous = to_row(*c.previous);
        return made;
      })
      .to(table);
  CHECK(simulate(p).finished());
  std::vector<std::string> got;
  for (const auto& [key, r] : table.rows()) got.push_back(say(r.key, r.window, {r.value}));
  CHECK(got == std::vector<std::string>{"1 [0,25) 3", "1 [60,70) 1", "2 [16,26) 1"});
}

TEST_CASE("an aggregate over changes takes back what was replaced") {
  // How many windows have each sum: late events move windows from one sum to another.
  const subject counting{[](stream<blip> in) {
    stream<change<row>> sums = in.key_by(&blip::key)
                                   .window(hopping{20us, 10us})
                                   .allowed_lateness(50us)
                                   .late_to(late_blips)
                                   .aggregate_changes(sum{&blip::value})
                                   .named("sums");
    return sums.flat_map<change<row>>(split_updates)
        .key_by(on_row{&row::value})
        .aggregate_changes(count{})
        .named("how many");
  }};
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    std::mt19937_64 random{seed};
    auto run = counting.run();
    std::map<std::int64_t, std::uint64_t> table;
    std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> windows;
    std::int64_t watermark = -1000;
    const auto apply = [&] {
      for (const auto& c : run.values()) {
        if (c.kind == change_kind::remove)
          table.erase(c.value.key);
        else
          table[c.value.key] = c.value.value;
      }
    };
    for (int i = 0; i < 60; ++i) {
      if (random() % 3 != 0) {
        const auto key = static_cast<std::int64_t>(random() % 3);
        const auto value = static_cast<std::int64_t>(1 + random() % 3);
        const std::int64_t at = watermark + static_cast<std::int64_t>(random() % 80) - 50;
        run.push({key, value}, tick(at));
        for (std::int64_t start = -5000; start <= at; start += 10)
          if (at < start + 20 && start + 20 - 1 + 50 > watermark) windows[{key, start}] += value;
      } else {
        watermark += static_cast<std::int64_t>(random() % 40);
        run.push_watermark(tick(watermark));
      }
      if (i % 20 == 19) {
        apply();
        auto next = run.restarted();
        run = std::move(next);
      }
      apply();
    }
    run.end();
    apply();
    std::map<std::int64_t, std::uint64_t> expected;
    for (const auto& [at, total] : windows) ++expected[total];
    INFO("seed " << seed);
    REQUIRE(table == expected);
  }
}

TEST_CASE("a keyed callback sink upserts and erases by key") {
  auto calls = std::make_shared<std::vector<std::string>>();
  keyed_callback_sink sink{
      [](const row& r) { return r.key; },
      [calls](std::int64_t k, const row& r) {
        calls->push_back("set " + std::to_string(k) + " " + std::to_string(r.value));
      },
      [calls](std::int64_t k) { calls->push_back("erase " + std::to_string(k)); }};
  auto writer = sink.make_writer<change<row>>({});
  const std::vector<change<row>> changes{
      {change_kind::insert, summed(1, 0, 10, 5), {}},
      {change_kind::update, summed(1, 0, 10, 6), summed(1, 0, 10, 5)},
      {change_kind::update, summed(2, 0, 10, 6), summed(1, 0, 10, 6)},
      {change_kind::remove, summed(2, 0, 10, 6), {}}};
  const std::vector<timestamp> times(changes.size());
  CHECK(writer->write(changes, times).events == 4);
  CHECK(*calls == std::vector<std::string>{"set 1 5", "set 1 6", "erase 1", "set 2 6", "erase 2"});
}
