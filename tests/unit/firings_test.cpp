// SPDX-License-Identifier: BSD-3-Clause
// Barriers between the firings that one watermark leads to: what has fired is sent before the
// barrier, and the rest comes of the same watermark again, here and after a restore.
#include "simulation/scripted_source.hpp"
#include "unit/asker.hpp"
#include "unit/cut_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::frame_kind;
using flow::verdict;

namespace {

/// Several steps' budgets, which are 16,384 firings at most.
constexpr std::uint64_t keys = 100'000;
const timestamp all_fire = ms(100'000);

const auto key_of = [](const auto& result) { return result.key; };
using sink = memory_sink<std::uint64_t>;

/// Rings for its key once, a second after its event.
struct ringer {
  using output = std::uint64_t;
  using context = process_context<std::uint64_t, output>;
  void on_event(const tick&, context& c) { c.set_event_timer(c.at() + 1s); }
  void on_timer(timestamp, context& c) { c.emit(c.key()); }
};

/// Makes a pipeline whose stage "op" is `end` of a stream of ticks by key.
template <class End>
std::function<pipeline()> keyed(End end) {
  return [end] {
    pipeline p{"p"};
    end(p.from(memory_source{std::vector<tick>{}})
            .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{})
            .key_by(&tick::key));
    return p;
  };
}
template <class Window>
std::function<pipeline()> counted(Window w) {
  return keyed(
      [w](auto in) { in.window(w).aggregate(count{}).named("op").map(key_of).to(sink{}); });
}
template <class Join>
std::function<pipeline()> joined(Join join) {
  return [join] {
    pipeline p{"p"};
    const auto in = [&] {
      return p.from(memory_source{std::vector<tick>{}})
          .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{});
    };
    stream<tick> left = in();
    stream<tick> right = in();
    join(left.key_by(&tick::key), right.key_by(&tick::key))
        .left()
        .apply([](const tick& l, const tick*) { return l.key; })
        .named("op")
        .to(sink{});
    return p;
  };
}

struct shape {
  std::string name;
  std::function<pipeline()> make;
};
const std::vector<shape> shapes{
    {"timers", keyed([](auto in) { in.process(ringer{}).named("op").to(sink{}); })},
    {"tumbling", counted(tumbling{1s})},
    {"hopping", counted(hopping{2s, 1s})},
    {"sliding", counted(sliding{1s})},
    {"session", counted(session{1s})},
    {"sorted", keyed([](auto in) { in.sort_by_time().named("op").map(&tick::key).to(sink{}); })},
    {"two consumers, of which one fires, too", keyed([](auto in) {
       auto counts = in.window(tumbling{1s}).aggregate(count{}).named("op");
       counts.map(key_of).to(sink{});
       counts.map(key_of).sort_by_time().to(sink{});
     })},
    {"interval join", joined([](auto l, auto r) { return l.join(r).within(0s, 1s); })},
    {"as-of join", joined([](auto l, auto r) { return l.join(r.to_table()).as_of(); })},
};

/// The watermark that leads to all results, and a barrier behind it.
void end_of_time(one_stage& s) {
  for (std::size_t i = 0; i < s.inputs(); ++i) s.send_watermark(i, all_fire);
  for (std::size_t i = 0; i < s.inputs(); ++i) s.send_barrier(i, 1, {all_fire, false});
}
void send_keys(one_stage& s) {
  std::vector<std::pair<tick, timestamp>> events;
  for (std::uint64_t k = 0; k < keys; ++k) events.emplace_back(tick{k, 0}, ms(0));
  s.send(0, events);
  s.work();
}

/// Sends a barrier into the burst, goes on, and plays the rest again from the snapshot.
void cut_burst(const shape& of) {
  INFO(of.name);
  one_stage s{of.make(), "op"};
  s.grant_all();
  send_keys(s);
  end_of_time(s);
  int steps = 0;
  while (!acknowledged(s)) {
    REQUIRE(++steps < 20);
    s.step();
  }
  one_stage again{of.make(), "op", s.saved()};
  again.grant_all();
  s.work();
  again.work();
  for (std::size_t i = 0; i < s.outputs(); ++i) {
    INFO("output " << i);
    const sent all = sent_on(s, i);
    CHECK((i != 0 || !all.before.empty()));  // the second consumer fires behind the first
    CHECK(!all.behind.empty());
    require_all_keys(all.before, all.behind, keys);
    require_all_keys(all.before, again.values<std::uint64_t>(i), keys);
  }
}

}  // namespace

TEST_CASE("a barrier cuts a burst of a watermark's firings") {
  for (const shape& s : shapes) cut_burst(s);
}

TEST_CASE("a watermark that was cut goes on before the frames behind the barrier") {
  // The late event must find its window closed, though the barrier came between.
  one_stage s{counted(tumbling{1s})(), "op"};
  s.grant_all();
  send_keys(s);
  end_of_time(s);
  s.send(0, std::vector<std::pair<tick, timestamp>>{{tick{1, 0}, ms(0)}}, {all_fire, false});
  s.work();
  CHECK(acknowledged(s));
  CHECK(s.metrics().late_events.get() == 1);
  const sent all = sent_on(s, 0);
  require_all_keys(all.before, all.behind, keys);
}

