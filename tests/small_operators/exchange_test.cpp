// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

const memory_source no_sales{std::vector<sale>{}};
sale newer(const sale&, const sale& s) { return s; }

}  // namespace

TEST_CASE("a keyed stream that is used twice has one exchange and one stage") {
  pipeline p{"p"};
  const auto keyed =
      p.from(no_sales).event_time(&sale::at, monotonous_timestamps{}).key_by(&sale::shop);
  keyed.reduce(newer).named("newest").to(memory_sink<sale>{});
  keyed.throttle(1, 1s).named("few").to(memory_sink<sale>{});
  const auto g = p.build();
  REQUIRE(g);
  std::size_t by_key = 0;
  for (const edge_plan& e : g->plan().edges) by_key += e.how == partition::hash ? 1 : 0;
  CHECK(by_key == 1);
}

TEST_CASE("a keyed stream may be told its parallelism before and after it is used") {
  for (const bool before : {true, false}) {
    pipeline p{"p"};
    auto keyed = p.from(no_sales).key_by(&sale::shop);
    if (before) keyed.parallelism(5);
    keyed.reduce(newer).named("newest").to(memory_sink<sale>{});
    if (!before) keyed.parallelism(5);
    const auto g = p.build();
    REQUIRE(g);
    CHECK(g->plan().stages.at(1).parallelism == 5);
  }
}

TEST_CASE("a keyed stream that goes nowhere is a mistake, also beside one that has a sink") {
  pipeline p{"p"};
  auto all = p.from(no_sales);
  all.to(memory_sink<sale>{});
  all.key_by(&sale::shop);
  CHECK(mistakes_of(p).find("the stream after 'key_by'") != std::string::npos);
}

TEST_CASE("count_by counts by key and window") {
  pipeline p{"p"};
  memory_sink<window_result<std::string, std::uint64_t>> out;
  p.from(memory_source{std::vector<sale>{sold("a", 1, 1), sold("b", 1, 2), sold("a", 1, 3)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .count_by(&sale::shop, tumbling{10ms})
      .to(out);
  run(p);
  REQUIRE(out.size() == 2);
  for (const auto& r : out.values()) CHECK(r.value == (r.key == "a" ? 2 : 1));
}

TEST_CASE("top gives the highest of all events of a window, highest first") {
  pipeline p{"p", {.parallelism = 2}};
  memory_sink<window_result<no_key, std::vector<sale>>> out;
  p.from(memory_source{std::vector<sale>{sold("a", 3, 1), sold("b", 9, 2), sold("c", 5, 3),
                                         sold("d", 1, 12)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .top(2, &sale::amount, tumbling{10ms})
      .to(out);
  run(p);
  REQUIRE(out.size() == 2);
  CHECK(out.values()[0].value == std::vector{sold("b", 9, 2), sold("c", 5, 3)});
  CHECK(out.values()[1].value == std::vector{sold("d", 1, 12)});
}
