// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/local_channel.hpp"
#include "weir/actors/spsc_ring.hpp"
#include "weir/flow/batch_body.hpp"

#include <catch2/catch_test_macros.hpp>

#include <thread>

using namespace weir;
using actors::spsc_ring;

TEST_CASE("a ring gives back what was pushed, in order") {
  spsc_ring<int> ring{4};
  int out = 0;
  CHECK_FALSE(ring.pop(out));
  for (int i = 0; i < 4; ++i) CHECK(ring.push(int{i}));
  for (int i = 0; i < 4; ++i) {
    REQUIRE(ring.pop(out));
    CHECK(out == i);
  }
  CHECK_FALSE(ring.pop(out));
}

TEST_CASE("a full ring refuses a push and keeps what it has") {
  spsc_ring<int> ring{2};
  CHECK(ring.push(1));
  CHECK(ring.push(2));
  CHECK_FALSE(ring.push(3));
  int out = 0;
  REQUIRE(ring.pop(out));
  CHECK(out == 1);
  CHECK(ring.push(4));
}

TEST_CASE("two threads pass a million numbers through a small ring without loss or disorder") {
  spsc_ring<int> ring{8};
  constexpr int n = 1'000'000;
  std::thread pusher{[&] {
    for (int i = 0; i < n;)
      if (ring.push(int{i}))
        ++i;
      else
        std::this_thread::yield();
  }};
  bool in_order = true;
  for (int expected = 0; expected < n;) {
    int out = -1;
    if (!ring.pop(out)) {
      std::this_thread::yield();
      continue;
    }
    in_order = in_order && out == expected++;
  }
  pusher.join();
  CHECK(in_order);
}

TEST_CASE("a grant is taken once, and the newest replaces the ones before") {
  actors::local_channel channel{7, 3, 8, std::make_shared<actors::doorbell>(),
                                std::make_shared<actors::doorbell>()};
  flow::grant g;
  CHECK_FALSE(channel.take_grant(g));
  channel.grant({7, 3, 8, 100, min_timestamp, nullptr});
  channel.grant({7, 3, 12, 50, min_timestamp, nullptr});
  REQUIRE(channel.take_grant(g));
  CHECK(g.up_to == 12);
  CHECK(g.max_events == 50);
  CHECK(g.channel == 7);
  CHECK(g.attempt == 3);
  CHECK_FALSE(channel.take_grant(g));
}

TEST_CASE("bodies come back to the sender with the grant") {
  actors::local_channel channel{0, 0, 8, std::make_shared<actors::doorbell>(),
                                std::make_shared<actors::doorbell>()};
  flow::body_ptr first{new flow::batch_body<int>};
  first->next = flow::body_ptr{new flow::batch_body<int>};
  channel.grant({0, 0, 8, 100, min_timestamp, std::move(first)});
  flow::grant g;
  REQUIRE(channel.take_grant(g));
  REQUIRE(g.returned);
  REQUIRE(g.returned->next);
  CHECK_FALSE(g.returned->next->next);
}

TEST_CASE("a sender that begins to wait just after a grant has come is told so") {
  actors::local_channel channel{0, 0, 8, std::make_shared<actors::doorbell>(),
                                std::make_shared<actors::doorbell>()};
  CHECK_FALSE(channel.wait_for_grant(true));
  channel.grant({0, 0, 8, 100, min_timestamp, nullptr});
  CHECK(channel.wait_for_grant(true));
  flow::grant g;
  REQUIRE(channel.take_grant(g));
  CHECK_FALSE(channel.wait_for_grant(true));
}
