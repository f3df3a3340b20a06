// SPDX-License-Identifier: BSD-3-Clause
// What an instance gathers of sessions before the exchange.
#include "aggregates/two_phases.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using part =
    partial<std::string, sale, session_part<std::tuple<std::uint64_t, wide_sum<std::int64_t>>>>;

sales at(std::initializer_list<std::int64_t> times, const std::string& shop = "a") {
  sales all;
  for (const std::int64_t t : times) all.emplace_back(sold(shop, t, t), ms(t));
  return all;
}

/// Key, start, end and events of what was sent; an event that goes alone has no window.
using sketch = std::tuple<std::string, timestamp, timestamp, std::uint64_t>;
sketch gathered(const std::string& key, std::int64_t start, std::int64_t end, std::uint64_t n) {
  return {key, ms(start), ms(end), n};
}
sketch single(const std::string& key) { return {key, {}, {}, 1}; }

std::vector<sketch> sent(one_stage& s) {
  std::vector<sketch> all;
  for (const part& p : s.values<part>(0)) {
    const auto* some = std::get_if<0>(&p.content);
    all.push_back(some == nullptr ? single(p.key)
                                  : sketch{p.key, some->at.start, some->at.end, p.events});
  }
  return all;
}

one_stage near_of(session<fixed_gap> windows, pre_aggregation options = {}) {
  return one_stage{two_phases(windows, options), "near"};
}

}  // namespace

TEST_CASE(
    "a session is told of at once, and the rest before the watermark comes to the end of it") {
  one_stage s = near_of(session{10ms});
  s.grant_all();
  s.send(0, at({1, 9, 4, 17}), {ms(8), false});
  s.work();
  CHECK(sent(s) == std::vector{single("a")});  // so [1, 11) is known
  s.send_watermark(0, ms(11) - 1us);
  s.work();
  CHECK(sent(s) == std::vector{gathered("a", 1, 27, 3)});
  s.send(0, at({22}));
  s.send_watermark(0, ms(24));
  s.work();
  CHECK(sent(s).empty());  // known up to 27
  s.send_watermark(0, ms(27) - 1us);
  s.work();
  CHECK(sent(s) == std::vector{gathered("a", 1, 32, 1)});
  s.send_end(0);
  s.work();
  CHECK(sent(s).empty());
}

TEST_CASE("what will hardly grow leaves with what has to") {
  one_stage s = near_of(session{8ms});
  s.grant_all();
  s.send(0, at({1, 1}, "a"));
  s.send(0, at({3, 3}, "b"));
  s.send(0, at({4, 4}, "c"));
  s.work();
  CHECK(sent(s) == std::vector{single("a"), single("b"), single("c")});
  s.send_watermark(0, ms(9) - 2us);
  s.work();
  CHECK(sent(s).empty());  // nothing has to leave
  s.send_watermark(0, ms(9) - 1us);
  s.work();
  CHECK(sorted(sent(s)) == std::vector{gathered("a", 1, 9, 1), gathered("b", 3, 11, 1)});
}

TEST_CASE("an event that belongs to no part, or begins one earlier, is sent at once") {
  one_stage s = near_of(session{10ms});
  s.grant_all();
  s.send(0, at({5, 30, 4, 40, 35}));
  s.work();
  CHECK(sent(s) == std::vector{single("a"), single("a"), single("a")});
  s.send_end(0);
  s.work();
  CHECK(sorted(sent(s)) == std::vector{gathered("a", 30, 50, 2)});
}

TEST_CASE("sessions that touch are gathered as one only if they are to be") {
  for (const auto rule : {touching::merge, touching::separate}) {
    one_stage s = near_of(session{10ms}.touching(rule));
    s.grant_all();
    s.send(0, at({1, 11}));
    s.work();
    CHECK(sent(s).size() == (rule == touching::merge ? 1 : 2));
  }
}

