// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <stdexcept>

using namespace weir;
using namespace weir::test;
using flow::verdict;
using namespace std::chrono_literals;

namespace {

using ticks = std::vector<tick>;

std::int64_t fail_at_3(const tick& t) {
  if (t.value == 3) throw std::runtime_error("three");
  return t.value;
}

/// source -> "work", which fails at value 3 -> sink, and dead letters.
pipeline failing(directive what) {
  pipeline p{"p"};
  p.from(memory_source{ticks{}})
      .stage("work", {.on_error = what})
      .map([](const tick& t) { return t; })
      .map(fail_at_3)
      .named("fails")
      .to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  return p;
}

std::vector<std::pair<tick, timestamp>> numbers(std::int64_t n) {
  std::vector<std::pair<tick, timestamp>> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back({tick{9, i}, ms(10 * i)});
  return all;
}

using values = std::vector<std::int64_t>;

}  // namespace

TEST_CASE("an event that fails is a dead letter with its stage's input, and the others go on") {
  one_stage s{failing(directive::to_dead_letters()), "work"};
  s.grant_all();
  s.send(0, numbers(5));
  CHECK(s.work() == verdict::done);
  CHECK(s.values<std::int64_t>(0) == values{0, 1, 2, 4});
  const auto letters = s.values<dead_letter>(1);
  REQUIRE(letters.size() == 1);
  const dead_letter& l = letters[0];
  CHECK(l.stage == "work");
  CHECK(l.operator_name == "fails");
  CHECK(l.error == "three");
  CHECK(l.text == R"({"key":9,"value":3})");
  CHECK(l.event_time == ms(30));
  CHECK(l.failed_at == s.time().wall());
  CHECK(l.tries == 1);
  tick back;
  byte_reader in{l.event};
  REQUIRE(decode(in, back));
  CHECK(back == tick{9, 3});
  CHECK(s.metrics().dead_letters.get() == 1);
}

TEST_CASE("an exception that is no std::exception is a dead letter too") {
  pipeline p{"p"};
  p.from(memory_source{ticks{}})
      .stage("work")
      .map([](const tick& t) {
        if (t.value == 1) throw 42;
        return t;
      })
      .to(memory_sink<tick>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(2));
  s.work();
  CHECK(s.values<dead_letter>(1).at(0).error == "an exception that is no std::exception");
}

TEST_CASE("a dead letter of a source's stage names the split and the offset") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<ticks>{{{0, 1}, {0, 2}}, {{0, 7}, {0, 3}}}})
      .map(fail_at_3)
      .to(memory_sink<std::int64_t>{});
  memory_sink<dead_letter> letters;
  p.dead_letters_to(letters);
  run(p);
  REQUIRE(letters.size() == 1);
  CHECK(letters.values()[0].source == "memory-000001");
  CHECK(letters.values()[0].offset == 1U);
}

TEST_CASE("dead letters that nobody takes are counted") {
  pipeline p{"p"};
  memory_sink<std::int64_t> out;
  p.from(memory_source{ticks{{0, 2}, {0, 3}, {0, 4}}}).map(fail_at_3).to(out);
  CHECK(run(p)[met::dead_letter] == 1);
  CHECK(out.values() == values{2, 4});
}

TEST_CASE("skip counts the event and goes on") {
  one_stage s{failing(directive::skip()), "work"};
  s.grant_all();
  s.send(0, numbers(5));
  CHECK(s.work() == verdict::done);
  CHECK(s.values<std::int64_t>(0) == values{0, 1, 2, 4});
  CHECK(s.values<dead_letter>(1).empty());
  CHECK(s.metrics().skipped_events.get() == 1);
  CHECK(s.metrics().dead_letters.get() == 0);
}

TEST_CASE("retry waits, twice as long each time, and gives the event up in the end") {
  one_stage s{failing(directive::retry(2, 100ms)), "work"};
  s.grant_all();
  s.send(0, numbers(5));
  const timestamp began = s.time().wall();
  CHECK(s.work() == verdict::blocked);
  CHECK(s.effects().wake_at == began + 100ms);
  CHECK(s.values<std::int64_t>(0) == values{0, 1, 2});
  CHECK(s.work() == verdict::blocked);  // too early
  s.effects().clear();
  s.time().advance(100ms);
  CHECK(s.work() == verdict::blocked);
  CHECK(s.effects().wake_at == began + 300ms);
  s.time().advance(199ms);
  CHECK(s.work() == verdict::blocked);
  s.time().advance(1ms);
  CHECK(s.work() == verdict::done);
  CHECK(s.values<std::int64_t>(0) == values{4});
  CHECK(s.values<dead_letter>(1).at(0).tries == 3);
  CHECK(s.metrics().retries.get() == 2);
}

