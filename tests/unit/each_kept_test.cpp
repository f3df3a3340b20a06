// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/each_kept.hpp"
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

using namespace weir;
using namespace weir::test;

namespace {

using numbers = std::vector<std::size_t>;

std::vector<std::pair<tick, timestamp>> ticks(std::int64_t n) {
  std::vector<std::pair<tick, timestamp>> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back({tick{9, i}, ms(i)});
  return all;
}

/// source -> "work": a filter that fails at each value that ends in 77, and a map -> sinks.
pipeline filtering(bool named) {
  pipeline p{"p"};
  auto kept = p.from(memory_source{std::vector<tick>{}})
                  .stage("work", {.parallelism = 1})
                  .filter([](const tick& t) {
                    if (t.value % 100 == 77) throw std::runtime_error("seventy-seven");
                    return t.value % 3 != 0;
                  })
                  .map([](const tick& t) { return t.value; });
  memory_sink<std::int64_t> out;
  if (named) {
    stream<std::int64_t> s = std::move(kept);
    s.filter([](std::int64_t v) { return v >= 0; }).to(out);
    s.filter([](std::int64_t v) { return v < 0; }).to(memory_sink<std::int64_t>{});
  } else {
    std::move(kept).to(out);
  }
  p.dead_letters_to(memory_sink<dead_letter>{});
  return p;
}

}  // namespace

TEST_CASE("each_kept uses what is kept, in order, over blocks of any size") {
  for (const std::size_t n : {0, 1, 127, 128, 129, 1000}) {
    INFO(n);
    numbers used;
    std::size_t at = 0;
    flow::each_kept(
        at, n, [](std::size_t i) { return i % 5 != 0; },
        [&](std::size_t i) {
          used.push_back(i);
          return true;
        });
    numbers expected;
    for (std::size_t i = 0; i < n; ++i)
      if (i % 5 != 0) expected.push_back(i);
    CHECK(used == expected);
    CHECK(at == n);
  }
}

TEST_CASE("each_kept stands at the number whose question failed, and has used all before it") {
  for (const std::size_t bad : {0, 1, 127, 128, 200}) {
    INFO(bad);
    numbers used;
    std::size_t at = 0;
    const auto keep = [&](std::size_t i) {
      if (i == bad) throw std::runtime_error("bad");
      return true;
    };
    const auto use = [&](std::size_t i) {
      used.push_back(i);
      return true;
    };
    CHECK_THROWS(flow::each_kept(at, 300, keep, use));
    CHECK(at == bad);
    CHECK(used.size() == bad);
  }
}

TEST_CASE("each_kept stands at the number whose use failed") {
  numbers used;
  std::size_t at = 0;
  const auto use = [&](std::size_t i) {
    if (i == 151) throw std::runtime_error("bad");
    used.push_back(i);
    return true;
  };
  CHECK_THROWS(flow::each_kept(
      at, 300, [](std::size_t i) { return i % 2 == 1; }, use));
  CHECK(at == 151);
  CHECK(used.back() == 149);
}

TEST_CASE("each_kept goes on where a use had enough") {
  numbers used;
  std::size_t at = 0;
  const auto keep = [](std::size_t i) { return i % 3 == 1; };
  const auto use = [&](std::size_t i) {
    used.push_back(i);
    return i % 10 != 0;
  };
  numbers stops, expected;
  while (at < 500) {
    flow::each_kept(at, 500, keep, use);
    if (at < 500) stops.push_back(at);
  }
  for (std::size_t i = 1; i < 500; i += 3) expected.push_back(i);
  CHECK(used == expected);
  CHECK(stops.size() == 17);
  for (const std::size_t s : stops) CHECK(s % 30 == 11);
}

TEST_CASE(
    "a leading filter that throws fails these events alone, and the others keep their order") {
  for (const bool named : {false, true}) {
    INFO(named);
    one_stage s{filtering(named), "work"};
    s.grant_all();
    s.send(0, ticks(1'000));
    s.work();
    std::vector<std::int64_t> expected;
    for (std::int64_t v = 0; v < 1'000; ++v)
      if (v % 100 != 77 && v % 3 != 0) expected.push_back(v);
    CHECK(s.values<std::int64_t>(0) == expected);
    const auto letters = s.values<dead_letter>(s.outputs() - 1);
    REQUIRE(letters.size() == 10);
    for (std::size_t i = 0; i < letters.size(); ++i) {
      CHECK(letters[i].operator_name.starts_with("filter"));
      CHECK(letters[i].event_time == ms(static_cast<std::int64_t>(100 * i + 77)));
    }
  }
}

TEST_CASE("an event that fails behind a leading filter is not laid to the filter") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("work", {.parallelism = 1})
      .filter([](const tick& t) {
        if (t.value == 7) throw std::runtime_error("seven");
        return true;
      })
      .map([](const tick& t) {
        if (t.value == 5) throw std::runtime_error("five");
        return t.value;
      })
      .to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, ticks(20));
  s.work();
  CHECK(s.values<std::int64_t>(0).size() == 18);
  const auto letters = s.values<dead_letter>(1);
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].error == "five");
  CHECK(letters[0].operator_name.starts_with("map"));
  CHECK(letters[1].error == "seven");
  CHECK(letters[1].operator_name.starts_with("filter"));
}

namespace {

/// Emits an event twice, and does not say that it may emit several.
struct twice {
  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next& next, flow::step&) {
    next(event, at);
    next(event, at);
  }
};

}  // namespace

TEST_CASE("an operator of one's own may emit more than there are events") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("work", {.parallelism = 1})
      .with_operator<tick>("twice", twice{})
      .to(memory_sink<tick>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, ticks(1'000));
  s.work();
  CHECK(s.values<tick>(0).size() == 2'000);
}

TEST_CASE("events written ahead fill batches to their limit, and no further") {
  pipeline p{"p", {.batches = {.events = 100}}};
  p.from(memory_source{std::vector<tick>{}})
      .stage("work", {.parallelism = 1})
      .map([](const tick& t) { return t.value; })
      .to(memory_sink<std::int64_t>{});
  one_stage s{p, "work"};
  s.grant(0, 1'000, 40);  // the receiver wants less
  s.send(0, ticks(130));
  s.work();
  std::vector<std::size_t> sizes;
  std::int64_t next = 0;
  for (const flow::frame& f : s.taken(0)) {
    if (!f.body) continue;
    sizes.push_back(f.body->size());
    const auto& events = static_cast<flow::batch_body<std::int64_t>&>(*f.body).events;
    for (std::size_t i = 0; i < events.size(); ++i, ++next) {
      CHECK(events.values[i] == next);
      CHECK(events.times[i] == ms(next));
    }
  }
  CHECK(sizes == std::vector<std::size_t>{40, 40, 40, 10});
}
