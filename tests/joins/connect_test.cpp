// SPDX-License-Identifier: BSD-3-Clause
#include "joins/play.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <map>
#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

struct mark {
  std::int64_t key = 0;
  std::string text;
};
BOOST_DESCRIBE_STRUCT(mark, (), (key, text))

struct stop {
  std::int64_t key = 0;
};
BOOST_DESCRIBE_STRUCT(stop, (), (key))

/// Adds up a key's blips; a mark says what there is so far, a stop or a timer ends the key.
struct adder {
  using output = std::string;
  using context = process_context<std::int64_t, std::string>;
  value_state<std::int64_t> sum{"sum"};
  auto states() { return std::tie(sum); }

  void on_event(const blip& b, context& c) {
    if (sum.get() == nullptr) c.set_event_timer(c.at() + 100us);
    sum.update([&](std::int64_t& s) { s += b.value; });
  }
  void on_event(const mark& m, context& c) { say(m.text, c); }
  void on_event(const stop&, context& c) {
    say("stop", c);
    sum.erase();
  }
  void on_timer(timestamp, context& c) {
    say("timer", c);
    sum.erase();
  }

private:
  void say(const std::string& what, context& c) {
    const std::int64_t* s = sum.get();
    c.emit(std::to_string(c.key()) + " " + what + " " + (s == nullptr ? "-" : std::to_string(*s)));
  }
};

auto adding(stream<blip> blips, stream<mark> marks, stream<stop> stops) {
  return blips.key_by(&blip::key)
      .connect(marks.key_by(&mark::key), stops.key_by(&stop::key))
      .process(adder{})
      .named("adder");
}

/// Passes blips on whose value is not below their key's limit, which is broadcast.
struct limited {
  using output = std::string;
  using context = process_context<std::int64_t, std::string>;
  broadcast_state<std::int64_t, std::string> limit{"limit"};
  value_state<std::int64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  auto broadcast_states() { return std::tie(limit); }

  void on_broadcast(const mark& m, const broadcast_context&) {
    m.text.empty() ? limit.erase(m.key) : limit.put(m.key, m.text);
  }
  void on_event(const blip& b, context& c) {
    seen.update([](std::int64_t& n) { ++n; });
    const std::string* l = limit.get(b.key);
    if (b.value == -1) limit.put(b.key, "not here");
    c.emit(std::to_string(b.key) + "." + std::to_string(*seen.get()) + " " +
           (l == nullptr ? "-" : *l));
  }
};

auto limiting(stream<blip> blips, stream<mark> marks) {
  return blips.key_by(&blip::key).connect(marks.broadcast()).process(limited{}).named("limits");
}

/// The same without a key, and without state of its own.
struct looked_up {
  using output = std::string;
  broadcast_state<std::int64_t, std::string> names{"names"};
  auto broadcast_states() { return std::tie(names); }

  void on_broadcast(const mark& m, const broadcast_context&) { names.put(m.key, m.text); }
  void on_event(const blip& b, process_context<no_key, std::string>& c) {
    const std::string* name = names.get(b.key);
    c.emit(name == nullptr ? "nobody" : *name);
  }
};

