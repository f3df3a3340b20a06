// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/scripted_source.hpp"
#include "unit/one_stage.hpp"
#include "weir/test/test_sink.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Runs a pipeline of one parallelism until a checkpoint half-way, and goes on from it with
/// another; answers the rows that the outside world sees in the end.
template <class T>
std::vector<T> rescaled(const std::function<pipeline(std::uint32_t, test_sink<T>)>& make,
                        std::uint32_t before, std::uint32_t after, std::uint64_t seed) {
  test_sink<T> out;
  auto built = make(before, out).build();
  if (!built) FAIL(built.error().message);
  simulator first{*built, {.seed = seed, .checkpoint_every = 60, .outputs_of_one_event = 1}};
  std::uint64_t checkpoints = 0;
  while (checkpoints < 3 && first.move() == simulator::outcome::running)
    checkpoints = first.seen()[met::checkpoint];
  REQUIRE(first.newest_checkpoint());
  REQUIRE(first.newest_checkpoint()->barrier.kind == flow::checkpoint_kind::checkpoint);

  simulator second{make(after, out).build().value(), {.seed = seed}, first.newest_checkpoint()};
  const auto outcome = second.run();
  INFO(second.failure() << second.where_stuck());
  REQUIRE(outcome == simulator::outcome::finished);
  return sorted(out.seen().rows);
}

/// The same for 1 → 3, 2 → 1, 2 → 3, 3 → 2, and 2 → 2 instances.
template <class T>
void check_rescaled(const std::function<pipeline(std::uint32_t, test_sink<T>)>& make,
                    std::vector<T> wanted) {
  for (const auto& [before, after] : {std::pair{1U, 3U}, {2U, 1U}, {2U, 3U}, {3U, 2U}, {2U, 2U}})
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      INFO("from " << before << " to " << after << ", seed " << seed);
      CHECK(rescaled<T>(make, before, after, seed) == sorted(wanted));
    }
}

constexpr std::int64_t n = 400;

std::vector<sale> sales() {
  std::vector<sale> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back(sold("shop " + std::to_string(i % 17), i, i));
  return all;
}

/// A source of these, in small batches.
scripted_source<sale> source_of_sales() {
  script<sale> s;
  s.splits = {sales()};
  s.largest_batch = 4;
  return scripted_source<sale>{std::move(s)};
}

pipeline_options small() {
  return {.batches = {.events = 4}, .credits = {.frames = 2, .max_events = 4}};
}

using pair = std::pair<std::string, std::int64_t>;

}  // namespace

TEST_CASE("reduce goes on with its values after a restart, at any parallelism") {
  std::map<std::string, std::int64_t> totals;
  std::vector<sale> wanted;
  for (const sale& s : sales()) wanted.push_back(sold(s.shop, totals[s.shop] += s.amount, 0));
  check_rescaled<sale>(
      [](std::uint32_t p_ops, test_sink<sale> out) {
        pipeline p{"p", small()};
        p.from(source_of_sales())
            .key_by(&sale::shop)
            .parallelism(p_ops)
            .reduce(
                [](const sale& a, const sale& b) { return sold(a.shop, a.amount + b.amount, 0); })
            .named("total")
            .map([](const sale& s) { return sold(s.shop, s.amount, 0); })
            .to(out);
        return p;
      },
      wanted);
}

TEST_CASE("windows go on with what they have gathered after a restart, at any parallelism") {
  std::map<pair, std::int64_t> sums;
  for (const sale& s : sales()) sums[{s.shop, s.at.time_since_epoch() / 100ms}] += s.amount;
  std::vector<pair> wanted;
  for (const auto& [at, sum] : sums)
    wanted.emplace_back(at.first + "/" + std::to_string(at.second), sum);
  check_rescaled<pair>(
      [](std::uint32_t p_ops, test_sink<pair> out) {
        pipeline p{"p", small()};
        p.from(source_of_sales())
            .event_time(&sale::at, bounded_out_of_orderness{20ms})
            .key_by(&sale::shop)
            .parallelism(p_ops)
            .window(tumbling{100ms})
            .aggregate(sum{&sale::amount})
            .named("sums")
            .map([](const window_result<std::string, std::int64_t>& r) {
              return pair{r.key + "/" + std::to_string(r.window.start.time_since_epoch() / 100ms),
                          r.value};
            })
            .to(out);
        return p;
      },
      wanted);
}

namespace {

/// Uses every kind of state, and both kinds of timers.
struct everything {
  using output = std::string;
  value_state<std::int64_t> last{"last"};
  list_state<std::int64_t> all{"all"};
  map_state<std::int64_t, std::int64_t> rests{"rests"};
  aggregate_state<sum<std::int64_t sale::*>, sale> total{"total", sum{&sale::amount}};
  auto states() { return std::tie(last, all, rests, total); }

