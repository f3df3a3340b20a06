// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using ticks = std::vector<tick>;
using context = process_context<std::uint64_t, std::string>;
using texts = std::vector<std::string>;

template <class P>
pipeline processing(P processor, pipeline_options o = {}) {
  pipeline p{"p", o};
  p.from(memory_source{ticks{}})
      .key_by(&tick::key)
      .process(std::move(processor))
      .named("op")
      .to(memory_sink<typename P::output>{});
  return p;
}

std::vector<std::pair<tick, timestamp>> events(const ticks& all, timestamp at = ms(0)) {
  std::vector<std::pair<tick, timestamp>> made;
  for (const tick& t : all) made.emplace_back(t, at);
  return made;
}

/// Does with its states what each event's value says.
struct states_of_a_key {
  using output = std::string;
  value_state<std::int64_t> last{"last"};
  list_state<std::int64_t> all{"all"};
  map_state<std::string, std::int64_t> parity{"parity"};
  aggregate_state<mean<std::int64_t tick::*>, tick> average{"average", mean{&tick::value}};
  auto states() { return std::tie(last, all, parity, average); }

  void on_event(const tick& t, context& c) {
    std::string text = std::to_string(c.key()) + ":";
    text += last.get() == nullptr ? " none" : " " + std::to_string(*last.get());
    last.put(t.value);
    all.append(t.value);
    parity.update(t.value % 2 == 0 ? "even" : "odd", [](std::int64_t& n) { ++n; });
    average.add(t);
    text += " " + std::to_string(all.get().size());
    text += " " + std::to_string(parity.get("odd") == nullptr ? 0 : *parity.get("odd"));
    text += " " + std::to_string(*average.get());
    c.emit(text.substr(0, text.size() - 5));
    if (t.value < 0) {
      last.erase();
      all.erase();
      parity.erase();
      average.erase();
    }
  }
};

}  // namespace

TEST_CASE("values, lists, maps and aggregates are kept for each key apart") {
  one_stage s{processing(states_of_a_key{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 10}, {2, 7}, {1, 11}, {2, 9}}));
  s.work();
  CHECK(s.values<std::string>(0) ==
        texts{"1: none 1 0 10.0", "2: none 1 1 7.0", "1: 10 2 1 10.5", "2: 7 2 2 8.0"});
}

TEST_CASE("states that are erased are gone, and their key costs nothing") {
  one_stage s{processing(states_of_a_key{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 10}, {1, -1}, {1, 5}, {1, -2}}));
  s.work();
  CHECK(s.values<std::string>(0).at(2) == "1: none 1 1 5.0");
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  s.machine().read_state(to);
  for (const snapshot_part& part : parts) CHECK(part.kind != state_kind::keyed);
}

TEST_CASE("a map forgets single entries, and is gone with the last") {
  struct shelves {
    using output [[maybe_unused]] = std::string;
    map_state<std::int64_t, std::int64_t> held{"held"};
    auto states() { return std::tie(held); }
    void on_event(const tick& t, context& c) {
      if (t.value > 0)
        held.put(t.value, 10 * t.value);
      else
        held.erase(-t.value);
      c.emit(held.get() == nullptr ? "none" : std::to_string(held.get()->size()));
    }
  };
  one_stage s{processing(shelves{}), "op"};
  s.grant_all();
  s.send(0, events({{1, -9}, {1, 1}, {1, 2}, {1, -1}, {1, -2}}));
  s.work();
  CHECK(s.values<std::string>(0) == texts{"none", "1", "2", "1", "none"});
}

namespace {

/// Sets the event timer that each event's value says; tells of those that fire.
struct event_alarm {
  using output = std::string;
  void on_event(const tick& t, context& c) {
    if (t.value >= 0)
      c.set_event_timer(ms(t.value));
    else
      c.erase_event_timer(ms(-t.value));
  }
  void on_timer(timestamp at, context& c) {
    c.emit(std::to_string(c.key()) + "@" + std::to_string(at.time_since_epoch() / 1ms));
  }
};

}  // namespace

TEST_CASE("event timers fire in order, once the watermark has reached them") {
  one_stage s{processing(event_alarm{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 30}, {2, 10}, {1, 20}, {1, 20}}), {ms(9), false});
  s.work();
  CHECK(s.values<std::string>(0).empty());
  s.send_watermark(0, ms(20));
  s.work();
  CHECK(s.values<std::string>(0) == texts{"2@10", "1@20"});
  s.send_end(0);
  s.work();
  CHECK(s.values<std::string>(0) == texts{"1@30"});
}

TEST_CASE("an event timer that is erased does not fire") {
  one_stage s{processing(event_alarm{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 10}, {1, 20}, {1, -10}, {1, -99}}), {ms(100), false});
  s.work();
  CHECK(s.values<std::string>(0) == texts{"1@20"});
}

TEST_CASE("an event timer in the past fires with the next watermark") {
  one_stage s{processing(event_alarm{}), "op"};
  s.grant_all();
  s.send_watermark(0, ms(100));
  s.send(0, events({{1, 10}}), {ms(100), false});
  s.work();
  CHECK(s.values<std::string>(0) == texts{"1@10"});
}

