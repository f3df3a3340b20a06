// SPDX-License-Identifier: BSD-3-Clause
// What a stage does first when dead letters are brought back to it, step by step.
#include "weir/flow/batch_body.hpp"
#include "weir/stream.hpp"
#include "weir/test.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct item {
  std::uint64_t number = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(item, (), (number, at))

std::vector<item> items(std::uint64_t n) {
  std::vector<item> all;
  for (std::uint64_t i = 0; i < n; ++i)
    all.push_back({i, timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(i)}}});
  return all;
}

/// Counts; refuses number 3 while it is broken.
struct counting {
  using output = std::uint64_t;
  value_state<std::uint64_t> seen{"seen"};
  bool broken = false;
  auto states() { return std::tie(seen); }
  void on_event(const item& i, process_context<std::uint64_t, std::uint64_t>& c) {
    if (broken && i.number == 3) throw std::runtime_error("not this one");
    seen.update([](std::uint64_t& n) { ++n; });
    c.emit(i.number);
  }
};

/// A stage whose source has read all before, and counts behind it.
pipeline counts(bool broken) {
  pipeline p{"counts"};
  p.from(memory_source{items(10)})
      .named("items")
      .event_time(&item::at, bounded_out_of_orderness{0s})
      .key_by([](const item&) { return std::uint64_t{1}; })
      .process(counting{.broken = broken})
      .named("counts")
      .to(test_sink<std::uint64_t>{})
      .named("out");
  return p;
}
/// The same in the source's own stage.
pipeline numbers(bool broken) {
  pipeline p{"numbers"};
  p.from(memory_source{items(10)})
      .named("items")
      .event_time(&item::at, bounded_out_of_orderness{0s})
      .map([broken](const item& i) {
        if (broken && i.number == 3) throw std::runtime_error("not this one");
        return i.number;
      })
      .named("numbers")
      .key_by([](std::uint64_t n) { return n; })
      .distinct(1h)
      .named("distinct")
      .to(test_sink<std::uint64_t>{})
      .named("out");
  return p;
}

/// One stage of a run that brings letters back.
struct replaying_stage {
  graph of;
  std::uint32_t number;
  manual_clock time{timestamp{1'000s}};
  std::shared_ptr<stage_metrics> metrics = std::make_shared<stage_metrics>();
  std::unique_ptr<flow::stage> made;
  flow::effects out;

  replaying_stage(const pipeline& p, const simulation_report& before)
      : of(p.build().value()), number(stage_of(before)) {
    const std::vector<snapshot_part>& state = before.checkpoint->parts;
    made = of.make_stage(
        number, 0, 0, of.find_splits(state).value(), state,
        {.time = &time,
         .metrics = metrics,
         .wake = [] {},
         .start = sink_start::restored,
         .replays = std::make_shared<const std::vector<dead_letter>>(before.dead_letters)});
  }
  [[nodiscard]] std::uint32_t stage_of(const simulation_report& before) const {
    const auto& stages = of.plan().stages;
    const auto found = std::find_if(stages.begin(), stages.end(), [&](const stage_plan& s) {
      return s.name == before.dead_letters.at(0).stage;
    });
    REQUIRE(found != stages.end());
    return static_cast<std::uint32_t>(found - stages.begin());
  }

  void tell(flow::command::kind what, flow::barrier b = {}) {
    made->take(flow::command{what, b, {}}, out);
  }
  void send_barriers(flow::barrier b) {
    for (const channel_plan& c : of.channels())
      if (of.plan().edges[c.edge].to == number)
        made->take(flow::frame{c.id, 0, 0, flow::frame_kind::barrier, {}, b, {}, nullptr}, out);
  }
  /// Works on until nothing is left, and answers how many events were sent before the barrier.
  std::uint64_t sent_before_barrier() {
    for (const channel_plan& c : of.channels())
      if (of.plan().edges[c.edge].from == number)
        made->take(flow::grant{c.id, 0, 100, 1024, min_timestamp, nullptr}, out);
    while (made->step(out) == flow::verdict::more) {
    }
    std::uint64_t events = 0;
    for (const flow::frame& f : out.frames) {
      if (f.kind == flow::frame_kind::barrier) return events;
      if (f.body) events += f.body->size();
    }
    FAIL("no barrier was sent");
    return 0;
  }
};

constexpr flow::barrier last_one{2, flow::checkpoint_kind::final};

simulation_report run_broken(const pipeline& p) {
  simulation_report done = simulate(p);
  REQUIRE(done.finished());
  REQUIRE(done.dead_letters.size() == 1);
  REQUIRE(done.checkpoint);
  return done;
}

}  // namespace

TEST_CASE("letters are worked off before a barrier that is there when a restored stage begins") {
  replaying_stage s{counts(false), run_broken(counts(true))};
  s.tell(flow::command::kind::start);
  s.send_barriers(last_one);
  CHECK(s.sent_before_barrier() == 1);
  CHECK(s.metrics->replayed.get() == 1);
}

TEST_CASE("letters are worked off before a checkpoint that a restored source was told of") {
  replaying_stage s{numbers(false), run_broken(numbers(true))};
  s.tell(flow::command::kind::suspend);
  s.tell(flow::command::kind::start);
  s.tell(flow::command::kind::checkpoint, last_one);
  CHECK(s.sent_before_barrier() == 1);
  CHECK(s.metrics->replayed.get() == 1);
}