template <class Run>
texts lines_in_order(Run& run) {
  texts all = run.values();
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace

TEST_CASE("one processor takes the events of three streams, with state and timers of their key") {
  operator_options options;
  options.pipeline.parallelism = 2;
  operator_run run{adding, options};
  run.input<0>().push({1, 10}, tick(0)).push({2, 20}, tick(5)).push({1, 11}, tick(6));
  run.input<1>().push({1, "a"}, tick(7)).push({3, "b"}, tick(7));
  CHECK(lines_in_order(run) == texts{"1 a 21", "3 b -"});
  run.input<2>().push({2}, tick(8));
  CHECK(lines_in_order(run) == texts{"2 stop 20"});

  options.pipeline.parallelism = 3;
  auto next = run.restarted(options);
  next.input<1>().push({1, "c"}, tick(9)).push({2, "d"}, tick(9));
  CHECK(lines_in_order(next) == texts{"1 c 21", "2 d -"});
  next.push_watermark(tick(99));
  CHECK(lines_in_order(next).empty());
  next.push_watermark(tick(100));
  CHECK(lines_in_order(next) == texts{"1 timer 21"});
}

TEST_CASE("what is broadcast reaches every instance, and is there after a restart with more") {
  operator_options options;
  options.pipeline.parallelism = 3;
  operator_run run{limiting, options};
  for (std::int64_t key = 0; key < 6; ++key) run.input<1>().push({key, std::to_string(10 * key)});
  run.input<1>().push({5, ""});
  for (std::int64_t key = 0; key < 6; ++key) run.input<0>().push({key, 1}, tick(1));
  CHECK(lines_in_order(run) == texts{"0.1 0", "1.1 10", "2.1 20", "3.1 30", "4.1 40", "5.1 -"});

  options.pipeline.parallelism = 5;
  auto next = run.restarted(options);
  for (std::int64_t key = 0; key < 6; ++key) next.input<0>().push({key, 1}, tick(2));
  CHECK(lines_in_order(next) == texts{"0.2 0", "1.2 10", "2.2 20", "3.2 30", "4.2 40", "5.2 -"});
  // The broadcast stream holds nothing up.
  next.input<0>().push_watermark(tick(7));
  CHECK(next.watermark() == tick(7));
}

TEST_CASE("broadcast state that is written elsewhere than in on_broadcast fails the event") {
  operator_run run{limiting};
  run.input<0>().push({1, -1}, tick(1));
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK_THAT(letters[0].error, Catch::Matchers::ContainsSubstring(
                                   "broadcast state is written in on_broadcast() only"));
  CHECK(run.outputs().empty());
}

TEST_CASE("a stream without a key sees what is broadcast in each of its instances") {
  operator_options options;
  options.pipeline.parallelism = 3;
  operator_run run{[](stream<blip> blips, stream<mark> marks) {
                     return blips.connect(marks.broadcast()).process(looked_up{}).named("names");
                   },
                   options};
  run.input<1>().push({1, "one"}).push({2, "two"});
  for (std::int64_t i = 0; i < 9; ++i) run.input<0>().push({i % 3, 0}, tick(i));
  CHECK(lines_in_order(run) ==
        texts{"nobody", "nobody", "nobody", "one", "one", "one", "two", "two", "two"});
}

namespace {

// A rule in two versions of a program, and one that can't be read as the first.
struct rule {
  std::int64_t key = 0;
  std::string gone;
  std::int32_t limit = 0;
};
BOOST_DESCRIBE_STRUCT(rule, (), (key, gone, limit))
struct later_rule {
  std::int64_t limit = 0;
  std::int64_t key = 0;
  std::string added;
};
BOOST_DESCRIBE_STRUCT(later_rule, (), (limit, key, added))
struct other_rule {
  std::int64_t key = 0;
  std::string limit;
};
BOOST_DESCRIBE_STRUCT(other_rule, (), (key, limit))

std::string text_of(const std::string& text) { return text; }
std::string text_of(std::int64_t n) { return std::to_string(n); }

/// Says what the rules of a blip's key come to.
template <class Rule>
struct ruled {
  using output = std::string;
  broadcast_state<std::int64_t, Rule> rules{"rules"};
  auto broadcast_states() { return std::tie(rules); }

  void on_broadcast(const Rule& r, const broadcast_context&) { rules.put(r.key, r); }
  void on_event(const blip& b, process_context<no_key, std::string>& c) {
    const Rule* found = rules.get(b.key);
    c.emit(found == nullptr ? "none" : text_of(found->limit));
  }
};
template <class Rule>
auto ruling(stream<blip> blips, stream<Rule> rules) {
  return blips.connect(rules.broadcast()).process(ruled<Rule>{}).named("rules");
}

}  // namespace

TEST_CASE("broadcast state is read though its values have other members now, or refused") {
  operator_run first{ruling<rule>, operator_options{}};
  first.input<1>().push({1, "x", 10}, tick(0)).push({2, "y", 20}, tick(0));
  const auto state = first.snapshot();
  auto next = subject{ruling<later_rule>}.restore(state);
  next.input<0>().push({2, 0}, tick(1)).push({1, 0}, tick(1)).push({3, 0}, tick(1));
  CHECK(lines_in_order(next) == texts{"10", "20", "none"});
  try {
    (void)subject{ruling<other_rule>}.restore(state);
    FAIL("it was taken");
  } catch (const exception& e) {
    INFO(e.what());
    CHECK(std::string{e.what()}.find("limit' was int32, and is text now") != std::string::npos);
  }
}
