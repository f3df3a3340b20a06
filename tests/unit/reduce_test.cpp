// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::verdict;

namespace {

using ticks = std::vector<tick>;

tick add(const tick& a, const tick& b) {
  if (b.value == 13) throw std::runtime_error("thirteen");
  return {a.key, a.value + b.value};
}

ticks reduced(const ticks& in) {
  pipeline p{"p"};
  memory_sink<tick> out;
  p.from(memory_source{in}).key_by(&tick::key).reduce(add).to(out);
  run(p);
  return out.values();
}

}  // namespace

TEST_CASE("reduce emits the value so far at each event, key by key") {
  CHECK(reduced({}).empty());
  CHECK(reduced({{1, 5}}) == ticks{{1, 5}});
  CHECK(reduced({{1, 5}, {2, 1}, {1, 6}, {2, 2}, {1, 7}}) ==
        ticks{{1, 5}, {2, 1}, {1, 11}, {2, 3}, {1, 18}});
}

TEST_CASE("an event that reduce fails on leaves the value as it was") {
  CHECK(reduced({{1, 5}, {1, 13}, {1, 6}}) == ticks{{1, 5}, {1, 11}});
}

TEST_CASE("reduce works on without credit where it stopped") {
  pipeline p{"p"};
  p.from(memory_source{ticks{}})
      .key_by(&tick::key)
      .reduce(add)
      .named("sum")
      .to(memory_sink<tick>{});
  one_stage s{p, "sum"};
  s.grant(0, 1, 1);
  s.send(0, std::vector<std::pair<tick, timestamp>>{
                {{1, 1}, ms(0)}, {{1, 2}, ms(0)}, {{1, 3}, ms(0)}, {{1, 4}, ms(0)}});
  CHECK(s.work() == verdict::blocked);
  s.grant_all();
  CHECK(s.work() == verdict::done);
  CHECK(s.values<tick>(0) == ticks{{1, 1}, {1, 3}, {1, 6}, {1, 10}});
}