  void on_event(const sale& s, process_context<std::string, std::string>& c) {
    last.put(s.amount);
    all.append(s.amount);
    rests.update(s.amount % 3, [](std::int64_t& k) { ++k; });
    total.add(s);
    c.set_event_timer(ms(10'000));
  }
  void on_timer(timestamp, process_context<std::string, std::string>& c) {
    std::int64_t in_rests = 0;
    for (const auto& [rest, k] : *rests.get()) in_rests += k * (rest + 1);
    c.emit(c.key() + " " + std::to_string(*last.get()) + " " + std::to_string(all.get().size()) +
           " " + std::to_string(in_rests) + " " + std::to_string(total.get()));
  }
};

}  // namespace

TEST_CASE("all states and timers of a processor survive a restart, at any parallelism") {
  struct seen {
    std::int64_t last = 0, count = 0, rests = 0, total = 0;
  };
  std::map<std::string, seen> by_shop;
  for (const sale& s : sales()) {
    seen& x = by_shop[s.shop];
    x = {s.amount, x.count + 1, x.rests + s.amount % 3 + 1, x.total + s.amount};
  }
  std::vector<std::string> wanted;
  for (const auto& [shop, x] : by_shop)
    wanted.push_back(shop + " " + std::to_string(x.last) + " " + std::to_string(x.count) + " " +
                     std::to_string(x.rests) + " " + std::to_string(x.total));
  check_rescaled<std::string>(
      [](std::uint32_t p_ops, test_sink<std::string> out) {
        pipeline p{"p", small()};
        p.from(source_of_sales())
            .event_time(&sale::at, monotonous_timestamps{})
            .key_by(&sale::shop)
            .parallelism(p_ops)
            .process(everything{})
            .named("everything")
            .to(out);
        return p;
      },
      wanted);
}

TEST_CASE("a processor without a key keeps its state over a restart") {
  struct numbering {
    using output [[maybe_unused]] = std::int64_t;
    value_state<std::int64_t> seen{"seen"};
    auto states() { return std::tie(seen); }
    void on_event(const sale&, process_context<no_key, std::int64_t>& c) {
      seen.update([](std::int64_t& k) { ++k; });
      c.emit(*seen.get());
    }
  };
  std::vector<std::int64_t> wanted;
  for (std::int64_t i = 1; i <= n; ++i) wanted.push_back(i);
  check_rescaled<std::int64_t>(
      [](std::uint32_t, test_sink<std::int64_t> out) {
        pipeline p{"p", small()};
        p.from(source_of_sales()).process(numbering{}).named("numbers").to(out);
        return p;
      },
      wanted);
}

TEST_CASE("splits are dealt out anew when a source's parallelism changes, and read once") {
  std::vector<sale> wanted = sales();
  check_rescaled<sale>(
      [](std::uint32_t p_source, test_sink<sale> out) {
        script<sale> s;
        s.splits.resize(5);
        for (const sale& x : sales()) s.splits[static_cast<std::size_t>(x.amount % 5)].push_back(x);
        s.largest_batch = 4;
        pipeline p{"p", small()};
        p.from(scripted_source<sale>{std::move(s)})
            .parallelism(p_source)
            .to(out)
            .parallelism(p_source);
        return p;
      },
      wanted);
}

TEST_CASE("a processing timer that was set before a restart fires after it") {
  struct alarm {
    using output [[maybe_unused]] = std::string;
    void on_event(const tick&, process_context<std::uint64_t, std::string>& c) {
      c.set_processing_timer(c.now() + 50ms);
    }
    void on_timer(timestamp, process_context<std::uint64_t, std::string>& c) {
      c.emit("rang " + std::to_string(c.key()));
    }
  };
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .key_by(&tick::key)
      .process(alarm{})
      .named("alarm")
      .to(memory_sink<std::string>{});
  one_stage before{p, "alarm"};
  before.grant_all();
  before.send(0, std::vector<std::pair<tick, timestamp>>{{{7, 0}, ms(0)}});
  before.send_barrier(0, 1);
  before.work();
  one_stage after{p, "alarm", before.saved(), 0, 1};
  after.grant_all();
  after.work();
  CHECK(after.values<std::string>(0).empty());
  after.time().advance(50ms);
  after.work();
  CHECK(after.values<std::string>(0) == std::vector<std::string>{"rang 7"});
}

TEST_CASE("a restored stage's watermark does not begin anew") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate(count{})
      .named("window")
      .to(memory_sink<window_result<std::string, std::uint64_t>>{});
  one_stage before{p, "window"};
  before.grant_all();
  before.send_watermark(0, ms(100));
  before.send_barrier(0, 1, {ms(100), false});
  before.work();
  one_stage after{p, "window", before.saved(), 0, 1};
  after.grant_all();
  after.send(0, std::vector<std::pair<sale, timestamp>>{{sold("a", 1, 5), ms(5)}});
  after.work();
  CHECK(after.metrics().late_events.get() == 1);
}

TEST_CASE("damaged state is refused when a stage is made") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .key_by(&tick::key)
      .reduce([](const tick& a, const tick&) { return a; })
      .named("sum")
      .to(memory_sink<tick>{});
  std::vector<snapshot_part> parts{{"sum", "value", state_kind::keyed, 0, bytes(3)}};
  CHECK_THROWS_AS((one_stage{p, "sum", parts}), exception);
}