TEST_CASE("retry goes on with an event that works the second time") {
  pipeline p{"p"};
  auto left = std::make_shared<int>(1);
  p.from(memory_source{ticks{}})
      .stage("work", {.on_error = directive::retry(3, 1ms)})
      .map([left](const tick& t) {
        if (t.value == 1 && (*left)-- > 0) throw std::runtime_error("not yet");
        return t.value;
      })
      .to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(3));
  CHECK(s.work() == verdict::blocked);
  s.time().advance(1ms);
  CHECK(s.work() == verdict::done);
  CHECK(s.values<std::int64_t>(0) == values{0, 1, 2});
  CHECK(s.values<dead_letter>(1).empty());
}

namespace {

/// Numbers the events of a key, once what may fail is behind it.
struct careful {
  using output = std::int64_t;
  static constexpr bool atomic = true;
  std::shared_ptr<int> failures_left;
  value_state<std::int64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const tick& t, process_context<std::uint64_t, std::int64_t>& c) {
    c.emit(-1);  // is taken back
    if (t.value == 1 && (*failures_left)-- > 0) throw std::runtime_error("not yet");
    seen.update([](std::int64_t& n) { ++n; });
    c.emit(*seen.get());
  }
};

struct careful_without_key {
  using output = std::int64_t;
  static constexpr bool atomic = true;
  value_state<std::int64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const tick& t, process_context<no_key, std::int64_t>& c) {
    seen.put(t.value);
    c.emit(t.value);
  }
};

}  // namespace

TEST_CASE("an operator with state that says it is atomic is tried again") {
  pipeline p{"p"};
  p.from(memory_source{ticks{}})
      .key_by(&tick::key)
      .process(careful{std::make_shared<int>(2)})
      .named("careful")
      .on_error(directive::retry(3, 1ms))
      .to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "careful"};
  s.grant_all();
  s.send(0, numbers(3));
  for (const auto wait : {1ms, 2ms}) {
    CHECK(s.work() == verdict::blocked);
    s.time().advance(wait);
  }
  CHECK(s.work() == verdict::done);
  CHECK(s.values<std::int64_t>(0) == values{-1, 1, -1, 2, -1, 3});
  CHECK(s.values<dead_letter>(1).empty());
}

TEST_CASE("... but not where another operator's failure would run it twice") {
  const auto mistake = [](pipeline p) {
    const auto built = p.build();
    REQUIRE_FALSE(built);
    CHECK(built.error().message.find(
              "retry would run 'careful' again on state that it has changed") != std::string::npos);
  };
  const auto what = directive::retry(3, 1ms);
  pipeline behind{"p"};
  behind.from(memory_source{ticks{}})
      .key_by(&tick::key)
      .process(careful{std::make_shared<int>(0)})
      .named("careful")
      .map([](std::int64_t n) { return n; })
      .on_error(what)
      .to(memory_sink<std::int64_t>{});
  mistake(behind);

  pipeline dealt{"p"};  // whose key's function may fail
  dealt.from(memory_source{ticks{}})
      .key_by(&tick::key)
      .process(careful{std::make_shared<int>(0)})
      .named("careful")
      .on_error(what)
      .key_by([](std::int64_t n) { return n; })
      .reduce([](std::int64_t a, std::int64_t) { return a; })
      .to(memory_sink<std::int64_t>{});
  mistake(dealt);

  pipeline several{"p"};
  several.from(memory_source{ticks{}})
      .stage("work", {.on_error = what})
      .flat_map<tick>([](const tick& t, auto emit) {
        emit(t);
        emit(t);
      })
      .process(careful_without_key{})
      .named("careful")
      .to(memory_sink<std::int64_t>{});
  mistake(several);
}

TEST_CASE("two consumers of a stream that retry the same event have their own tries") {
  pipeline p{"p"};
  auto named = p.from(memory_source{ticks{}})
                   .stage("work", {.on_error = directive::retry(2, 1ms)})
                   .map([](const tick& t) { return t; });
  named.map(fail_at_3).to(memory_sink<std::int64_t>{});
  named.map(fail_at_3).to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(5));
  for (int i = 0; s.work() == verdict::blocked; ++i) {
    REQUIRE(i < 100);
    s.time().advance(10ms);
  }
  const auto letters = s.values<dead_letter>(2);
  REQUIRE(letters.size() == 2);
  CHECK(letters[0].tries == 3);
  CHECK(letters[1].tries == 3);
}

TEST_CASE("restart fails the stage for a new attempt") {
  one_stage s{failing(directive::restart()), "work"};
  s.grant_all();
  s.send(0, numbers(5));
  CHECK(s.work() == verdict::done);
  REQUIRE(s.effects().failures.size() == 1);
  CHECK(s.effects().failures[0].wants == flow::failure::remedy::restart);
  CHECK(s.effects().failures[0].where == "fails");
  CHECK(s.effects().failures[0].why.message == "three");
  CHECK(s.machine().failed());
  s.send(0, numbers(1));
  CHECK(s.work() == verdict::done);
}

