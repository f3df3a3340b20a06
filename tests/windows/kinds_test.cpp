// SPDX-License-Identifier: BSD-3-Clause
#include "windows/play.hpp"

#include "weir/codec/rfc3339.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

timestamp utc(const char* text) { return parse_rfc3339(text).value(); }

std::vector<window> windows_of(const auto& kind, timestamp t) {
  std::vector<window> all;
  kind.assign(blip{}, t, [&](const window& w) { all.push_back(w); });
  return all;
}

}  // namespace

TEST_CASE("an event at the last timestamp has no sliding window, and is counted") {
  operator_run run{[](stream<blip> in) {
    return in.key_by(&blip::key).window(sliding{10us}).aggregate(bag{}).named("last");
  }};
  run.push({1, 1}, max_timestamp).push({1, 2}, max_timestamp - 1us).end();
  CHECK(run.outputs().size() == 1);
  CHECK(counted(run, "last", "last: events without a window") == 1);
  CHECK(run.late_events() == 0);
}

TEST_CASE("sizes, distances, gaps and counts that make no sense are refused") {
  CHECK_THROWS_AS(tumbling{0s}, exception);
  CHECK_THROWS_AS((tumbling{10s, 10s}), exception);
  CHECK_THROWS_AS((tumbling{10s, -10s}), exception);
  CHECK_THROWS_AS((hopping{0s, 1s}), exception);
  CHECK_THROWS_AS((hopping{1s, 0s}), exception);
  CHECK_THROWS_AS((hopping{-1s, 1s}), exception);
  CHECK_THROWS_AS((hopping{20s, 10s, 10s}), exception);
  CHECK_THROWS_AS((hopping{20s, 10s, -11s}), exception);
  CHECK_THROWS_AS(sliding{0s}, exception);
  CHECK_THROWS_AS(session{0s}, exception);
  CHECK_THROWS_AS(session{-1s}, exception);
  CHECK_THROWS_AS(tumbling_count{0}, exception);
  CHECK_THROWS_AS(sliding_count{0}, exception);
  CHECK_THROWS_AS((sliding_count{2, 3}), exception);
  CHECK_THROWS_AS(on_count{0}, exception);
  CHECK_THROWS_AS(every_events{0}, exception);
  CHECK_THROWS_AS(every_event_time{0s}, exception);
  CHECK_THROWS_AS(keep_last{0}, exception);
}

TEST_CASE("an event is in as many hopping windows as cover it, also before 1970") {
  const hopping w{30us, 10us, 3us};
  CHECK(windows_of(w, tick(3)) == std::vector{window{tick(-17), tick(13)},
                                              window{tick(-7), tick(23)},
                                              window{tick(3), tick(33)}});
  CHECK(windows_of(w, tick(-8)) == std::vector{window{tick(-37), tick(-7)},
                                               window{tick(-27), tick(3)},
                                               window{tick(-17), tick(13)}});
}

TEST_CASE("hopping windows that are shorter than their distance leave gaps") {
  const hopping w{3us, 10us};
  CHECK(windows_of(w, tick(2)) == std::vector{window{tick(0), tick(3)}});
  CHECK(windows_of(w, tick(3)).empty());
  CHECK(windows_of(w, tick(-1)).empty());
}

TEST_CASE("panes are the largest stretches that no hopping window cuts") {
  std::mt19937_64 random{7};
  for (int i = 0; i < 2'000; ++i) {
    const auto every = static_cast<std::int64_t>(1 + random() % 20);
    const auto size = static_cast<std::int64_t>(1 + random() % 60);
    const hopping w{duration{size}, duration{every}};
    const timestamp t = tick(static_cast<std::int64_t>(random() % 500) - 250);
    const window pane = w.pane(t);
    INFO(size << " every " << every << " at " << ticks(t));
    REQUIRE((pane.start <= t && t < pane.end));
    const auto here = windows_of(w, t);
    for (timestamp x = pane.start; x < pane.end; x += 1us) REQUIRE(windows_of(w, x) == here);
    REQUIRE(windows_of(w, pane.start - 1us) != here);
    REQUIRE(windows_of(w, pane.end) != here);
  }
}

TEST_CASE("windows at the limits of time end there") {
  const window w = tumbling{1h}.at(max_timestamp);
  CHECK(w.end == max_timestamp);
  CHECK(w.last() == max_timestamp);
  CHECK(tumbling{1h}.at(min_timestamp).start == min_timestamp);
  CHECK(session{1h}.at(blip{}, max_timestamp - 1us).end == max_timestamp);
}