TEST_CASE("firings are not cut for a barrier that cannot be aligned yet") {
  one_stage s{joined([](auto l, auto r) { return l.join(r).within(0s, 1s); })(), "op"};
  s.grant_all();
  send_keys(s);
  s.send_watermark(0, all_fire);
  s.send_watermark(1, all_fire);
  s.send_barrier(0, 1, {all_fire, false});
  CHECK(s.work() == verdict::done);
  CHECK(!acknowledged(s));
  CHECK(sent_on(s, 0).before.size() == keys);
  s.send_barrier(1, 1, {all_fire, false});
  s.work();
  CHECK(acknowledged(s));
}

TEST_CASE("a stage whose output is full takes the barrier when it has room, and fires on") {
  one_stage s{counted(tumbling{1s})(), "op"};
  send_keys(s);
  end_of_time(s);
  std::vector<std::uint64_t> before, behind;
  for (std::uint64_t frames = 1; frames < 200; ++frames) {
    s.grant(0, frames, 1'000);
    s.work();
    const sent now = sent_on(s, 0);
    auto& to = acknowledged(s) ? behind : before;
    to.insert(to.end(), now.before.begin(), now.before.end());
    behind.insert(behind.end(), now.behind.begin(), now.behind.end());
    if (!acknowledged(s)) CHECK(frames < 10);
  }
  CHECK(before.size() < 10'000);
  require_all_keys(before, behind, keys);
}

TEST_CASE("an order to take a checkpoint cuts the firings of a source's own watermark") {
  /// Has a timer of its own for each event, and lets the last event through.
  struct alarms {
    using output = std::uint64_t;
    using context = process_context<no_key, output>;
    void on_event(const tick& t, context& c) {
      if (t.key < keys) c.set_event_timer(ms(1'000) + std::chrono::microseconds{t.key});
      if (t.key > keys) c.emit(t.key);
    }
    void on_timer(timestamp at, context& c) {
      c.emit(static_cast<std::uint64_t>((at - ms(1'000)).count()));
    }
  };
  script<tick> once;
  once.splits.emplace_back();
  for (std::uint64_t k = 0; k < keys; ++k) once.splits[0].push_back({k, 0});
  once.splits[0].push_back({keys, 5'000});
  once.splits[0].push_back({keys + 1, 6'000});
  once.largest_batch = 1;  // what moves the watermark is read apart from what comes behind it
  pipeline p{"p"};
  p.from(scripted_source<tick>{once})
      .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{})
      .named("in")
      .process(alarms{})
      .to(sink{});
  one_stage s{p, "in"};
  s.grant_all();
  std::vector<std::uint64_t> before;
  while ((before = sent_on(s, 0).before).empty()) REQUIRE(s.step() == verdict::more);
  s.tell(flow::command::kind::checkpoint, {1});
  for (int i = 0; i < 3 && !acknowledged(s); ++i) s.step();
  REQUIRE(acknowledged(s));
  s.work();
  sent rest = sent_on(s, 0);
  before.insert(before.end(), rest.before.begin(), rest.before.end());
  CHECK(before.size() < keys / 2);
  REQUIRE(!rest.behind.empty());
  CHECK(rest.behind.back() == keys + 1);  // what is read next waits for the firings
  rest.behind.pop_back();
  require_all_keys(before, rest.behind, keys);
}

namespace {

/// Holds event time back while something is asked.
class holding_asker : public asker {
public:
  template <class Next>
  flow::verdict on_progress(flow::progress& p, Next&, flow::step&) {
    if (const auto earliest = earliest_waiting())
      p.watermark = std::min(p.watermark, *earliest - 1us);
    return flow::verdict::done;
  }
};

}  // namespace

TEST_CASE("firings are not cut for a barrier that comes behind an end that is held") {
  // The end waits for an answer, and what an earlier one leads to must not wait for the barrier.
  constexpr std::size_t n = 60'000;
  pipeline p{"p"};
  p.from(memory_source{std::vector<tick>{}})
      .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{})
      .stage("ask", {.parallelism = 1})
      .with_operator<std::int64_t>("asker", holding_asker{})
      .sort_by_time()
      .to(memory_sink<std::int64_t>{});
  one_stage s{p, "ask"};
  s.grant_all();
  std::vector<std::pair<tick, timestamp>> events;
  for (std::size_t i = 0; i < n; ++i)
    events.emplace_back(tick{0, static_cast<std::int64_t>(i)}, ms(static_cast<std::int64_t>(i)));
  s.send(0, events, {ms(n), false});
  s.work();
  REQUIRE(s.effects().requests.size() == n);
  std::vector<std::uint64_t> asked;
  for (const flow::request& r : s.effects().requests) asked.push_back(r.id);
  s.effects().requests.clear();
  const auto answer = [&](std::size_t i) {
    bytes payload;
    encode(static_cast<std::int64_t>(i), payload);
    s.machine().take(flow::completion{asked[i], std::move(payload)}, s.effects());
  };
  for (std::size_t i = 1; i + 1 < n; ++i) answer(i);
  s.work();
  s.send_end(0);
  s.send_barrier(0, 1, {max_timestamp, false});
  s.work();
  answer(0);
  s.work();
  CHECK(s.values<std::int64_t>(0).size() == n - 1);
  answer(n - 1);
  s.work();
  CHECK(s.values<std::int64_t>(0).size() == 1);
  CHECK(acknowledged(s));
  CHECK(s.machine().ended());
}
