// SPDX-License-Identifier: BSD-3-Clause
// State that is written while the stream goes on: a snapshot holds what was there at the barrier,
// whatever changes before all is written.
#include "unit/cut_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <functional>
#include <map>
#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t keys = 50'000;
const timestamp all_fire = ms(1'000'000);

/// Key and number of each result.
using row = std::pair<std::uint64_t, std::int64_t>;
const auto row_of = [](const auto& r) { return row{r.key, static_cast<std::int64_t>(r.value)}; };

/// Sums up its events, and tells a while after the last one; then it forgets the key.
struct teller {
  using output = row;
  using context = process_context<std::uint64_t, output>;
  value_state<std::int64_t> sum{"sum"};
  value_state<std::int64_t> kept{"kept", time_to_live{.after = 500s}};
  auto states() { return std::tie(sum, kept); }
  void on_event(const tick& t, context& c) {
    sum.update([&](std::int64_t& s) { s += t.value; });
    kept.update([&](std::int64_t& s) { s += 1; });
    c.set_event_timer(c.at() + 10s);
  }
  void on_timer(timestamp, context& c) {
    if (const auto* s = sum.get()) c.emit({c.key(), *s * 1'000 + (kept.get() ? *kept.get() : -1)});
    sum.erase();
  }
};

/// Sets several timers for a key, many for some, and takes some back; emits when each fires.
struct alarms {
  using output = row;
  using context = process_context<std::uint64_t, output>;
  void on_event(const tick& t, context& c) {
    const int n = t.key % 1'000 == 3 ? 100 : static_cast<int>(t.key % 4);
    for (int i = 0; i < n; ++i) c.set_event_timer(c.at() + 10s + i * 1ms);
    if (t.value % 3 == 0) c.erase_event_timer(c.at() + 10s);
  }
  void on_timer(timestamp at, context& c) {
    c.emit({c.key(), at.time_since_epoch().count()});
    if (c.key() % 5 == 0 && at < ms(50'000)) c.set_event_timer(at + 15s);
  }
};

struct shape {
  std::string name;
  std::function<pipeline()> make;
  std::size_t inputs = 1;
};
template <class End>
shape keyed(const std::string& name, End end) {
  return {name, [end] {
            pipeline p{"p"};
            end(p.from(memory_source{std::vector<tick>{}})
                    .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{})
                    .key_by(&tick::key));
            return p;
          }};
}
template <class Window>
shape summed(const std::string& name, Window w) {
  return keyed(name, [w](auto in) {
    in.window(w).aggregate(sum{&tick::value}).named("op").map(row_of).to(memory_sink<row>{});
  });
}
/// Two streams that are joined to rows; both get all events.
template <class End>
shape two(const std::string& name, End end) {
  return {name,
          [end] {
            pipeline p{"p"};
            const auto side = [&] {
              return p.from(memory_source{std::vector<tick>{}})
                  .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{})
                  .key_by(&tick::key);
            };
            const auto left = side();
            end(left, side()).to(memory_sink<row>{});
            return p;
          },
          2};
}
const auto pair_row = [](const tick& a, const tick* b) {
  return row{a.key, a.value * 10'000 + (b != nullptr ? b->value : 9'999)};
};

/// Two or more events of a key, the last one of an odd value.
auto rising() {
  return pattern<tick>("first")
      .where([](const tick& t) { return t.value < 1'000; })
      .followed_by_any("last")
      .where([](const tick& t) { return t.value % 2 == 1; })
      .within(25s);
}
const auto match_row = [](const match<tick>& m) {
  return row{m["first"].front().key, m["first"].front().value * 10'000 + m["last"].front().value};
};

const std::vector<shape> shapes{
    keyed("timers", [](auto in) { in.process(alarms{}).named("op").to(memory_sink<row>{}); }),
    two("interval join",
        [](auto left, auto right) {
          return left.join(right).within(-1s, 1s).left().apply(pair_row).named("op");
        }),
    two("window join",
        [](auto left, auto right) {
          return left.join(right).window(tumbling{20s}).left().apply(pair_row).named("op");
        }),
    two("join with versions",
        [](auto left, auto right) {
          return left.join(right.to_table()).as_of().left().apply(pair_row).named("op");
        }),
    two("join with a loaded table",
        [](auto left, auto right) {
          return left.join(right.to_table())
              .once_loaded(1'000'000)
              .left()
              .apply(pair_row)
              .named("op");
        }),
    keyed("pattern",
          [](auto in) { in.detect(rising()).named("op").map(match_row).to(memory_sink<row>{}); }),
    keyed("process", [](auto in) { in.process(teller{}).named("op").to(memory_sink<row>{}); }),
    keyed("reduce",
          [](auto in) {
            in.reduce([](const tick& a, const tick& b) {
                return tick{a.key, a.value + b.value};
              })
                .named("op")
                .map([](const tick& t) {
                  return row{t.key, t.value};
                })
                .to(memory_sink<row>{});
          }),
    summed("tumbling", tumbling{20s}),
    summed("hopping", hopping{20s, 10s}),
    summed("sliding", sliding{20s}),
    summed("sessions", session{20s}),
    summed("windows of 2 events", sliding_count{2, 1}),
};

const shape& shape_called(std::string_view name) {
  return *std::ranges::find(shapes, name, &shape::name);
}

using events = std::vector<std::pair<tick, timestamp>>;

/// An event for each of the keys from `from` to `to`, in random order.
events of_keys(std::uint64_t from, std::uint64_t to, std::int64_t value, timestamp at,
               std::mt19937_64& random) {
  events all;
  for (std::uint64_t k = from; k < to; ++k)
    all.emplace_back(tick{k, value + static_cast<std::int64_t>(k % 7)}, at);
  std::shuffle(all.begin(), all.end(), random);
  return all;
}

/// What goes to every input of a stage.
struct feed {
  one_stage& s;
  std::size_t inputs;

  void send(const events& e) const {
    for (std::size_t i = 0; i < inputs; ++i) s.send(i, e);
  }
  void watermark(timestamp t) const {
    for (std::size_t i = 0; i < inputs; ++i) s.send_watermark(i, t);
  }
  void barrier(std::uint64_t id, flow::progress at = {}) const {
    for (std::size_t i = 0; i < inputs; ++i) s.send_barrier(i, id, at);
  }
  void end() const {
    for (std::size_t i = 0; i < inputs; ++i) s.send_end(i);
  }
};

/// What comes behind the barrier: half of the keys again, new ones, and the end of what was open.
void go_on(one_stage& s, const shape& of, std::uint64_t seed) {
  std::mt19937_64 random{seed};
  const feed to{s, of.inputs};
  const auto step = [&] { acknowledged(s) ? s.work() : s.step(); };
  for (int i = 0; i < 10; ++i) {
    const std::uint64_t from = random() % keys;
    to.send(of_keys(from, std::min(from + 100, keys + 50), 100, ms(15'000 + i), random));
    step();
  }
  to.watermark(ms(29'000));
  step();
  to.send(of_keys(keys / 2, keys + 1'000, 1'000, ms(29'500), random));
  step();
  to.watermark(ms(60'000));
  step();
}

/// The rows that a stage gives for the rest of its life.
std::vector<row> rest_of(one_stage& s, const shape& of) {
  const feed to{s, of.inputs};
  to.send(events{{tick{3, 5}, ms(16'000)}, {tick{keys + 7, 5}, ms(16'000)}});
  to.watermark(all_fire);
  s.work();
  if (of.inputs > 1) to.end();  // a table that is loaded first
  s.work();
  return sorted(s.values<row>(0));
}

void save_while_it_changes(const shape& of, std::uint64_t seed) {
  INFO(of.name << ", seed " << seed);
  const auto begun = [&](std::mt19937_64& random) {
    auto s = std::make_unique<one_stage>(of.make(), "op");
    const feed to{*s, of.inputs};
    s->grant_all();
    to.send(of_keys(0, keys, 1, ms(1'000), random));
    to.send(of_keys(0, keys / 3, 10, ms(2'000), random));
    to.watermark(ms(2'000));
    s->work();
    s->taken(0);
    to.barrier(1, {ms(2'000), false});
    return s;
  };
  std::mt19937_64 random{seed};
  const auto still = begun(random);
  still->work();
  REQUIRE(acknowledged(*still));
  const auto moving = begun(random);
  moving->step();
  REQUIRE(!acknowledged(*moving));
  go_on(*moving, of, seed);
  moving->work();
  REQUIRE(acknowledged(*moving));

  one_stage expected{of.make(), "op", still->saved()};
  one_stage restored{of.make(), "op", moving->saved()};
  expected.grant_all();
  restored.grant_all();
  const auto wanted = rest_of(expected, of);
  CHECK(!wanted.empty());
  CHECK(rest_of(restored, of) == wanted);
  // The stage itself is none the worse for it.
  go_on(*still, of, seed);
  CHECK(rest_of(*moving, of) == rest_of(*still, of));
}

}  // namespace

TEST_CASE("what is saved is what was there at the barrier, whatever comes while it is written") {
  for (const shape& s : shapes)
    for (std::uint64_t seed = 1; seed <= 2; ++seed) save_while_it_changes(s, seed);
}

TEST_CASE("partial matches that a limit makes other keys forget are saved as they were") {
  const auto make = [] {
    pipeline p{"p"};
    detect_options<tick> options;
    options.limits = {.matches = 5'000, .then = at_limit::drop_oldest};
    p.from(memory_source{std::vector<tick>{}})
        .event_time([](const tick& t) { return ms(t.value); }, monotonous_timestamps{})
        .key_by(&tick::key)
        .detect(rising(), options)
        .named("op")
        .map(match_row)
        .to(memory_sink<row>{});
    return p;
  };
  const auto send = [](one_stage& s, std::uint64_t from, std::uint64_t to, std::int64_t value) {
    events all;
    for (std::uint64_t k = from; k < to; ++k)
      all.emplace_back(tick{k, value}, timestamp{std::chrono::microseconds{10 * from + k}});
    s.send(0, all);
    s.send_watermark(0, all.back().second);
  };
  const auto begun = [&] {
    auto s = std::make_unique<one_stage>(make(), "op");
    s->grant_all();
    send(*s, 0, 5'000, 2);
    s->work();
    s->send_barrier(0, 1, {timestamp{std::chrono::microseconds{4'999}}, false});
    return s;
  };
  const auto still = begun();
  still->work();
  const auto moving = begun();
  moving->step();
  REQUIRE(!acknowledged(*moving));
  send(*moving, 10'000, 14'000, 2);
  moving->work();
  REQUIRE(acknowledged(*moving));
  const auto rest = [&](std::vector<snapshot_part> parts) {
    one_stage s{make(), "op", std::move(parts)};
    s.grant_all();
    send(s, 20'000, 20'001, 1'000);
    events all;
    for (std::uint64_t k = 0; k < 5'000; ++k) all.emplace_back(tick{k, 1'001}, ms(1'000));
    s.send(0, all);
    s.send_watermark(0, all_fire);
    s.work();
    return sorted(s.values<row>(0));
  };
  const auto wanted = rest(still->saved());
  CHECK(wanted.size() == 5'000);
  CHECK(rest(moving->saved()) == wanted);
}

TEST_CASE("a barrier goes on before the stage's state is written") {
  one_stage s{shape_called("process").make(), "op"};
  std::mt19937_64 random{1};
  s.grant_all();
  s.send(0, of_keys(0, keys, 1, ms(1'000), random));
  s.work();
  s.send_barrier(0, 1);
  s.step();
  CHECK(!acknowledged(s));
  const auto frames = s.taken(0);
  REQUIRE(!frames.empty());
  CHECK(frames.back().kind == flow::frame_kind::barrier);
}

TEST_CASE("a checkpoint that is given up while it is written costs nothing and is not told of") {
  one_stage s{shape_called("process").make(), "op"};
  std::mt19937_64 random{1};
  s.grant_all();
  s.send(0, of_keys(0, keys, 1, ms(1'000), random));
  s.work();
  s.send_barrier(0, 1);
  s.step();
  s.tell(flow::command::kind::abandon, {1});
  s.work();
  CHECK(!acknowledged(s));
  s.send_barrier(0, 2);
  s.work();
  CHECK(acknowledged(s));
  one_stage again{shape_called("process").make(), "op", s.saved()};
  again.grant_all();
  again.send_watermark(0, all_fire);
  again.work();
  CHECK(again.values<row>(0).size() == keys);
}

TEST_CASE("a barrier that finds another's state being written takes its place") {
  for (const shape& of : shapes) {
    INFO(of.name);
    one_stage s{of.make(), "op"};
    const feed to{s, of.inputs};
    std::mt19937_64 random{1};
    s.grant_all();
    to.send(of_keys(0, keys, 1, ms(1'000), random));
    s.work();
    s.taken(0);
    to.barrier(1);
    s.step();
    REQUIRE(!acknowledged(s));
    to.barrier(2);
    s.work();
    for (const flow::notice& n : s.effects().notices)
      CHECK((n.barrier.id == 2 || n.what == flow::notice::kind::saved_some));
    REQUIRE(acknowledged(s));
    one_stage again{of.make(), "op", s.saved()};
    again.grant_all();
    s.taken(0);
    CHECK(rest_of(again, of) == rest_of(s, of));
  }
}

TEST_CASE("a barrier of a run without a store passes, and no state is written") {
  for (const shape& of : shapes) {
    INFO(of.name);
    one_stage s{of.make(), "op"};
    const feed to{s, of.inputs};
    std::mt19937_64 random{1};
    s.grant_all();
    to.send(of_keys(0, 1'000, 1, ms(1'000), random));
    s.work();
    for (std::size_t i = 0; i < of.inputs; ++i) s.send_last_barrier(i, 1);
    s.work();
    REQUIRE(acknowledged(s));
    CHECK(s.taken(0).back().kind == flow::frame_kind::barrier);
    for (const snapshot_part& p : s.saved()) CHECK(p.operator_id != "op");
  }
}

TEST_CASE("the end may come while state is written") {
  for (const shape& of : shapes) {
    INFO(of.name);
    one_stage s{of.make(), "op"};
    const feed to{s, of.inputs};
    std::mt19937_64 random{1};
    s.grant_all();
    to.send(of_keys(0, keys, 1, ms(1'000), random));
    s.work();
    s.taken(0);
    to.barrier(1);
    s.step();
    REQUIRE(!acknowledged(s));
    to.end();
    s.work();
    CHECK(acknowledged(s));
    CHECK(s.machine().ended());
    one_stage again{of.make(), "op", s.saved()};
    again.grant_all();
    feed{again, of.inputs}.end();
    again.work();
    CHECK(sorted(again.values<row>(0)) == sorted(s.values<row>(0)));
  }
}
