// SPDX-License-Identifier: BSD-3-Clause
#include "unit/asker.hpp"
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::frame_kind;

namespace {

pipeline asking() {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .stage("ask", {.parallelism = 1})
      .with_operator<std::int64_t>("asker", asker{})
      .to(memory_sink<std::int64_t>{});
  return p;
}

bytes encoded(std::int64_t value) {
  bytes b;
  encode(value, b);
  return b;
}

}  // namespace

TEST_CASE("an operator's requests are answered by completions of the same id, in any order") {
  one_stage s{asking(), "ask"};
  s.grant_all();
  s.send(0, std::vector<std::pair<tick, timestamp>>{{{0, 7}, ms(1)}, {{0, 8}, ms(2)}});
  s.work();
  REQUIRE(s.effects().requests.size() == 2);
  CHECK(s.effects().requests[0].target == "double");
  CHECK(s.effects().requests[0].payload == encoded(7));
  const auto first = s.effects().requests[0].id;
  const auto second = s.effects().requests[1].id;
  s.effects().requests.clear();
  s.machine().take(flow::completion{second, encoded(16)}, s.effects());
  s.work();
  CHECK(s.values<std::int64_t>(0) == std::vector<std::int64_t>{16});
  s.machine().take(flow::completion{first, encoded(14)}, s.effects());
  s.work();
  CHECK(s.values<std::int64_t>(0) == std::vector<std::int64_t>{14});
}

TEST_CASE("the end waits for the answers to what was asked before it") {
  one_stage s{asking(), "ask"};
  s.grant_all();
  s.send(0, std::vector<std::pair<tick, timestamp>>{{{0, 7}, ms(1)}});
  s.send_end(0);
  s.work();
  const auto id = s.effects().requests.at(0).id;
  s.effects().requests.clear();
  s.work();
  CHECK_FALSE(s.machine().ended());
  s.machine().take(flow::completion{id, encoded(14)}, s.effects());
  s.work();
  CHECK(s.machine().ended());
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 2);
  CHECK(frames[0].kind == frame_kind::data);
  CHECK(frames[1].kind == frame_kind::end);
}
