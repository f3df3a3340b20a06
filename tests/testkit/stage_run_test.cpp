// SPDX-License-Identifier: BSD-3-Clause
#include "testkit/sample.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct last_price {
  using output = std::int64_t;
  value_state<std::int64_t> last{"last"};
  list_state<std::int64_t> all{"all"};
  auto states() { return std::tie(last, all); }
  void on_event(const bid& b, process_context<std::string, std::int64_t>&) {
    last.put(b.price);
    all.append(b.price);
  }
};

}  // namespace

TEST_CASE("a stage of a pipeline is run alone, frame by frame") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<bid>{}})
      .key_by(&bid::item)
      .process(last_price{})
      .named("last")
      .to(memory_sink<std::int64_t>{});
  stage_run s{p, "last"};
  s.grant_all();
  s.send(0, std::vector<std::pair<bid, timestamp>>{{on("pen", 3), ms(1)}});
  s.send_watermark(0, ms(1));
  CHECK(s.work() == flow::verdict::done);
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  CHECK(frames[0].progress.watermark == ms(1));
  CHECK(s.metrics().events_in.get() == 1);
}

TEST_CASE("a stage that there is not is an error that names those there are") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<bid>{}}).stage("middle").to(memory_sink<bid>{});
  CHECK_THROWS_WITH((stage_run{p, "centre"}), Catch::Matchers::ContainsSubstring(
                                                  "pipeline 'p' has no stage 'centre', only") &&
                                                  Catch::Matchers::ContainsSubstring("middle"));
}

TEST_CASE("the state that a processor keeps by key is read from a snapshot") {
  operator_run run{
      [](stream<bid> in) { return in.key_by(&bid::item).process(last_price{}).named("last"); },
      {.pipeline = {.parallelism = 3}}};
  run.push(on("pen", 1)).push(on("pen", 2)).push(on("ink", 3));
  const auto saved = run.snapshot();
  CHECK(keyed_state_in<std::string, std::int64_t>(saved, "last", "last") ==
        std::map<std::string, std::int64_t>{{"ink", 3}, {"pen", 2}});
  CHECK(keyed_state_in<std::string, std::vector<std::int64_t>>(saved, "last", "all").at("pen") ==
        std::vector<std::int64_t>{1, 2});
  CHECK_THROWS_AS((keyed_state_in<std::string, std::string>(saved, "last", "last")), exception);

  bool found = false;
  for (const state_size& s : state_sizes(saved))
    if (s.operator_id == "last" && s.state == "last") {
      found = true;
      CHECK(s.parts == 2);
      CHECK(s.bytes > 16);
    }
  CHECK(found);
}
