// SPDX-License-Identifier: BSD-3-Clause
// Aggregation in two phases: what is gathered where events come from, and that nothing else
// changes.
#include "simulation/scripted_source.hpp"
#include "simulation/transactional_sink.hpp"
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using total = std::tuple<std::uint64_t, std::int64_t>;
using row = window_result<std::string, total>;
using part = partial<std::string, sale, std::tuple<std::uint64_t, wide_sum<std::int64_t>>>;
using sales = std::vector<std::pair<sale, timestamp>>;
const side_output<sale> late{"late"};

/// source -> "near": gathers -> "far": merges -> sink
template <class Windows>
pipeline two_phases(Windows windows, pre_aggregation options = {}, bool with_side = true,
                    std::uint32_t parallelism = 1) {
  pipeline p{"p"};
  const auto keyed = p.from(memory_source{std::vector<sale>{}})
                         .event_time(&sale::at, monotonous_timestamps{})
                         .stage("near", {.parallelism = parallelism})
                         .key_by(&sale::shop);
  auto in = keyed.local_pre_aggregate(options).window(windows);
  auto far =
      (with_side ? in.late_to(late) : in).aggregate(count{}, sum{&sale::amount}).named("far");
  if (with_side) far.side(late).to(memory_sink<sale>{});
  far.to(memory_sink<row>{});
  return p;
}

/// The same in one phase.
template <class Windows>
pipeline one_phase(Windows windows, std::uint32_t parallelism) {
  pipeline p{"p"};
  auto far = p.from(memory_source{std::vector<sale>{}})
                 .event_time(&sale::at, monotonous_timestamps{})
                 .stage("near", {.parallelism = parallelism})
                 .key_by(&sale::shop)
                 .window(windows)
                 .late_to(late)
                 .aggregate(count{}, sum{&sale::amount})
                 .named("far");
  far.side(late).to(memory_sink<sale>{});
  far.to(memory_sink<row>{});
  return p;
}

sales at(std::initializer_list<std::int64_t> times, const std::string& shop = "a") {
  sales all;
  for (const std::int64_t t : times) all.emplace_back(sold(shop, t, t), ms(t));
  return all;
}

/// Key, number of events, and whether it is a single event.
using sketch = std::tuple<std::string, std::uint64_t, bool>;
std::vector<sketch> sent(one_stage& s) {
  std::vector<sketch> all;
  for (const part& p : s.values<part>(0)) all.push_back({p.key, p.events, p.content.index() == 1});
  return all;
}

std::vector<snapshot_part> state_of(one_stage& s) {
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  s.machine().read_state(to);
  return parts;
}

}  // namespace

TEST_CASE("partials leave before the watermark that completes their pane, and not earlier") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send(0, at({1, 2, 11, 3}), {ms(9) - 1us, false});
  s.work();
  CHECK(sent(s).empty());
  s.send_watermark(0, ms(10) - 1us);
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  const auto& body = static_cast<flow::batch_body<part>&>(*frames[0].body).events;
  REQUIRE(body.size() == 1);
  CHECK(body.values[0].events == 3);
  CHECK(body.times[0] == ms(3));  // the newest of its events
  CHECK(frames[0].progress.watermark == ms(10) - 1us);
  s.send_end(0);
  s.work();
  CHECK(sent(s) == std::vector<sketch>{{"a", 1, false}});
}

TEST_CASE("no events give no partials") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send_watermark(0, ms(100));
  s.send_end(0);
  s.work();
  CHECK(sent(s).empty());
}

TEST_CASE("an idle instance keeps nothing, since nobody waits for it") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send(0, at({1, 2, 11}), {ms(2) - 1us, true});
  s.work();
  CHECK(sorted(sent(s)) == std::vector<sketch>{{"a", 1, false}, {"a", 2, false}});
}

