// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/routers.hpp"
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace weir;
using namespace weir::test;

TEST_CASE("every group has one owner, and every instance a share of them") {
  for (const std::uint32_t groups : {1U, 7U, 128U, 1000U})
    for (std::uint32_t instances = 1; instances <= std::min(groups, 9U); ++instances) {
      INFO(groups << " groups, " << instances << " instances");
      std::vector<std::uint32_t> owned(instances);
      std::uint32_t before = 0;
      for (std::uint32_t g = 0; g < groups; ++g) {
        const std::uint32_t owner = instance_of_group(g, instances, groups);
        REQUIRE(owner < instances);
        REQUIRE(owner >= before);  // in one piece
        before = owner;
        ++owned[owner];
      }
      for (const std::uint32_t n : owned) {
        CHECK(n >= groups / instances);
        CHECK(n <= groups / instances + 1);
      }
    }
}

TEST_CASE("a key grouper agrees with the division, for powers of two too") {
  for (const std::uint32_t groups : {1U, 2U, 3U, 100U, 128U, 32768U}) {
    const key_grouper group_of{groups};
    for (std::uint64_t i = 0; i < 1000; ++i) {
      const std::uint64_t hash = key_hash(i);
      REQUIRE(group_of(hash) == group_of_hash(hash, groups));
    }
  }
}

TEST_CASE("a hash router sends every key to the instance that owns its group") {
  for (const std::uint32_t groups : {4U, 7U, 128U})
    for (std::uint32_t lanes = 1; lanes <= 4; ++lanes) {
      std::vector<flow::channel_id> ids(lanes);
      const flow::typed_output_port<tick> port{ids, 0, {}, false};
      const flow::hash_router route{&tick::key, groups, lanes};
      std::set<std::size_t> used;
      for (std::uint64_t k = 0; k < 500; ++k) {
        const std::size_t lane = route(tick{k, 0}, port);
        used.insert(lane);
        REQUIRE(lane == instance_of_group(group_of_hash(key_hash(k), groups), lanes, groups));
      }
      CHECK(used.size() == lanes);
    }
}

TEST_CASE("minus zero and zero are one key") { CHECK(key_hash(-0.0) == key_hash(0.0)); }

TEST_CASE("a round robin router goes on to the next lane with each batch") {
  flow::effects out;
  flow::typed_output_port<tick> port{{0, 1, 2}, 0, {.events = 2}, false};
  port.begin_step(out);
  for (flow::channel_id c = 0; c < 3; ++c) port.on_grant({c, 0, 10, 1024, {}, nullptr});
  flow::round_robin_router route;
  std::vector<std::size_t> lanes;
  for (int i = 0; i < 8; ++i) {
    lanes.push_back(route(tick{}, port));
    port.emit(lanes.back(), tick{}, ms(0));
  }
  CHECK(lanes == std::vector<std::size_t>{0, 0, 1, 1, 2, 2, 0, 0});
}

TEST_CASE("a round robin router leaves out a lane without credit while another has some") {
  flow::effects out;
  flow::typed_output_port<tick> port{{0, 1, 2}, 0, {.events = 1}, false};
  port.begin_step(out);
  port.on_grant({0, 0, 10, 1024, {}, nullptr});
  port.on_grant({2, 0, 10, 1024, {}, nullptr});
  flow::round_robin_router route;
  std::vector<std::size_t> lanes;
  for (int i = 0; i < 4; ++i) {
    lanes.push_back(route(tick{}, port));
    port.emit(lanes.back(), tick{}, ms(0));
  }
  CHECK(lanes == std::vector<std::size_t>{0, 2, 0, 2});
}
