// SPDX-License-Identifier: BSD-3-Clause
// That aggregation in two phases gives what it gives in one.
#include "aggregates/two_phases.hpp"
#include "simulation/scripted_source.hpp"
#include "weir/test/test_sink.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

/// The same in one phase.
template <class Windows, class How>
pipeline one_phase(Windows windows, std::uint32_t parallelism, How how) {
  pipeline p{"p"};
  auto far = how(p.from(memory_source{std::vector<sale>{}})
                     .event_time(&sale::at, monotonous_timestamps{})
                     .stage("near", {.parallelism = parallelism})
                     .key_by(&sale::shop)
                     .window(windows))
                 .late_to(late)
                 .aggregate(count{}, sum{&sale::amount})
                 .named("far");
  far.side(late).to(memory_sink<sale>{});
  far.to(memory_sink<row>{});
  return p;
}

/// Two instances before the exchange and one behind it, played frame by frame.
class two_stages {
public:
  explicit two_stages(const pipeline& p, const std::vector<snapshot_part>& restored = {}) {
    for (std::uint32_t i = 0; i < 2; ++i)
      near_.push_back(std::make_unique<one_stage>(p, "near", restored, i));
    far_ = std::make_unique<one_stage>(p, "far", restored);
    for (auto& s : near_) s->grant_all();
    far_->grant_all();
  }

  void send(std::size_t instance, const sales& events, flow::progress p) {
    near_[instance]->send(0, events, p);
    pass_on(instance);
  }
  void end(std::size_t instance) {
    near_[instance]->send_end(0);
    pass_on(instance);
  }
  std::vector<snapshot_part> state() {
    std::vector<snapshot_part> all;
    for (one_stage* s : {near_[0].get(), near_[1].get(), far_.get()})
      for (auto& saved : state_of(*s)) all.push_back(std::move(saved));
    return all;
  }
  void take(std::vector<row>& rows, std::vector<sale>& too_late, std::uint64_t& late_events) {
    for (sale& s : far_->values<sale>(0)) too_late.push_back(std::move(s));
    for (row& r : far_->values<row>(1)) rows.push_back(std::move(r));
    late_events += far_->metrics().late_events.get();
  }

private:
  void pass_on(std::size_t instance) {
    one_stage& from = *near_[instance];
    REQUIRE(from.work() == verdict::done);
    for (flow::frame& f : from.taken(0)) far_->machine().take(std::move(f), far_->effects());
    REQUIRE(far_->work() == verdict::done);
  }

  std::vector<std::unique_ptr<one_stage>> near_;
  std::unique_ptr<one_stage> far_;
};

bool before(const row& a, const row& b) {
  return std::tie(a.window, a.key, a.value, a.pane.number) <
         std::tie(b.window, b.key, b.value, b.pane.number);
}

/// Plays the same random events, watermarks, pauses and restores to both; the results, the late
/// events and their number must be the same.
template <class Windows, class How = as_they_are>
std::uint64_t check_same(Windows windows, std::uint64_t seed, How how = {}) {
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  const pipeline plain = one_phase(windows, 2, how);
  const pipeline split =
      two_phases(windows, {.entries = static_cast<std::uint32_t>(2 << random() % 5)}, true, 2, how);
  auto a = std::make_unique<two_stages>(plain);
  auto b = std::make_unique<two_stages>(split);
  std::vector<row> rows[2];
  std::vector<sale> too_late[2];
  std::uint64_t late_events[2]{};
  const auto take = [&] {
    a->take(rows[0], too_late[0], late_events[0]);
    b->take(rows[1], too_late[1], late_events[1]);
  };
  std::int64_t reached[2]{};
  std::int64_t number = 0;
  for (int move = 0; move < 60; ++move) {
    const std::size_t instance = random() % 2;
    sales events;
    for (std::size_t i = 0, n = random() % 12; i < n; ++i) {
      const std::int64_t t = reached[instance] + static_cast<std::int64_t>(random() % 40) - 12;
      events.emplace_back(sold(std::string(1, static_cast<char>('a' + random() % 5)), ++number, t),
                          ms(t));
    }
    reached[instance] += static_cast<std::int64_t>(random() % 12);
    const flow::progress p{ms(reached[instance]), random() % 8 == 0};
    a->send(instance, events, p);
    b->send(instance, events, p);
    if (random() % 16 != 0) continue;
    take();
    a = std::make_unique<two_stages>(plain, a->state());
    b = std::make_unique<two_stages>(split, b->state());
  }
  for (const std::size_t instance : {0U, 1U}) {
    a->end(instance);
    b->end(instance);
  }
  take();
  for (auto& r : rows) std::sort(r.begin(), r.end(), before);
  REQUIRE(rows[0] == rows[1]);
  REQUIRE(sorted(too_late[0]) == sorted(too_late[1]));
  REQUIRE(late_events[0] == late_events[1]);
  REQUIRE(late_events[0] == too_late[0].size());
  return late_events[0];
}

}  // namespace

