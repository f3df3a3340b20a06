// SPDX-License-Identifier: BSD-3-Clause
#include "joins/play.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <functional>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

/// What the check says of a pipeline of two streams.
std::string mistakes(bool timed, const std::function<void(stream<blip>, stream<blip>)>& build) {
  pipeline p{"mistaken"};
  const auto source = [&]() -> stream<blip> {
    auto events = p.from(memory_source<blip>{std::vector<blip>{}});
    if (!timed) return events;
    return events.event_time([](const blip& b) { return tick(b.value); }, monotonous_timestamps{});
  };
  build(source(), source());
  const auto made = p.build();
  return made ? "" : made.error().message;
}

const auto added = [](const blip& l, const blip& r) { return l.value + r.value; };

}  // namespace

TEST_CASE("a join by time of streams without event time is a mistake that names what to call") {
  CHECK_THAT(mistakes(false,
                      [](stream<blip> l, stream<blip> r) {
                        l.key_by(&blip::key)
                            .join(r.key_by(&blip::key))
                            .within(0s, 1s)
                            .apply(added)
                            .to(memory_sink<std::int64_t>{});
                      }),
             ContainsSubstring("join().within(): a stream has no event time"));
  CHECK_THAT(mistakes(false,
                      [](stream<blip> l, stream<blip> r) {
                        l.key_by(&blip::key)
                            .join(r.key_by(&blip::key).to_table())
                            .as_of()
                            .apply(added)
                            .to(memory_sink<std::int64_t>{});
                      }),
             ContainsSubstring("join().as_of(): the stream or the table has no event time"));
}

TEST_CASE("a join with a table that is loaded first, and one in the global window, need no time") {
  CHECK(mistakes(false, [](stream<blip> l, stream<blip> r) {
          const auto left = l.key_by(&blip::key);
          const auto right = r.key_by(&blip::key);
          left.join(right.to_table()).once_loaded().apply(added).to(memory_sink<std::int64_t>{});
          left.join(right).window(global_window{}).apply(added).to(memory_sink<std::int64_t>{});
        }) == "");
}

TEST_CASE("an interval that holds no time is a mistake, also if only its open ends make it so") {
  const auto within = [](duration lower, duration upper, bool open) {
    return mistakes(true, [=](stream<blip> l, stream<blip> r) {
      auto joined = l.key_by(&blip::key).join(r.key_by(&blip::key)).within(lower, upper);
      if (open) joined = joined.upper_exclusive();
      joined.apply(added).to(memory_sink<std::int64_t>{});
    });
  };
  CHECK_THAT(within(1s, 0s, false), ContainsSubstring("holds no time at all"));
  CHECK_THAT(within(1s, 1s, true), ContainsSubstring("holds no time at all"));
  CHECK(within(1s, 1s, false) == "");
}

TEST_CASE("two sides that are dealt to different numbers of instances are a mistake") {
  const auto join = [](std::uint32_t n, std::uint32_t m) {
    return mistakes(true, [=](stream<blip> l, stream<blip> r) {
      auto left = l.key_by(&blip::key);
      auto right = r.key_by(&blip::key);
      left.parallelism(n);
      right.parallelism(m);
      left.join(right).within(0s, 1s).apply(added).to(memory_sink<std::int64_t>{});
    });
  };
  CHECK_THAT(join(2, 3), ContainsSubstring("one side is dealt to 2 instances and another to 3"));
  CHECK(join(2, 2) == "");
}

TEST_CASE("a pair whose function throws fails the event that completed it, and nothing is kept") {
  operator_run run{[](stream<blip> l, stream<blip> r) {
    return l.key_by(&blip::key)
        .join(r.key_by(&blip::key))
        .within(-5us, 5us)
        .apply([](const blip& a, const blip& b) {
          if (a.value == 2) throw std::runtime_error("two");
          return say(&a, &b);
        })
        .named("join");
  }};
  run.input<0>().push({1, 1}, tick(1)).push({1, 2}, tick(2)).push({1, 3}, tick(3));
  run.input<1>().push({1, 9}, tick(3));
  CHECK(run.outputs().empty());
  REQUIRE(run.dead_letters().size() == 1);
  CHECK(rows_held(run, 1) == 3);
  run.input<0>().push({1, 4}, tick(4));
  CHECK(run.outputs().empty());  // the failed one was no partner
}

TEST_CASE("an outer join holds its watermark back to the oldest event that may still come out") {
  operator_run run{[](stream<blip> l, stream<blip> r) {
    return l.key_by(&blip::key)
        .join(r.key_by(&blip::key))
        .within(0us, 30us)
        .left()
        .apply([](const blip& a, const blip* b) { return say(&a, b); })
        .named("join");
  }};
  run.input<0>().push({1, 1}, tick(10)).push({2, 2}, tick(25));
  run.push_watermark(tick(20));
  CHECK(run.watermark() == tick(9));
  run.push_watermark(tick(40));
  CHECK(run.outputs() == std::vector<timed<std::string>>{{"1 -", tick(10)}});
  CHECK(run.watermark() == tick(24));
  run.push_watermark(tick(60));
  CHECK(run.outputs() == std::vector<timed<std::string>>{{"2 -", tick(25)}});
  CHECK(run.watermark() == tick(59));  // an event at 60 would be let in
}
