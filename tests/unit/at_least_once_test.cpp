// SPDX-License-Identifier: BSD-3-Clause
// Checkpoints whose barriers are not aligned: nobody waits, nothing is lost, some comes twice.
#include "unit/one_stage.hpp"
#include "weir/test.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::notice;

namespace {

const pipeline_options unaligned{.guarantee = processing_guarantee::at_least_once};

/// How often a value came so far.
struct numbered {
  std::int64_t value = 0;
  std::uint64_t times = 0;

  friend auto operator<=>(const numbered&, const numbered&) = default;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (value, times))

struct counting {
  using output = numbered;
  map_state<std::int64_t, std::uint64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const tick& t, process_context<no_key, numbered>& c) {
    seen.update(t.value, [](std::uint64_t& n) { ++n; });
    c.emit({t.value, *seen.get(t.value)});
  }
};

/// Two sources that meet in the stage "counts", which counts each value.
template <class Source, class Sink>
pipeline two_inputs(const Source& a, const Source& b, const Sink& to, pipeline_options how) {
  pipeline p{"p", how};
  auto left = p.from(a).named("a");
  auto right = p.from(b).named("b");
  std::move(left)
      .union_with(std::move(right))
      .named("counts")
      .process(counting{})
      .named("counting")
      .to(to)
      .named("out");
  return p;
}
pipeline two_inputs(pipeline_options how = unaligned) {
  const memory_source none{std::vector<tick>{}};
  return two_inputs(none, none, memory_sink<numbered>{}, how);
}

std::vector<std::pair<tick, timestamp>> numbers(std::int64_t from, std::int64_t to) {
  std::vector<std::pair<tick, timestamp>> all;
  for (std::int64_t i = from; i < to; ++i) all.push_back({tick{0, i}, ms(i)});
  return all;
}

bool acknowledged(one_stage& s, std::uint64_t id) {
  const auto& all = s.effects().notices;
  return std::any_of(all.begin(), all.end(), [&](const notice& n) {
    return n.what == notice::kind::acknowledged && n.barrier.id == id;
  });
}

using rows = std::vector<numbered>;

/// The values that were sent before the barrier, and behind it.
struct sent_rows {
  rows before, behind;
};
sent_rows sent_by(one_stage& s) {
  sent_rows all;
  bool barrier = false;
  for (const flow::frame& f : s.taken(0)) {
    barrier = barrier || f.kind == flow::frame_kind::barrier;
    if (!f.body) continue;
    for (const numbered& n : static_cast<flow::batch_body<numbered>&>(*f.body).events.values)
      (barrier ? all.behind : all.before).push_back(n);
  }
  return all;
}

}  // namespace

TEST_CASE("without alignment what is behind a barrier of one input is not held back") {
  one_stage s{two_inputs(), "counts"};
  REQUIRE(s.inputs() == 2);
  s.grant_all();
  s.send_barrier(0, 1);
  s.send(0, numbers(1, 3));
  s.send(1, numbers(5, 6));
  s.work();
  CHECK_FALSE(acknowledged(s, 1));
  CHECK(s.values<numbered>(0) == rows{{1, 1}, {2, 1}, {5, 1}});
  // The barrier goes on, and the stage takes its part, when all have brought it.
  s.send(0, numbers(3, 4));
  s.send_barrier(1, 1);
  s.send(1, numbers(6, 7));
  s.work();
  CHECK(acknowledged(s, 1));
  const sent_rows sent = sent_by(s);
  CHECK(sent.before == rows{{3, 1}});
  CHECK(sent.behind == rows{{6, 1}});
}

TEST_CASE("without alignment no time is told that inputs waited for each other") {
  one_stage s{two_inputs(), "counts"};
  s.grant_all();
  for (std::uint64_t id = 1; id < 4; ++id) {
    s.effects().notices.clear();
    s.send_barrier(0, id);
    s.send(0, numbers(0, 1));
    s.work();
    CHECK(s.values<numbered>(0) == rows{{0, id}});
    s.time().advance(7s);
    s.send_barrier(1, id);
    s.work();
    REQUIRE(s.effects().notices.size() == 1);
    CHECK(s.effects().notices[0].aligned_for == 0s);
  }
}

