// SPDX-License-Identifier: BSD-3-Clause
#include "joins/play.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

/// Joins with a table that is loaded first.
auto loaded_join(std::size_t most_waiting = 1000) {
  return [most_waiting](stream<blip> events, stream<blip> rows) {
    return events.key_by(&blip::key)
        .join(rows.key_by(&blip::key).to_table())
        .once_loaded(most_waiting)
        .unmatched_to(lone_blips)
        .apply([](const blip& e, const blip& row) { return say(&e, &row); })
        .named("join");
  };
}

template <class Run>
texts lines(Run& run) {
  texts all;
  for (const auto& o : run.outputs()) all.push_back(at(o.value, o.at));
  return all;
}

}  // namespace

TEST_CASE("events wait for a table that is being loaded, and are answered with what it ends with") {
  operator_run run{loaded_join(), lone_blips};
  run.input<0>().push({1, 10}, tick(5)).push({2, 11}, tick(6));
  run.input<1>().push({1, 20}).push({1, 21});
  run.input<0>().push({1, 12}, tick(7)).push_watermark(tick(8));
  CHECK(run.outputs().empty());
  CHECK(run.watermark() < tick(5));
  run.input<1>().end();
  CHECK(lines(run) == texts{"10 21 @5", "12 21 @7"});
  CHECK(run.side(lone_blips) == std::vector<timed<blip>>{{{2, 11}, tick(6)}});
  CHECK(run.watermark() == tick(8));
  run.input<0>().push({1, 13}, tick(9));
  CHECK(lines(run) == texts{"13 21 @9"});
}

TEST_CASE("a table's end is noticed though its input was idle and the stream is") {
  operator_run run{loaded_join(), lone_blips};
  run.input<1>().push({1, 20}).idle();
  run.input<0>().push({1, 10}, tick(5)).push_watermark(tick(5)).idle();
  CHECK(run.outputs().empty());
  CHECK(run.watermark() < tick(5));
  run.input<1>().end();
  CHECK(lines(run) == texts{"10 20 @5"});
}

TEST_CASE("a table whose watermark is the last one is loaded, though its end comes later") {
  operator_run run{loaded_join(1), lone_blips};
  run.input<1>().push({1, 20});
  run.input<0>().push({1, 10}, tick(5)).push_watermark(tick(5));
  CHECK(run.outputs().empty());
  run.input<1>().push_watermark(max_timestamp);
  CHECK(lines(run) == texts{"10 20 @5"});
  // From now on the stream's source is told that nothing waits.
  run.input<0>().push({1, 11}, tick(6)).push({1, 12}, tick(7));
  CHECK(run.dead_letters().empty());
  CHECK(lines(run) == texts{"11 20 @6", "12 20 @7"});
  run.input<1>().end();
}

TEST_CASE("one event more than may wait for a table fails, and says what to do") {
  operator_run run{loaded_join(2), lone_blips};
  run.input<0>().push({1, 10}, tick(1)).push({1, 11}, tick(2)).push({1, 12}, tick(3));
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK_THAT(letters[0].error,
             Catch::Matchers::ContainsSubstring("2 events wait for the end of the "
                                                "table already"));
  CHECK_THAT(letters[0].error, Catch::Matchers::ContainsSubstring("max_drift"));
  run.input<1>().push({1, 20}).end();
  CHECK(lines(run) == texts{"10 20 @1", "11 20 @2"});
}