TEST_CASE("timers that fire without credit stop between two and go on there") {
  one_stage s{processing(event_alarm{}), "op"};
  s.grant(0, 1, 2);
  ticks all;
  for (std::uint64_t k = 0; k < 20; ++k) all.push_back({k, 5});
  s.send(0, events(all), {ms(5), false});
  CHECK(s.work() == verdict::blocked);
  texts got = s.values<std::string>(0);
  for (std::uint64_t up_to = 2; s.work() == verdict::blocked; ++up_to) {
    REQUIRE(up_to < 50);
    s.grant(0, up_to, 2);
    for (auto& t : s.values<std::string>(0)) got.push_back(t);
  }
  s.grant_all();
  s.work();
  for (auto& t : s.values<std::string>(0)) got.push_back(t);
  CHECK(got.size() == 20);
}

TEST_CASE("a timer that fails is a dead letter of its operator, and the others fire") {
  struct fragile : event_alarm {
    void on_timer(timestamp at, context& c) {
      if (c.key() == 2) throw std::runtime_error("two");
      event_alarm::on_timer(at, c);
    }
  };
  pipeline p = processing(fragile{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "op"};
  s.grant_all();
  s.send(0, events({{1, 10}, {2, 10}, {3, 10}}), {ms(10), false});
  s.work();
  CHECK(sorted(s.values<std::string>(0)) == texts{"1@10", "3@10"});
  const auto letters = s.values<dead_letter>(1);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].operator_name == "op");
  CHECK(letters[0].error == "two");
}

TEST_CASE("a processing timer fires when its wall-clock time has come, and asks to be woken") {
  struct alarm {
    using output [[maybe_unused]] = std::string;
    void on_event(const tick&, context& c) { c.set_processing_timer(c.now() + 50ms); }
    void on_timer(timestamp, context& c) { c.emit("rang"); }
  };
  one_stage s{processing(alarm{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 0}}));
  s.work();
  CHECK(s.effects().wake_at == s.time().wall() + 50ms);
  s.time().advance(49ms);
  s.work();
  CHECK(s.values<std::string>(0).empty());
  s.time().advance(1ms);
  s.work();
  CHECK(s.values<std::string>(0) == texts{"rang"});
}

TEST_CASE("what a processor emits has the event's timestamp, or one that it gives") {
  struct shifting {
    using output [[maybe_unused]] = std::string;
    void on_event(const tick&, context& c) {
      c.emit("a");
      c.emit("b", c.at() + 5ms);
    }
  };
  one_stage s{processing(shifting{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 0}}, ms(7)));
  s.work();
  const auto frames = s.taken(0);
  REQUIRE(frames.size() == 1);
  CHECK(static_cast<flow::batch_body<std::string>&>(*frames[0].body).events.times ==
        column<timestamp>{ms(7), ms(12)});
}

TEST_CASE("a processor sees the watermark before its event") {
  struct looking {
    using output [[maybe_unused]] = std::string;
    void on_event(const tick&, context& c) {
      c.emit(c.watermark() == min_timestamp
                 ? "none"
                 : std::to_string(c.watermark().time_since_epoch() / 1ms));
    }
  };
  one_stage s{processing(looking{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 0}}), {ms(5), false});
  s.send(0, events({{1, 0}}), {ms(6), false});
  s.work();
  CHECK(s.values<std::string>(0) == texts{"none", "5"});
}

namespace {

const side_output<tick> odd_ones{"odd"};

struct sorting {
  using output = tick;
  void on_event(const tick& t, process_context<std::uint64_t, tick>& c) {
    if (t.value % 2 == 0)
      c.emit(t);
    else
      c.side(odd_ones, t);
  }
};

}  // namespace

TEST_CASE("side outputs are streams of their own") {
  pipeline p{"p"};
  memory_sink<tick> even;
  memory_sink<std::string> odd;
  auto main = p.from(memory_source{ticks{{1, 1}, {1, 2}, {1, 3}, {1, 4}}})
                  .key_by(&tick::key)
                  .process(sorting{});
  main.side(odd_ones).map([](const tick& t) { return std::to_string(t.value); }).to(odd);
  main.to(even);
  run(p);
  CHECK(even.values() == ticks{{1, 2}, {1, 4}});
  CHECK(odd.values() == texts{"1", "3"});
}

TEST_CASE("what goes to a side output that nobody takes is counted") {
  one_stage s{processing(sorting{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 1}, {1, 2}, {1, 3}}));
  s.work();
  CHECK(s.values<tick>(0) == ticks{{1, 2}});
  CHECK(s.metrics().unclaimed_outputs.get() == 2);
}

TEST_CASE("a processor without a key works on the whole stream, in one instance") {
  struct numbering {
    using output [[maybe_unused]] = std::string;
    value_state<std::int64_t> seen{"seen"};
    auto states() { return std::tie(seen); }
    void on_event(const tick& t, process_context<no_key, std::string>& c) {
      seen.update([](std::int64_t& n) { ++n; });
      c.emit(std::to_string(*seen.get()) + "=" + std::to_string(t.value));
    }
  };
  pipeline p{"p", {.parallelism = 3}};
  memory_sink<std::string> out;
  p.from(memory_source{ticks{{1, 5}, {2, 6}, {3, 7}}}).stage("one").process(numbering{}).to(out);
  run(p);
  CHECK(out.values() == texts{"1=5", "2=6", "3=7"});
}

TEST_CASE("outputs of a processor that then fails do not come") {
  struct failing {
    using output [[maybe_unused]] = std::string;
    void on_event(const tick& t, context& c) {
      c.emit("before");
      if (t.value == 1) throw std::runtime_error("one");
    }
  };
  one_stage s{processing(failing{}), "op"};
  s.grant_all();
  s.send(0, events({{1, 0}, {1, 1}, {1, 2}}));
  s.work();
  CHECK(s.values<std::string>(0).size() == 2);
}