TEST_CASE("an event whose window is nearly over goes alone, unless its session is gathered here") {
  one_stage s = near_of(session{10ms});
  s.grant_all();
  s.send(0, at({25}), {ms(20), false});
  s.send(0, at({27, 27}));
  s.send(0, at({9, 11, 11}, "b"));  // over; with a millisecond to go
  s.work();
  CHECK(sent(s) == std::vector{single("a"), single("b"), single("b"), single("b")});
  s.send_end(0);
  s.work();
  CHECK(sent(s) == std::vector{gathered("a", 25, 37, 2)});
}

TEST_CASE("a session that never ends is sent at the end of the stream") {
  one_stage s{two_phases(session{[](const sale&) { return max_timestamp - timestamp{}; }}), "near"};
  s.grant_all();
  s.send(0, at({1, 2}));
  s.send_watermark(0, ms(1'000'000));
  s.work();
  CHECK(sent(s) == std::vector{single("a")});
  s.send_end(0);
  s.work();
  CHECK(sent(s) == std::vector<sketch>{{"a", ms(1), max_timestamp, 1}});
}

TEST_CASE("a full table of sessions sends the one of two that was quiet for longer") {
  one_stage s = near_of(session{10ms}, {.entries = 2});
  s.grant_all();
  s.send(0, at({1, 2, 3}, "many"));
  s.send(0, at({4}, "one"));
  s.send(0, at({5}, "another"));
  s.work();
  CHECK(sent(s) ==
        std::vector{single("many"), single("one"), single("another"), gathered("many", 1, 13, 2)});
}

TEST_CASE("of two sessions with events of the same time, the smaller one is sent") {
  one_stage s = near_of(session{10ms}, {.entries = 2});
  s.grant_all();
  sales many = at({1, 2, 3}, "hot");
  for (int i = 0; i < 50; ++i) {
    many.emplace_back(sold("cold " + std::to_string(i), 0, 4), ms(4));
    many.emplace_back(sold("hot", 0, 4), ms(4));
  }
  s.send(0, many);
  s.send_end(0);
  s.work();
  std::vector<sketch> all = sent(s);
  REQUIRE(all.size() == 52);
  CHECK(std::count(all.begin(), all.end(), single("hot")) == 1);
  CHECK(all.back() == gathered("hot", 1, 14, 52));
}

TEST_CASE(
    "an idle instance keeps no part of a session; afterwards events go alone if wanted late") {
  for (const std::uint32_t instances : {1U, 2U}) {
    one_stage s{two_phases(session{10ms}, {}, true, instances), "near"};
    s.grant_all();
    s.send(0, at({1, 2}), {ms(0), true});
    s.work();
    CHECK(sent(s) == std::vector{single("a"), gathered("a", 1, 12, 1)});
    s.send(0, at({2, 3}), {ms(1), false});
    s.work();
    CHECK(sent(s).size() == instances);
  }
}