TEST_CASE("events that wait for a table are answered the same whenever it is saved and restored") {
  for (std::uint64_t seed = 1; seed <= 1000; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    operator_options options;
    options.pipeline.key_groups = 8;
    if (random() % 2 == 0) options.step_budget = 1 + random() % 3;
    options.backend = some_backend(random);
    subject s{loaded_join(), options, lone_blips};
    auto run = s.run();
    std::map<std::int64_t, std::int64_t> rows;
    std::vector<blip> events;
    std::multiset<std::string> got;
    const auto take = [&] {
      for (const auto& o : run.outputs()) got.insert(o.value);
      for (const auto& e : run.side(lone_blips)) got.insert(say(&e.value, nullptr));
    };
    const int ends = static_cast<int>(pick(random, 0, 60));
    bool ended = false;
    for (int i = 0; i < 80; ++i) {
      const blip b{pick(random, 0, 4), i};
      if (i == ends) {
        run.input<1>().end();
        ended = true;
      }
      if (pick(random, 0, 12) == 0) {
        take();
        options.pipeline.parallelism = static_cast<std::uint32_t>(pick(random, 1, 3));
        options.backend = some_backend(random);
        auto next = restarted(run, options);
        run = std::move(next);
        if (ended) run.input<1>().end();  // as an input that has ended does
      }
      if (!ended && pick(random, 0, 2) == 0) {
        run.input<1>().push(b, tick(0));
        rows[b.key] = b.value;
      } else {
        run.input<0>().push(b, tick(i));
        events.push_back(b);
      }
      if (!ended) {
        take();
        REQUIRE(got.empty());
      }
    }
    run.end();
    take();
    if (options.backend == nullptr) REQUIRE(rows_held(run, options.pipeline.parallelism) == 0);
    std::multiset<std::string> expected;
    for (const blip& e : events) {
      const auto row = rows.find(e.key);
      const blip b{e.key, row == rows.end() ? 0 : row->second};
      expected.insert(say(&e, row == rows.end() ? nullptr : &b));
    }
    REQUIRE(got == expected);
  }
}

TEST_CASE("a table says what each event does to its row") {
  operator_run run{
      [](stream<blip> in) { return in.key_by(&blip::key).to_table().changes().named("table"); }};
  run.push({1, 10}, tick(5)).push({2, 11}, tick(6)).push({1, 12}, tick(7));
  run.push({1, 13}, tick(6));  // older than the row that is there
  const blip first{1, 10}, other{2, 11}, second{1, 12};
  CHECK(run.values() == std::vector<change<blip>>{{change_kind::insert, first, {}},
                                                  {change_kind::insert, other, {}},
                                                  {change_kind::update, second, first}});
  auto next = run.restarted();
  next.push({2, 14}, tick(8));
  CHECK(next.values() == std::vector<change<blip>>{{change_kind::update, {2, 14}, other}});
}

TEST_CASE("a table of changes loses rows, and knows nothing of those it has lost") {
  operator_run run{[](stream<change<blip>> in) {
    return in.key_by(on_row{&blip::key}).to_table().changes().named("table");
  }};
  const blip a{1, 10}, b{1, 11};
  run.push({change_kind::insert, a, {}}, tick(1));
  run.push({change_kind::remove, {1, 0}, {}}, tick(2));
  run.push({change_kind::remove, {1, 0}, {}}, tick(3));
  run.push({change_kind::update, b, a}, tick(4));
  CHECK(run.values() == std::vector<change<blip>>{{change_kind::insert, a, {}},
                                                  {change_kind::remove, a, {}},
                                                  {change_kind::insert, b, {}}});
}

TEST_CASE("a version that comes after its time counts for what still waits, or is late") {
  const side_output<blip> late_versions{"late versions"};
  operator_run run{[=](stream<blip> events, stream<blip> rows) {
                     return events.key_by(&blip::key)
                         .join(rows.key_by(&blip::key).to_table())
                         .as_of()
                         .left()
                         .late_versions_to(late_versions)
                         .apply([](const blip& e, const blip* row) { return say(&e, row); })
                         .named("join");
                   },
                   late_versions};
  run.input<1>().push({1, 20}, tick(1)).push({1, 21}, tick(8));
  run.push_watermark(tick(10));
  run.input<0>().push({1, 10}, tick(12));
  run.input<1>().push({1, 22}, tick(7)).push({1, 23}, tick(9));
  CHECK(run.side(late_versions) == std::vector<timed<blip>>{{{1, 22}, tick(7)}});
  CHECK(run.late_events() == 1);
  run.push_watermark(tick(20));
  CHECK(lines(run) == texts{"10 23 @12"});
}
