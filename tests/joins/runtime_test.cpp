// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/runtime.hpp"
#include "joins/play.hpp"

#include <map>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::int64_t n = 20'000;

blip left_of(std::uint64_t i) {
  return {static_cast<std::int64_t>(i * 7919 % 97), static_cast<std::int64_t>(i)};
}
blip right_of(std::uint64_t i) {
  return {static_cast<std::int64_t>(i * 104'729 % 97), static_cast<std::int64_t>(i)};
}
/// Up to 20 us out of order.
timestamp time_of(const blip& b) { return tick(b.value + b.value * 31 % 20); }

std::multiset<std::string> texts_of(const memory_sink<std::string>& sink) {
  const auto values = sink.values();
  return {values.begin(), values.end()};
}

/// Pairs of one key, by a function of two times; left ones without a partner, too.
template <class Together>
std::multiset<std::string> left_join(Together together) {
  std::map<std::int64_t, std::vector<blip>> rights;
  for (std::uint64_t i = 0; i < n; ++i) rights[right_of(i).key].push_back(right_of(i));
  std::multiset<std::string> rows;
  for (std::uint64_t i = 0; i < n; ++i) {
    const blip l = left_of(i);
    bool matched = false;
    for (const blip& r : rights[l.key]) {
      if (!together(time_of(l), time_of(r))) continue;
      matched = true;
      rows.insert(say(&l, &r));
    }
    if (!matched) rows.insert(say(&l, nullptr));
  }
  return rows;
}

}  // namespace

TEST_CASE("joins through running actors are those of nested loops") {
  pipeline p{"joins", {.parallelism = 2}};
  const auto from = [&](auto make) {
    return p.from(generator{make, {.events = n}})
        .event_time(time_of, bounded_out_of_orderness(20us));
  };
  stream<blip> left = from(left_of);
  stream<blip> right = from(right_of);
  const memory_sink<std::string> near, windowed, versions, loaded;
  const auto row = [](const blip& l, const blip* r) { return say(&l, r); };
  const auto lefts = left.key_by(&blip::key);
  const auto rights = right.key_by(&blip::key);
  lefts.join(rights).within(-150us, 90us).left().apply(row).named("near").to(near);
  lefts.join(rights).window(tumbling{200us}).left().apply(row).named("windowed").to(windowed);
  lefts.join(rights.to_table()).as_of().left().apply(row).named("versions").to(versions);
  lefts.join(rights.to_table()).once_loaded().left().apply(row).named("loaded").to(loaded);
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  REQUIRE(running);
  const run_summary done = running->wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.late_events == 0);

  CHECK(texts_of(near) ==
        left_join([](timestamp l, timestamp r) { return l - 150us <= r && r <= l + 90us; }));
  CHECK(texts_of(windowed) ==
        left_join([](timestamp l, timestamp r) { return ticks(l) / 200 == ticks(r) / 200; }));

  std::multiset<std::string> expected_versions, expected_loaded;
  std::map<std::int64_t, std::map<timestamp, blip>> by_time;
  std::map<std::int64_t, blip> last;
  for (std::uint64_t i = 0; i < n; ++i) {
    const blip r = right_of(i);
    by_time[r.key][time_of(r)] = last[r.key] = r;
  }
  for (std::uint64_t i = 0; i < n; ++i) {
    const blip l = left_of(i);
    const auto& mine = by_time[l.key];
    const auto newer = mine.upper_bound(time_of(l));
    expected_versions.insert(say(&l, newer == mine.begin() ? nullptr : &std::prev(newer)->second));
    expected_loaded.insert(say(&l, &last.at(l.key)));
  }
  CHECK(texts_of(versions) == expected_versions);
  CHECK(texts_of(loaded) == expected_loaded);
}

TEST_CASE("a stream's operators run once whether a join is its only consumer or one of two") {
  for (const bool alone : {true, false}) {
    INFO("alone: " << alone);
    pipeline p{"joins", {.parallelism = 2}};
    const auto from = [&](auto make) {
      return p.from(generator{make, {.events = n}})
          .filter([](const blip& b) { return b.value % 3 != 0; })
          .event_time(time_of, bounded_out_of_orderness(20us));
    };
    const memory_sink<std::string> loaded, again;
    const auto row = [](const blip& l, const blip& r) { return say(&l, &r); };
    const auto lefts = from(left_of).key_by(&blip::key);
    const auto rights = from(right_of).key_by(&blip::key).to_table();
    lefts.join(rights).once_loaded().apply(row).named("loaded").to(loaded);
    if (!alone) lefts.join(rights).once_loaded().apply(row).named("again").to(again);
    auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
    REQUIRE(running);
    REQUIRE_FALSE(running->wait().failure);

    std::map<std::int64_t, blip> last;
    for (std::uint64_t i = 0; i < n; ++i)
      if (i % 3 != 0) last[right_of(i).key] = right_of(i);
    std::multiset<std::string> expected;
    for (std::uint64_t i = 0; i < n; ++i) {
      const blip l = left_of(i);
      if (i % 3 != 0) expected.insert(say(&l, &last.at(l.key)));
    }
    CHECK(texts_of(loaded) == expected);
    CHECK(texts_of(again) == (alone ? std::multiset<std::string>{} : expected));
  }
}

TEST_CASE("a source with a bound on its drift waits for a table that is slow to load") {
  pipeline p{"slow table"};
  constexpr std::int64_t rows = 300;
  constexpr std::int64_t events = 300'000;
  // 0.3 s; the stream would be through long before that.
  auto table = p.from(generator{[](std::uint64_t i) {
                                  return blip{static_cast<std::int64_t>(i), 7};
                                },
                                {.events = rows, .rate = 1000}})
                   .key_by(&blip::key)
                   .to_table();
  const memory_sink<std::int64_t> joined;
  p.from(generator{[](std::uint64_t i) {
                     return blip{static_cast<std::int64_t>(i) % rows, static_cast<std::int64_t>(i)};
                   },
                   {.events = events}})
      .event_time([](const blip& b) { return tick(b.value); }, bounded_out_of_orderness(0us),
                  {.max_drift = 1ms})
      .key_by(&blip::key)
      .join(table)
      .once_loaded(30'000)
      .apply([](const blip& e, const blip& row) { return e.value + row.value; })
      .named("join")
      .to(joined);
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  REQUIRE(running);
  const run_summary done = running->wait();
  REQUIRE_FALSE(done.failure);
  CHECK(running->dead_letters().empty());
  CHECK(joined.values().size() == events);
}