TEST_CASE("days begin at midnight of the zone, and have 23 or 25 hours when clocks change") {
  const tumbling days = tumbling{24h}.in_zone("America/New_York");
  CHECK(days.at(utc("2013-03-09T04:59:59Z")) ==
        window{utc("2013-03-08T05:00:00Z"), utc("2013-03-09T05:00:00Z")});
  CHECK(days.at(utc("2013-03-10T12:00:00Z")) ==
        window{utc("2013-03-10T05:00:00Z"), utc("2013-03-11T04:00:00Z")});
  CHECK(days.at(utc("2013-11-03T12:00:00Z")) ==
        window{utc("2013-11-03T04:00:00Z"), utc("2013-11-04T05:00:00Z")});
}

TEST_CASE("hours in a zone are aligned to its midnight") {
  const tumbling quarters = tumbling{6h}.in_zone("Asia/Kolkata");
  CHECK(quarters.at(utc("2024-05-01T00:40:00Z")) ==
        window{utc("2024-05-01T00:30:00Z"), utc("2024-05-01T06:30:00Z")});
  // The hour that comes twice is one window of two hours; the one that is skipped is none.
  const tumbling hours = tumbling{1h}.in_zone("America/New_York");
  CHECK(hours.at(utc("2013-11-03T06:30:00Z")) ==
        window{utc("2013-11-03T05:00:00Z"), utc("2013-11-03T07:00:00Z")});
  CHECK(hours.at(utc("2013-03-10T07:10:00Z")) ==
        window{utc("2013-03-10T07:00:00Z"), utc("2013-03-10T08:00:00Z")});
}

TEST_CASE("windows in zones hold their events and follow each other, over all changes of clocks") {
  for (const char* zone : {"America/New_York", "Australia/Lord_Howe", "America/St_Johns",
                           "Pacific/Apia", "America/Sao_Paulo", "Asia/Beirut"}) {
    const tumbling days = tumbling{24h}.in_zone(zone);
    const hopping weeks = hopping{7 * 24h, 24h}.in_zone(zone);
    timestamp t = utc("2004-01-01T00:00:00Z");
    window before = days.at(t);
    for (; t < utc("2012-06-01T00:00:00Z"); t += 37min) {
      const window day = days.at(t);
      INFO(zone << " " << format_rfc3339(t));
      REQUIRE((day.start <= t && t < day.end));
      REQUIRE((day == before || day.start == before.end));
      before = day;
      const auto all = windows_of(weeks, t);
      REQUIRE((all.size() >= 6 && all.size() <= 8));
      for (const window& w : all) REQUIRE((w.start <= t && t < w.end));
      const window pane = weeks.pane(t);
      REQUIRE((pane.start <= t && t < pane.end));
    }
  }
}

TEST_CASE("a zone that doesn't exist, and windows that a zone can't align, are refused") {
  CHECK_THROWS_AS(tumbling{24h}.in_zone("America/Nowhere"), exception);
  CHECK_THROWS_AS(tumbling{7h}.in_zone("America/New_York"), exception);
  CHECK_THROWS_AS(tumbling{90min}.in_zone("America/New_York"), exception);
  CHECK_NOTHROW(tumbling{7 * 24h}.in_zone("Europe/Berlin"));
  CHECK_NOTHROW(tumbling{8h}.in_zone("Europe/Berlin"));
}

TEST_CASE("sessions that touch are one or two, as they are told") {
  const window a{tick(0), tick(10)};
  const window b{tick(10), tick(20)};
  CHECK(belong_together(a, b, touching::merge));
  CHECK_FALSE(belong_together(a, b, touching::separate));
  CHECK(belong_together(a, {tick(9), tick(10)}, touching::separate));
  CHECK_FALSE(belong_together(a, {tick(11), tick(12)}, touching::merge));
}

TEST_CASE("the sessions that a window meets are found among any others") {
  std::mt19937_64 random{3};
  for (int i = 0; i < 3'000; ++i) {
    const touching rule = random() % 2 == 0 ? touching::merge : touching::separate;
    std::vector<window> kept;
    for (int n = 0; n < 12; ++n) {
      const auto start = static_cast<std::int64_t>(random() % 60);
      const window w{tick(start), tick(start + static_cast<std::int64_t>(random() % 12))};
      const auto itself = [](const window& x) -> const window& { return x; };
      const auto [from, to] = sessions_met(kept.begin(), kept.end(), w, rule, itself);
      std::vector<window> met;
      for (const window& x : kept)
        if (belong_together(x, w, rule)) met.push_back(x);
      INFO("round " << i << ", window " << n);
      REQUIRE(std::vector<window>(from, to) == met);
      window all = w;
      for (const window& x : met) all = {std::min(all.start, x.start), std::max(all.end, x.end)};
      kept.insert(kept.erase(from, to), all);
      REQUIRE(std::is_sorted(kept.begin(), kept.end()));
    }
  }
}
