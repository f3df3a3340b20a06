// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;

namespace {

using ticks = std::vector<tick>;

ticks numbers(std::int64_t n) {
  ticks all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back({0, i});
  return all;
}

/// Runs `make` on a stream of these events, and answers what comes out.
template <class T, class Make>
std::vector<T> through(const ticks& in, Make make, pipeline_options o = {},
                       simulation_options how = {}) {
  pipeline p{"p", o};
  memory_sink<T> out;
  make(p.from(memory_source{in})).to(out);
  run(p, std::move(how));
  return out.values();
}

}  // namespace

TEST_CASE("map gives one value for each event, of another type if it likes") {
  const auto to_text = [](auto s) {
    return std::move(s).map([](const tick& t) { return std::to_string(t.value); });
  };
  CHECK(through<std::string>({}, to_text).empty());
  CHECK(through<std::string>(numbers(1), to_text) == std::vector<std::string>{"0"});
  CHECK(through<std::string>(numbers(3), to_text) == std::vector<std::string>{"0", "1", "2"});
}

TEST_CASE("map takes a member pointer") {
  CHECK(through<std::int64_t>(numbers(3), [](auto s) { return std::move(s).map(&tick::value); }) ==
        std::vector<std::int64_t>{0, 1, 2});
}

TEST_CASE("filter keeps the events that its predicate holds for") {
  const auto even = [](auto s) {
    return std::move(s).filter([](const tick& t) { return t.value % 2 == 0; });
  };
  CHECK(through<tick>({}, even).empty());
  CHECK(through<tick>(numbers(5), even) == ticks{{0, 0}, {0, 2}, {0, 4}});
  CHECK(through<tick>(numbers(2), [](auto s) {
          return std::move(s).filter([](const tick&) { return false; });
        }).empty());
}

TEST_CASE("flat_map emits each element of a range") {
  const auto copies = [](auto s) {
    return std::move(s).flat_map(
        [](const tick& t) { return std::vector<std::int64_t>(t.value, t.value); });
  };
  CHECK(through<std::int64_t>(numbers(4), copies) == std::vector<std::int64_t>{1, 2, 2, 3, 3, 3});
}

TEST_CASE("flat_map emits what its function hands to the emitter") {
  const auto copies = [](auto s) {
    return std::move(s).template flat_map<std::string>([](const tick& t, auto emit) {
      for (int i = 0; i < t.value; ++i) emit(std::to_string(t.value));
    });
  };
  CHECK(through<std::string>(numbers(3), copies) == std::vector<std::string>{"1", "2", "2"});
}

TEST_CASE("one event may have more outputs than all channels have room for") {
  const auto many = [](auto s) {
    return std::move(s).flat_map([](const tick& t) {
      return std::vector<tick>(5000, tick{1, t.value});
    });
  };
  const ticks got =
      through<tick>(numbers(2), many, {.batches = {.events = 2}, .credits = {.frames = 1}},
                    {.outputs_of_one_event = 5000});
  CHECK(got.size() == 10'000);
  CHECK(got.front().value == 0);
  CHECK(got.back().value == 1);
}

TEST_CASE("a chain keeps the order of events") {
  const ticks got = through<tick>(numbers(1000), [](auto s) {
    return std::move(s)
        .map([](const tick& t) {
          return tick{t.key, t.value * 2};
        })
        .filter([](const tick& t) { return t.value % 4 == 0; })
        .flat_map([](const tick& t) {
          return std::vector{t, tick{t.key, t.value + 1}};
        });
  });
  REQUIRE(got.size() == 1000);
  for (std::size_t i = 0; i < got.size(); ++i)
    REQUIRE(got[i].value == static_cast<std::int64_t>(i / 2 * 4 + i % 2));
}

TEST_CASE("a filter moves events that nobody else wants") {
  pipeline p{"p"};
  memory_sink<std::string> out;
  p.from(memory_source{std::vector<std::string>{std::string(100, 'a'), std::string(100, 'b')}})
      .filter([](const std::string& s) { return s[0] == 'a'; })
      .to(out);
  run(p);
  CHECK(out.values() == std::vector<std::string>{std::string(100, 'a')});
}

TEST_CASE("a stream without a name is evaluated once for its one consumer") {
  pipeline p{"p"};
  memory_sink<tick> out;
  auto calls = std::make_shared<int>(0);
  p.from(memory_source{numbers(10)})
      .map([calls](const tick& t) {
        ++*calls;
        return t;
      })
      .to(out);
  run(p);
  CHECK(*calls == 10);
}

TEST_CASE("a named stream with three consumers is evaluated once, and each sees all of it") {
  pipeline p{"p", {.batches = {.events = 3}}};
  memory_sink<tick> a;
  memory_sink<tick> b;
  memory_sink<std::string> c;
  auto calls = std::make_shared<int>(0);
  auto mapped = p.from(memory_source{numbers(10)}).map([calls](const tick& t) {
    ++*calls;
    return t;
  });
  mapped.to(a);
  mapped.filter([](const tick& t) { return t.value < 5; }).to(b);
  mapped.map([](const tick& t) { return std::to_string(t.value); }).to(c);
  run(p);
  CHECK(*calls == 10);
  CHECK(a.values() == numbers(10));
  CHECK(b.values() == numbers(5));
  CHECK(c.size() == 10);
}

TEST_CASE("consumers of a named stream can't change what the others see") {
  pipeline p{"p"};
  memory_sink<std::string> a;
  memory_sink<std::string> b;
  auto all = p.from(memory_source{std::vector<std::string>{std::string(50, 'x')}});
  all.filter([](const std::string&) { return true; }).to(a);  // may not move the event out
  all.to(b);
  run(p);
  CHECK(a.values() == b.values());
  CHECK(a.values().at(0).size() == 50);
}

TEST_CASE("a source without events ends its pipeline") {
  pipeline p{"p"};
  memory_sink<tick> out;
  p.from(memory_source{ticks{}}).map([](const tick& t) { return t; }).to(out);
  run(p);
  CHECK(out.size() == 0);
}

TEST_CASE("several instances share the work, and nothing is lost") {
  pipeline p{"p"};
  memory_sink<tick> out;
  p.from(memory_source{numbers(1000)})
      .stage("wide", {.parallelism = 4})
      .map([](const tick& t) { return t; })
      .to(out);
  run(p, {.seed = 5});
  CHECK(sorted(out.values()) == numbers(1000));
}
