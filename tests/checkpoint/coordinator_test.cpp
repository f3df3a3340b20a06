// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/coordinator.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace std::chrono_literals;
using order = checkpoint_order::kind;
using flow::checkpoint_kind;

namespace {

/// A coordinator of two instances, whose clock the test moves.
struct coordination {
  explicit coordination(checkpoint_timing timing, std::uint64_t first = 1)
      : machine{timing, 2, first} {
    machine.begin(now);
  }

  /// What it wanted since the last call, but for what is to be written.
  std::vector<order> wanted() {
    std::vector<order> kinds;
    for (const checkpoint_order& o : out) {
      if (o.what == order::write) written.insert(written.end(), o.parts.begin(), o.parts.end());
      if (o.what != order::write) kinds.push_back(o.what);
    }
    last = out.empty() ? last : out.back();
    out.clear();
    return kinds;
  }
  std::vector<order> at(std::chrono::nanoseconds t) {
    now = steady_time{t};
    machine.tick(now, out);
    return wanted();
  }
  std::vector<order> acknowledge(std::uint32_t instance, std::uint64_t id,
                                 checkpoint_kind kind = checkpoint_kind::checkpoint) {
    machine.on_acknowledged(instance, {id, kind}, {{"op", "state", state_kind::list, 0, {}}}, 0,
                            now, out);
    return wanted();
  }
  std::vector<order> stored(std::uint64_t id, bool durable = true,
                            checkpoint_kind kind = checkpoint_kind::checkpoint) {
    machine.on_stored({id, kind}, durable, now, out);
    return wanted();
  }
  std::vector<order> committed(std::uint32_t instance, std::uint64_t id) {
    machine.on_committed(instance, {id, checkpoint_kind::checkpoint}, out);
    return wanted();
  }

  steady_time now{};
  checkpoint_coordinator machine;
  checkpoint_coordinator::orders out;
  checkpoint_order last;
  std::vector<snapshot_part> written;
};

using orders = std::vector<order>;

}  // namespace

TEST_CASE("a checkpoint is triggered, acknowledged by all, stored, and only then committed") {
  coordination c{{.interval = 10s}, 7};
  CHECK(c.machine.wakes_at() == steady_time{10s});
  CHECK(c.at(9s).empty());
  CHECK(c.at(10s) == orders{order::trigger});
  CHECK(c.last.barrier.id == 7);
  CHECK(c.acknowledge(0, 7).empty());
  CHECK(c.acknowledge(1, 7) == orders{order::store});
  CHECK(c.written.size() == 1);
  CHECK(c.last.parts.size() == 1);
  CHECK(c.stored(7) == orders{order::commit});
  CHECK(c.committed(0, 7).empty());
  CHECK(c.committed(0, 7).empty());
  CHECK(c.committed(1, 7) == orders{order::done});
}

TEST_CASE("barriers say whether anybody keeps state") {
  for (const bool keeps : {true, false}) {
    checkpoint_coordinator c{{}, 1, 1, keeps};
    checkpoint_coordinator::orders out;
    c.ask(checkpoint_kind::final, steady_time{}, out);
    REQUIRE(out.size() == 1);
    CHECK(out[0].barrier == flow::barrier{1, checkpoint_kind::final, keeps});
  }
}

TEST_CASE("an acknowledgement that is repeated or of another checkpoint does not count") {
  coordination c{{.interval = 1s}};
  (void)c.at(1s);
  CHECK(c.acknowledge(0, 1).empty());
  CHECK(c.acknowledge(0, 1).empty());
  CHECK(c.acknowledge(1, 9).empty());
  CHECK(c.acknowledge(1, 1) == orders{order::store});
  CHECK(c.acknowledge(1, 1).empty());
}

TEST_CASE("what an instance has saved is written before it has saved all") {
  coordination c{{.interval = 1s, .timeout = 3s}};
  const auto save = [&](std::uint32_t instance, std::uint64_t id, std::size_t parts) {
    const snapshot_part watermark{"op", "@watermark", state_kind::union_list, 0, {}};
    c.machine.on_saved_some(instance, {id}, std::vector(parts, watermark), c.out);
    return c.wanted();
  };
  const auto acknowledge = [&](std::uint32_t instance, std::uint64_t id, std::size_t before) {
    c.machine.on_acknowledged(instance, {id}, {{"op", "rest", state_kind::list, 0, {}}}, before,
                              c.now, c.out);
    return c.wanted();
  };
  (void)c.at(1s);
  CHECK(save(1, 1, 2).empty());
  CHECK(c.last.barrier.id == 1);
  REQUIRE(c.written.size() == 2);
  CHECK(c.written[0].group == 2);  // whose watermark it is
  CHECK(save(1, 9, 2).empty());
  CHECK(acknowledge(0, 1, 0).empty());
  CHECK(c.written.size() == 3);
  SECTION("with all of its parts it is complete") {
    CHECK(save(1, 1, 1).empty());
    CHECK(acknowledge(1, 1, 3) == orders{order::store});
    CHECK(c.last.parts.size() == 1);
    CHECK(c.written.size() == 4);
  }
  SECTION("none of its parts may be missing, and the next waits until what was written is gone") {
    CHECK(acknowledge(1, 1, 3).empty());
    CHECK(c.at(4s) == orders{order::abandon});
    CHECK(c.at(5s).empty());
    CHECK(c.machine.wakes_at() == steady_time{7s});
    CHECK(c.at(7s) == orders{order::overdue});
    c.machine.on_dropped({9}, c.now, c.out);
    CHECK(c.at(8s).empty());
    c.machine.on_dropped({1}, c.now, c.out);
    CHECK(c.at(8s) == orders{order::trigger});
    CHECK(save(1, 1, 1).empty());
    CHECK(acknowledge(0, 2, 0).empty());
    CHECK(acknowledge(1, 2, 0) == orders{order::store});
  }
}