TEST_CASE("stop asks for the pipeline's end, with its cause") {
  one_stage s{failing(directive::stop()), "work"};
  s.grant_all();
  s.send(0, numbers(5));
  s.work();
  REQUIRE(s.effects().failures.size() == 1);
  CHECK(s.effects().failures[0].wants == flow::failure::remedy::stop);
}

TEST_CASE("an error of the user's own keeps its code") {
  pipeline p{"p"};
  p.from(memory_source{ticks{}})
      .stage("work", {.on_error = directive::stop()})
      .map([](const tick& t) -> tick {
        if (t.value >= 0) throw exception({errc::not_found, "no such shop"});
        return t;
      })
      .to(memory_sink<tick>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(1));
  s.work();
  REQUIRE(s.effects().failures.size() == 1);
  CHECK(s.effects().failures[0].why == error{errc::not_found, "no such shop"});
}

TEST_CASE("outputs of an event that fails in the middle are taken back") {
  pipeline p{"p"};
  p.from(memory_source{ticks{}})
      .stage("work")
      .flat_map<std::int64_t>([](const tick& t, auto emit) {
        emit(10 * t.value);
        emit(10 * t.value + 1);
        if (t.value % 2 == 1) throw std::runtime_error("odd");
        emit(10 * t.value + 2);
      })
      .filter([](std::int64_t v) { return v % 10 != 1; })
      .to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(5));
  s.work();
  CHECK(s.values<std::int64_t>(0) == values{0, 2, 20, 22, 40, 42});
  CHECK(s.values<dead_letter>(1).size() == 2);
}

TEST_CASE("outputs of a failing event are taken back from a named stream too") {
  pipeline p{"p"};
  auto named = p.from(memory_source{ticks{}})
                   .stage("work")
                   .flat_map<std::int64_t>([](const tick& t, auto emit) {
                     emit(t.value);
                     if (t.value == 1) throw std::runtime_error("one");
                   });
  named.to(memory_sink<std::int64_t>{});
  named.map([](std::int64_t v) { return v; }).to(memory_sink<std::int64_t>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(3));
  s.work();
  CHECK(s.values<std::int64_t>(0) == values{0, 2});
  CHECK(s.values<std::int64_t>(1) == values{0, 2});
}

TEST_CASE("outputs that a failing event sent to the side are taken back") {
  static const side_output<std::string> notes{"notes"};
  struct noting {
    using output [[maybe_unused]] = tick;
    void on_event(const tick& t, process_context<std::uint64_t, tick>& c) {
      c.side(notes, std::to_string(t.value));
      c.emit(t);
      if (t.value == 1) throw std::runtime_error("one");
    }
  };
  pipeline p{"p"};
  auto main = p.from(memory_source{ticks{}}).key_by(&tick::key).process(noting{}).named("work");
  main.side(notes).to(memory_sink<std::string>{});
  main.to(memory_sink<tick>{});
  one_stage s{p, "work"};
  s.grant_all();
  s.send(0, numbers(3));
  s.work();
  std::vector<std::string> noted = s.values<std::string>(0);
  CHECK(noted == std::vector<std::string>{"0", "2"});
}

TEST_CASE("no event is worked on while dead letters wait for credit") {
  pipeline p{"p", {.batches = {.events = 1}}};
  p.from(memory_source{ticks{}})
      .stage("work")
      .map([](const tick& t) {
        if (t.value % 2 == 0) throw std::runtime_error("even");
        return t.value;
      })
      .to(memory_sink<std::int64_t>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "work"};
  s.grant(0, 1000);
  s.send(0, numbers(20));
  CHECK(s.work() == verdict::blocked);
  CHECK(s.values<std::int64_t>(0).empty());
  s.grant(1, 1);
  CHECK(s.work() == verdict::blocked);
  CHECK(s.values<std::int64_t>(0) == values{1});
  s.grant(1, 1000);
  CHECK(s.work() == verdict::done);
  CHECK(s.values<std::int64_t>(0).size() == 9);
  CHECK(s.values<dead_letter>(1).size() == 10);
}

TEST_CASE("a key function that throws makes a dead letter") {
  pipeline p{"p"};
  memory_sink<std::string> out;
  memory_sink<dead_letter> letters;
  p.from(memory_source{ticks{{0, 1}, {0, 3}, {0, 5}}})
      .map([](const tick& t) { return std::to_string(t.value); })
      .named("text")
      .key_by([](const std::string& s) {
        if (s == "3") throw std::runtime_error("no key");
        return s;
      })
      .parallelism(2)
      .reduce([](const std::string& a, const std::string&) { return a; })
      .to(out);
  p.dead_letters_to(letters);
  run(p);
  CHECK(sorted(out.values()) == std::vector<std::string>{"1", "5"});
  REQUIRE(letters.size() == 1);
  CHECK(letters.values()[0].error == "no key");
  CHECK(letters.values()[0].operator_name != "text");  // it is not that operator's fault
}