TEST_CASE("parts of sessions that leave without credit stop between two and go on there") {
  one_stage s{two_phases(session{10ms}), "near"};
  s.grant_all();
  sales many;
  for (int i = 0; i < 40; ++i)
    for (const std::int64_t t : {1, 2}) many.emplace_back(sold(std::to_string(i), 0, t), ms(t));
  s.send(0, many);
  s.work();
  CHECK(sent(s).size() == 40);
  std::size_t got = 0;
  std::uint64_t up_to = 1'000;
  s.grant(0, up_to, 3);
  s.send_watermark(0, ms(100));
  while (s.work() == verdict::blocked) {
    REQUIRE(++up_to < 1'200);
    got += sent(s).size();
    s.grant(0, up_to, 3);
  }
  CHECK(got + sent(s).size() == 40);
}

TEST_CASE("gathered parts of sessions are in a snapshot, and sent by whom it is restored") {
  one_stage before = near_of(session{10ms});
  before.grant_all();
  before.send(0, at({1, 2, 30, 31}), {ms(3), false});
  before.work();
  CHECK(sent(before) == std::vector{single("a"), single("a")});
  one_stage after{two_phases(session{10ms}), "near", state_of(before)};
  after.grant_all();
  after.send(0, at({6, 6}), {ms(4), false});
  after.work();
  CHECK(sorted(sent(after)) ==
        std::vector{single("a"), gathered("a", 1, 12, 1), gathered("a", 30, 41, 1)});
  after.send_end(0);
  after.work();
  CHECK(sent(after) == std::vector{gathered("a", 6, 16, 1)});
}

TEST_CASE("an event with a gap that is refused fails, and no other") {
  one_stage s{two_phases(session{[](const sale& x) { return 1ms * x.amount; }}), "near"};
  s.grant_all();
  s.send(0, at({5, -5, 6}));
  s.send_end(0);
  s.work();
  CHECK(sent(s) == std::vector{single("a"), gathered("a", 5, 12, 1)});
  CHECK(s.metrics().dead_letters.get() == 1);
}

TEST_CASE("sessions in two phases give changes, and leave out what has not changed") {
  using session_change = change<window_result<std::string, std::optional<std::int64_t>>>;
  const auto of = [](bool gather) {
    std::vector<sale> all;
    for (std::int64_t i = 0; i < 300; ++i)
      all.push_back(sold(std::string(1, static_cast<char>('a' + i % 3)), 1 + i % 2, i * (i % 7)));
    pipeline p{"p", {.parallelism = 2}};
    memory_sink<session_change> changes;
    memory_sink<window_result<std::string, std::optional<std::int64_t>>> results;
    weir::stream<sale> in =
        p.from(memory_source{all})
            .event_time(&sale::at, bounded_out_of_orderness{std::chrono::milliseconds{2'000}})
            .stage("near", {.parallelism = 1});
    const auto both = [&](const auto& keyed) {
      const auto lenient = keyed.window(session{4ms}).allowed_lateness(3ms);
      lenient.aggregate_changes(max{&sale::amount}).to(changes);
      lenient.emit_on_change().aggregate(max{&sale::amount}).to(results);
    };
    const auto keyed = in.key_by(&sale::shop);
    gather ? both(keyed.local_pre_aggregate()) : both(keyed);
    run(p);
    std::vector<std::string> texts;
    for (const auto& c : changes.values()) texts.push_back(to_json(c));
    for (const auto& r : results.values()) texts.push_back(to_json(r));
    return sorted(texts);
  };
  const auto gathered = of(true);
  CHECK(gathered.size() > 50);
  CHECK(gathered == of(false));
}

namespace {

/// The sums of all sessions, gathered before they are dealt or not.
template <class Gap>
std::vector<std::int64_t> sums(const std::vector<sale>& all, Gap gap, bool gather) {
  pipeline p{"p"};
  memory_sink<window_result<std::string, std::int64_t>> out;
  memory_sink<dead_letter> letters;
  p.dead_letters_to(letters);
  const auto keyed = p.from(memory_source{all})
                         .event_time(&sale::at, monotonous_timestamps{})
                         .stage("near", {.on_error = directive::to_dead_letters()})
                         .key_by(&sale::shop);
  const auto amount = [](const sale& s) {
    if (s.amount < 0) throw std::runtime_error{"less than nothing"};
    return s.amount;
  };
  const auto add = [&](const auto& from) {
    from.window(session{gap}).aggregate(sum{amount}).on_error(directive::to_dead_letters()).to(out);
  };
  gather ? add(keyed.local_pre_aggregate()) : add(keyed);
  run(p);
  std::vector<std::int64_t> found;
  for (const auto& r : out.values()) found.push_back(r.value);
  return found;
}

}  // namespace

TEST_CASE("a session that never ends comes out once, with all its events") {
  const auto for_ever = [](const sale&) { return max_timestamp - timestamp{}; };
  for (const bool gather : {false, true})
    CHECK(sums({sold("a", 1, 1), sold("a", 2, 2), sold("a", 4, 3)}, for_ever, gather) ==
          std::vector<std::int64_t>{7});
}

TEST_CASE("a session whose first event fails comes out with the others") {
  const auto gap = [](const sale&) { return 10ms; };
  for (const bool gather : {false, true})
    CHECK(sums({sold("a", -1, 1), sold("a", 2, 2), sold("a", 4, 3), sold("a", 8, 100)}, gap,
               gather) == std::vector<std::int64_t>{6, 8});
}