TEST_CASE("an event of a pane that the watermark has completed goes alone and at once") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant_all();
  s.send(0, at({1}), {ms(20), false});
  s.work();
  CHECK(sent(s).size() == 1);
  s.send(0, at({2, 25, 3, 26}));
  s.work();
  CHECK(sent(s) == std::vector<sketch>{{"a", 1, true}, {"a", 1, true}});
}

TEST_CASE("after it was idle, one of several instances sends alone what may be wanted as late") {
  for (const bool with_side : {true, false})
    for (const std::uint32_t instances : {1U, 2U}) {
      one_stage s{two_phases(tumbling{10ms}, {}, with_side, instances), "near"};
      s.grant_all();
      s.send(0, at({1}), {ms(0), true});
      s.send(0, at({2, 3}), {ms(100), false});
      s.work();
      const std::size_t alone = with_side && instances == 2 ? 2 : 0;
      CHECK(sent(s).size() == 2 + (alone != 0 ? 1 : 0));
    }
}

TEST_CASE("a full table sends the smaller of two, and loses nothing") {
  one_stage s{two_phases(tumbling{10ms}, {.entries = 2}), "near"};
  s.grant_all();
  sales many = at({1, 2, 3, 4, 5}, "hot");
  for (int i = 0; i < 50; ++i) {
    many.emplace_back(sold("cold " + std::to_string(i), 0, 6), ms(6));
    many.emplace_back(sold("hot", 0, 7), ms(7));
  }
  s.send(0, many, {ms(100), false});
  s.work();
  std::uint64_t hot = 0;
  std::uint64_t all = 0;
  std::size_t hot_partials = 0;
  for (const auto& [key, events, alone] : sent(s)) {
    all += events;
    if (key == "hot") hot += events, ++hot_partials;
    CHECK(!alone);
  }
  CHECK(all == 105);
  CHECK(hot == 55);
  CHECK(hot_partials == 1);  // the key with many events keeps its place
}

TEST_CASE("partials that leave without credit stop between two and go on there") {
  one_stage s{two_phases(tumbling{10ms}), "near"};
  s.grant(0, 1, 3);
  sales many;
  for (int i = 0; i < 40; ++i) many.emplace_back(sold(std::to_string(i), 0, 1), ms(1));
  s.send(0, many, {ms(100), false});
  CHECK(s.work() == verdict::blocked);
  std::vector<sketch> got = sent(s);
  CHECK(got.size() == 3);
  for (std::uint64_t up_to = 2; s.work() == verdict::blocked; ++up_to) {
    REQUIRE(up_to < 100);
    s.grant(0, up_to, 3);
    for (const sketch& x : sent(s)) got.push_back(x);
  }
  s.grant_all();
  s.work();
  for (const sketch& x : sent(s)) got.push_back(x);
  CHECK(got.size() == 40);
}

TEST_CASE("what was gathered is in a snapshot, and sent by whom it is restored") {
  one_stage before{two_phases(tumbling{10ms}), "near"};
  before.grant_all();
  before.send(0, at({1, 2, 12}), {ms(3), false});
  before.send(0, at({4}, "b"), {ms(5), false});
  before.work();
  CHECK(sent(before).empty());
  one_stage after{two_phases(tumbling{10ms}), "near", state_of(before)};
  after.grant_all();
  after.send(0, at({6}), {ms(100), false});
  after.work();
  CHECK(sorted(sent(after)) ==
        std::vector<sketch>{{"a", 1, false}, {"a", 1, false}, {"a", 2, false}, {"b", 1, false}});
}

TEST_CASE("a window in two phases is called by its name on both sides, and warns of none") {
  const auto g = two_phases(tumbling{10ms}).build();
  REQUIRE(g);
  CHECK(g->warnings().empty());
  std::vector<std::string> ids;
  for (const stage_plan& stage : g->plan().stages)
    for (const operator_plan& op : stage.operators)
      if (op.kind == "pre_aggregate" || op.kind == "window") ids.push_back(op.id);
  CHECK(ids == std::vector<std::string>{"far: gathering", "far"});
}