TEST_CASE("whatever happens while one that was given up is dropped, checkpoints go on after it") {
  coordination c{{.interval = 10s}};
  (void)c.at(10s);
  (void)c.acknowledge(0, 1);
  c.machine.pause();
  c.machine.give_up(c.now, c.out);
  CHECK(c.wanted() == orders{order::abandon});
  const auto drop = [&] {
    c.machine.on_dropped({1}, c.now, c.out);
    return c.wanted();
  };
  SECTION("a region is down when it is gone") {
    CHECK(drop().empty());
    c.machine.resume(c.now, c.out);
    CHECK(c.wanted().empty());
    CHECK(c.at(20s) == orders{order::trigger});
  }
  SECTION("the region is back before that") {
    c.machine.resume(c.now, c.out);
    CHECK(c.at(20s).empty());
    CHECK(drop().empty());
    CHECK(c.at(20s) == orders{order::trigger});
  }
  SECTION("the last one is asked for") {
    c.machine.resume(c.now, c.out);
    c.machine.ask(checkpoint_kind::final, c.now, c.out);
    CHECK(c.wanted().empty());
    CHECK(c.machine.last_is_due());
    CHECK(drop() == orders{order::trigger});
    CHECK(c.last.barrier == flow::barrier{2, checkpoint_kind::final});
  }
  SECTION("the last one is asked for, and a stage fails once more") {
    c.machine.resume(c.now, c.out);
    c.machine.ask(checkpoint_kind::final, c.now, c.out);
    c.machine.give_up(c.now, c.out);
    CHECK(c.wanted().empty());
    CHECK(drop().empty());
    CHECK(!c.machine.last_is_due());
  }
}

TEST_CASE("one at a time, and a pause between the end of one and the beginning of the next") {
  coordination c{{.interval = 10s, .min_pause = 5s}};
  (void)c.at(10s);
  CHECK(c.at(25s).empty());
  (void)c.acknowledge(0, 1);
  (void)c.acknowledge(1, 1);
  CHECK(c.stored(1) == orders{order::commit});
  CHECK(c.at(29s).empty());
  CHECK(c.machine.wakes_at() == steady_time{30s});
  CHECK(c.at(30s) == orders{order::trigger});
}

TEST_CASE("a checkpoint that takes longer than its timeout is given up, and the next one begins") {
  coordination c{{.interval = 10s, .timeout = 4s}};
  (void)c.at(10s);
  (void)c.acknowledge(0, 1);
  CHECK(c.machine.wakes_at() == steady_time{14s});
  CHECK(c.at(14s) == orders{order::abandon});
  CHECK(c.acknowledge(1, 1).empty());
  CHECK(c.machine.failures() == 1);
  c.machine.on_dropped({1}, c.now, c.out);
  CHECK(c.at(20s) == orders{order::trigger});
  CHECK(c.last.barrier.id == 2);
}

TEST_CASE("a checkpoint that can't be stored is not committed") {
  coordination c{{.interval = 10s}};
  (void)c.at(10s);
  (void)c.acknowledge(0, 1);
  (void)c.acknowledge(1, 1);
  CHECK(c.stored(1, false).empty());
  CHECK(c.machine.failures() == 1);
  CHECK(c.at(20s) == orders{order::trigger});
}

TEST_CASE("what was asked for waits for the one under way, and outlives a failure of its own") {
  coordination c{{.interval = 10s}};
  (void)c.at(10s);
  c.machine.ask(checkpoint_kind::savepoint, c.now, c.out);
  CHECK(c.wanted().empty());
  (void)c.acknowledge(0, 1);
  (void)c.acknowledge(1, 1);
  CHECK(c.stored(1) == orders{order::commit, order::trigger});
  CHECK(c.last.barrier == flow::barrier{2, checkpoint_kind::savepoint});
  c.machine.give_up(c.now, c.out);
  CHECK(c.wanted() == orders{order::abandon, order::trigger});
  CHECK(c.last.barrier == flow::barrier{3, checkpoint_kind::savepoint});
}

TEST_CASE(
    "the last checkpoint is forgotten when a stage fails: its region has not ended after all") {
  coordination c{{}};
  CHECK(c.machine.wakes_at() == steady_time::max());
  c.machine.ask(checkpoint_kind::final, c.now, c.out);
  CHECK(c.wanted() == orders{order::trigger});
  c.machine.pause();
  c.machine.give_up(c.now, c.out);
  CHECK(c.wanted() == orders{order::abandon});
  c.machine.resume(c.now, c.out);
  CHECK(c.wanted().empty());
}

TEST_CASE(
    "while a region is down no checkpoint begins, and one that is being stored is completed") {
  coordination c{{.interval = 10s}};
  (void)c.at(10s);
  (void)c.acknowledge(0, 1);
  (void)c.acknowledge(1, 1);
  c.machine.pause();
  c.machine.give_up(c.now, c.out);
  CHECK(c.wanted().empty());
  CHECK(c.stored(1) == orders{order::commit});
  CHECK(c.at(40s).empty());
  CHECK(c.machine.wakes_at() == steady_time::max());
  c.machine.resume(c.now, c.out);
  CHECK(c.at(40s) == orders{order::trigger});
}