TEST_CASE("without alignment a barrier that is given up is not waited for, nor a late one of it") {
  one_stage s{two_inputs(), "counts"};
  s.grant_all();
  s.send_barrier(0, 1);
  s.work();
  s.tell(flow::command::kind::abandon, {1});
  s.send_barrier(1, 1);
  s.work();
  CHECK_FALSE(acknowledged(s, 1));
  s.send_barrier(1, 2);
  s.work();
  CHECK_FALSE(acknowledged(s, 2));
  s.send_barrier(0, 2);
  s.work();
  CHECK(acknowledged(s, 2));
}

TEST_CASE("what came behind a barrier before the other input's counts twice after a restore") {
  const auto play = [](pipeline_options how) {
    std::vector<snapshot_part> saved;
    rows all;
    {
      one_stage s{two_inputs(how), "counts"};
      s.grant_all();
      s.send(0, numbers(1, 2));
      s.send_barrier(0, 1);
      s.send(0, numbers(2, 4));
      s.send(1, numbers(5, 6));
      s.work();
      s.send_barrier(1, 1);
      s.work();
      REQUIRE(acknowledged(s, 1));
      saved = s.saved();
      all = sent_by(s).before;
    }
    // The sources go on behind their barriers.
    one_stage next{two_inputs(how), "counts", saved, 0, 1};
    next.grant_all();
    next.send(0, numbers(2, 4));
    next.send(1, numbers(6, 7));
    next.work();
    for (const numbered& n : next.values<numbered>(0)) all.push_back(n);
    return sorted(all);
  };
  CHECK(play(unaligned) == rows{{1, 1}, {2, 1}, {2, 2}, {3, 1}, {3, 2}, {5, 1}, {6, 1}});
  CHECK(play({}) == rows{{1, 1}, {2, 1}, {3, 1}, {5, 1}, {6, 1}});
}

namespace {

/// A source of ticks of the values from `from` on, a millisecond apart.
test_source<tick> ticks(std::int64_t from, std::int64_t n, std::uint64_t seed) {
  test_source<tick> source{seed};
  auto& split = source.split().every(1ms);
  for (std::int64_t i = from; i < from + n; ++i) split.event(tick{0, i});
  return source;
}

}  // namespace

TEST_CASE("without alignment no crash loses an event, some come twice, and sinks commit as ever") {
  constexpr std::int64_t n = 60;
  std::uint64_t crashes = 0, twice = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    pipeline_options how{.batches = {.events = 4}, .credits = {.frames = 2}};
    how.guarantee = processing_guarantee::at_least_once;
    const test_sink<numbered> out;
    const auto done =
        simulate(two_inputs(ticks(0, n, seed), ticks(n, n, seed + 1), out, how),
                 {.seed = seed, .checkpoint_every = 20, .crash = 0.02, .max_crashes = 4});
    INFO(done.problem);
    REQUIRE(done.finished());
    crashes += done.seen[met::crash_with_checkpoint];
    std::map<std::int64_t, std::vector<std::uint64_t>> times;
    for (const numbered& r : out.values()) times[r.value].push_back(r.times);
    REQUIRE(times.size() == 2 * n);
    for (auto& [value, of] : times) {
      INFO("value " << value);
      // What a sink shows is of checkpoints, and so is what is counted: they agree.
      std::sort(of.begin(), of.end());
      for (std::size_t i = 0; i < of.size(); ++i) REQUIRE(of[i] == i + 1);
      twice += of.size() > 1 ? 1 : 0;
    }
  }
  CHECK(crashes > 50);
  CHECK(twice > 0);
}

TEST_CASE("without alignment a sink shows rows at each checkpoint, before the run has ended") {
  const pipeline_options how{.batches = {.events = 4},
                             .credits = {.frames = 2},
                             .guarantee = processing_guarantee::at_least_once};
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    const test_sink<numbered> out;
    simulator sim{two_inputs(ticks(0, 100, seed), ticks(100, 100, seed), out, how).build().value(),
                  {.seed = seed, .checkpoint_every = 30}};
    std::size_t shown = 0, steps = 0;
    while (sim.move() == simulator::outcome::running) {
      if (out.values().size() != shown) ++steps;
      shown = out.values().size();
    }
    CHECK(out.values().size() == 200);
    CHECK(steps > 2);
  }
}