TEST_CASE("a keyed stream can be used as it is and gathered, if it has a name before its key") {
  pipeline p{"p"};
  memory_sink<window_result<std::string, std::uint64_t>> gathered;
  memory_sink<window_result<std::string, std::uint64_t>> plain;
  int calls = 0;
  weir::stream<sale> named =
      p.from(memory_source{std::vector<sale>{sold("a", 1, 1), sold("b", 1, 2), sold("a", 1, 3)}})
          .event_time(&sale::at, monotonous_timestamps{})
          .filter([&calls](const sale&) { return ++calls != 0; });
  auto keyed = named.key_by(&sale::shop);
  keyed.window(tumbling{10ms}).aggregate(count{}).to(plain);
  keyed.local_pre_aggregate().window(tumbling{10ms}).aggregate(count{}).to(gathered);
  keyed.parallelism(2);
  const auto g = p.build();
  REQUIRE(g);
  std::size_t of_two = 0;
  for (const stage_plan& stage : g->plan().stages) of_two += stage.parallelism == 2 ? 1 : 0;
  CHECK(of_two == 2);  // the one that takes events, and the one that takes partials
  run(p);
  CHECK(calls == 3);
  CHECK(plain.size() == 2);
  CHECK(gathered.size() == 2);

  pipeline q{"q"};
  auto chained = q.from(memory_source{std::vector<sale>{}})
                     .event_time(&sale::at, monotonous_timestamps{})
                     .key_by(&sale::shop);
  chained.window(tumbling{10ms}).aggregate(count{}).to(plain);
  chained.local_pre_aggregate().window(tumbling{10ms}).aggregate(count{}).to(gathered);
  CHECK(mistakes_of(q).find("name the stream first") != std::string::npos);
}

namespace {

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
  return std::tie(a.window, a.key, a.value) < std::tie(b.window, b.key, b.value);
}

/// Plays the same random events, watermarks, pauses and restores to both; the results, the late
/// events and their number must be the same.
template <class Windows>
std::uint64_t check_same(Windows windows, std::uint64_t seed) {
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  const pipeline plain = one_phase(windows, 2);
  const pipeline split =
      two_phases(windows, {.entries = static_cast<std::uint32_t>(2 << random() % 5)}, true, 2);
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

namespace {

std::vector<row> simulated(const std::vector<std::vector<sale>>& splits, std::uint64_t seed,
                           bool gather) {
  script<sale> script;
  script.splits = splits;
  script.seed = seed;
  script.largest_batch = 8;
  transactional_sink<row> out;
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
        .window(hopping{40ms, 10ms})
        .aggregate(count{}, sum{&sale::amount})
        .named("windows")
        .to(out);
  else
    keyed.window(hopping{40ms, 10ms})
        .aggregate(count{}, sum{&sale::amount})
        .named("windows")
        .to(out);
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
  const std::vector<row> wanted = simulated(splits, 0, false);
  REQUIRE(wanted.size() > 100);
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    CHECK(simulated(splits, seed, true) == wanted);
  }
}

TEST_CASE("windows over a stream without a key are gathered by all instances and come from one") {
  pipeline p{"p", {.parallelism = 3}};
  memory_sink<window_result<no_key, std::uint64_t>> out;
  std::vector<sale> all;
  for (std::int64_t i = 0; i < 300; ++i) all.push_back(sold("a", 1, i));
  p.from(memory_source{all})
      .event_time(&sale::at, monotonous_timestamps{})
      .stage("near")
      .window(tumbling{100ms})
      .aggregate(count{})
      .named("all")
      .to(out);
  const auto g = p.build();
  REQUIRE(g);
  const auto& stages = g->plan().stages;
  const auto far = std::find_if(stages.begin(), stages.end(),
                                [](const stage_plan& s) { return s.name == "all"; });
  REQUIRE(far != stages.end());
  CHECK(far->parallelism == 1);
  CHECK(far->inputs.at(0).find("partial") != std::string::npos);
  run(p);
  REQUIRE(out.size() == 3);
  for (const auto& r : out.values()) CHECK(r.value == 100);
}