TEST_CASE("two phases give the results of one, and call the same events late") {
  std::uint64_t too_late = 0;
  for (std::uint64_t seed = 0; seed < 60; ++seed) {
    too_late += check_same(tumbling{10ms}, seed);
    too_late += check_same(hopping{20ms, 5ms}, seed);
    too_late += check_same(hopping{5ms, 10ms}, seed);
    too_late += check_same(hopping{15ms, 10ms}, seed);
  }
  CHECK(too_late > 1'000);
}

TEST_CASE("sessions in two phases are those of one, and the same events are late") {
  std::uint64_t too_late = 0;
  for (std::uint64_t seed = 0; seed < 150; ++seed) {
    for (const auto rule : {touching::merge, touching::separate}) {
      too_late += check_same(session{1ms}.touching(rule), seed);
      too_late += check_same(session{4ms}.touching(rule), seed);
      too_late += check_same(session{4ms}.touching(rule), seed, leniently{});
    }
    too_late += check_same(session{[](const sale& s) { return 1ms * (s.amount % 6); }}, seed);
  }
  CHECK(too_late > 1'000);
}

namespace {

template <class Windows>
std::vector<row> simulated(Windows windows, const std::vector<std::vector<sale>>& splits,
                           std::uint64_t seed, bool gather) {
  script<sale> script;
  script.splits = splits;
  script.seed = seed;
  script.largest_batch = 8;
  test_sink<row> out;
  pipeline p{"p",
             {.parallelism = 1 + static_cast<std::uint32_t>(seed % 3),
              .batches = {.events = 8},
              .credits = {.frames = 2, .max_events = 8}}};
  weir::stream<sale> in = p.from(scripted_source<sale>{std::move(script)})
                              .event_time(&sale::at, bounded_out_of_orderness{20ms})
                              .stage("near");
  const auto keyed = in.key_by(&sale::shop);
  if (gather)
    keyed.local_pre_aggregate({.entries = 8})
        .window(windows)
        .aggregate(count{}, sum{&sale::amount})
        .named("windows")
        .to(out);
  else
    keyed.window(windows).aggregate(count{}, sum{&sale::amount}).named("windows").to(out);
  auto built = p.build();
  if (!built) FAIL(built.error().message);
  simulator sim{*built,
                {.seed = seed,
                 .checkpoint_every = 60,
                 .crash = 0.005,
                 .max_crashes = 4,
                 .streams_in_a_stage = 1}};
  const auto outcome = sim.run();
  INFO(sim.failure() << sim.where_stuck());
  REQUIRE(outcome == simulator::outcome::finished);
  std::vector<row> rows = out.seen().rows;
  std::sort(rows.begin(), rows.end(), before);
  return rows;
}

}  // namespace

TEST_CASE("two phases give the results of one, whatever crashes and is restored") {
  std::mt19937_64 random{8};
  std::vector<std::vector<sale>> splits(2);
  for (std::int64_t i = 0; i < 400; ++i)
    splits[random() % 2].push_back(sold("shop " + std::to_string(random() % 9), i,
                                        i / 2 + static_cast<std::int64_t>(random() % 20)));
  const auto check = [&splits](auto windows) {
    const std::vector<row> wanted = simulated(windows, splits, 0, false);
    REQUIRE(wanted.size() > 50);
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
      INFO("seed " << seed);
      CHECK(simulated(windows, splits, seed, true) == wanted);
    }
  };
  check(hopping{40ms, 10ms});
  check(session{5ms});
}
