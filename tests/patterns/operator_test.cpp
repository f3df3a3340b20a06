// SPDX-License-Identifier: BSD-3-Clause
// The detect operator in its stage: event time, time-outs, limits, snapshots.
#include "patterns/letters.hpp"
#include "patterns/scale.hpp"
#include "support/map_backend.hpp"
#include "weir/test.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct note {
  std::string key;
  char name = 'x';
  std::int64_t price = 0;

  friend auto operator<=>(const note&, const note&) = default;
};
BOOST_DESCRIBE_STRUCT(note, (), (key, name, price))

const side_output<note> late{"late"};
const side_output<timed_out_match<note>> timed_out{"timed out"};

auto named(char n) {
  return [n](const note& x) { return x.name == n; };
}
pattern<note> a_then_b() {
  return pattern<note>("a").where(named('a')).followed_by("b").where(named('b')).within(10us);
}

subject<match<note>, inputs<note>> matching(pattern<note> p, detect_options<note> options = {},
                                            operator_options in = {}) {
  options.late = late;
  options.timed_out = timed_out;
  return subject<match<note>, inputs<note>>{
      [=](stream<note> s) {
        return std::move(s).key_by(&note::key).detect(p, options).named("detect");
      },
      in, late, timed_out};
}

std::string text_of(const match<note>& m) {
  std::string text;
  for (const auto& s : m.steps)
    for (const note& n : s.events) text += n.key + n.name + std::to_string(n.price) + " ";
  return text;
}
std::vector<std::string> texts_of(const std::vector<timed<match<note>>>& all) {
  std::vector<std::string> made;
  for (const auto& m : all)
    made.push_back(text_of(m.value) + "@" + std::to_string(m.at.time_since_epoch().count()));
  return made;
}

}  // namespace

TEST_CASE("events are matched in the order of their time, when the watermark has come to them") {
  auto run = matching(a_then_b()).run();
  run.push({"k", 'b', 1}, us(5)).push({"k", 'a', 1}, us(3));
  CHECK(run.outputs().empty());
  run.push_watermark(us(4));
  CHECK(run.outputs().empty());
  run.push_watermark(us(5));
  CHECK(texts_of(run.outputs()) == texts{"ka1 kb1 @5"});
}

TEST_CASE("keys are matched apart") {
  auto run = matching(a_then_b()).run();
  run.push({"k", 'a', 1}, us(1)).push({"l", 'b', 1}, us(2)).push({"k", 'b', 2}, us(3));
  run.push_watermark(us(9));
  CHECK(texts_of(run.outputs()) == texts{"ka1 kb2 @3"});
}

TEST_CASE("an event at the watermark is late: counted, and sent to its side output") {
  auto run = matching(a_then_b()).run();
  run.push_watermark(us(5));
  run.push({"k", 'a', 1}, us(5)).push({"k", 'a', 2}, us(6));
  CHECK(run.late_events() == 1);
  CHECK(run.side(late).size() == 1);
  run.push({"k", 'b', 1}, us(7));
  run.push_watermark(us(7));
  CHECK(texts_of(run.outputs()) == texts{"ka2 kb1 @7"});
}

TEST_CASE("equal times are in the order of arrival, or in that of a comparison") {
  auto run = matching(a_then_b()).run();
  run.push({"k", 'b', 1}, us(1)).push({"k", 'a', 2}, us(1));
  run.push_watermark(us(1));
  CHECK(run.outputs().empty());
  auto ordered =
      matching(a_then_b(), {.order = [](const note& x, const note& y) { return x.name < y.name; }})
          .run();
  ordered.push({"k", 'b', 1}, us(1)).push({"k", 'a', 2}, us(1));
  ordered.push_watermark(us(1));
  CHECK(texts_of(ordered.outputs()) == texts{"ka2 kb1 @1"});
}

TEST_CASE("time alone ends partial matches, and they go to their side output") {
  auto run = matching(a_then_b()).run();
  run.push({"k", 'a', 1}, us(1));
  run.push_watermark(us(10));
  CHECK(run.side(timed_out).empty());
  run.push_watermark(us(11));
  const auto over = run.side(timed_out);
  REQUIRE(over.size() == 1);
  CHECK(text_of(over[0].value.events) == "ka1 ");
  CHECK(over[0].at == us(11));
  run.push({"k", 'b', 1}, us(12));
  run.push_watermark(us(12));
  CHECK(run.outputs().empty());
}

TEST_CASE("a key that holds nothing more has no state") {
  auto run = matching(a_then_b()).run();
  run.push({"k", 'a', 1}, us(1)).push({"k", 'b', 1}, us(2)).push({"l", 'x', 1}, us(2));
  run.push_watermark(us(5));
  for (const state_size& s : state_sizes(run.snapshot()))
    CHECK((s.operator_id != "detect" || s.state == "@watermark" ||
           s.state.starts_with("@form of ") || s.state.starts_with("@automaton of ")));
}

TEST_CASE("an un-keyed stream is matched as a whole, by one instance") {
  const subject all{[](stream<note> s) { return std::move(s).detect(a_then_b()); }};
  auto run = all.run();
  run.push({"k", 'a', 1}, us(1)).push({"l", 'b', 1}, us(2));
  run.push_watermark(us(2));
  CHECK(texts_of(run.outputs()) == texts{"ka1 lb1 @2"});
}

TEST_CASE("in processing time an event is matched as it comes") {
  auto run = matching(a_then_b(), {.time = match_time::processing}).run();
  run.push({"k", 'a', 1});
  run.advance(3us);
  run.push({"k", 'b', 1});
  CHECK(texts_of(run.outputs()) == texts{"ka1 kb1 @3"});
  run.push({"k", 'a', 2});
  run.advance(20us);
  CHECK(run.side(timed_out).size() == 1);
}

TEST_CASE("a condition that throws fails its event, and nothing else") {
  const auto p = a_then_b().where([](const note& n) {
    if (n.price == 13) throw std::runtime_error("thirteen");
    return true;
  });
  auto run = matching(p).run();
  run.push({"k", 'a', 1}, us(1)).push({"k", 'b', 13}, us(2)).push({"k", 'b', 3}, us(3));
  run.push_watermark(us(3));
  CHECK(texts_of(run.outputs()) == texts{"ka1 kb3 @3"});
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].error == "thirteen");
  CHECK(letters[0].text.find("13") != std::string::npos);
}

TEST_CASE("matches that wait for an output without credit are not lost") {
  operator_options tight;
  tight.withhold_output = true;
  tight.step_budget = 3;
  auto run = matching(a_then_b(), {}, tight).run();
  for (int i = 0; i < 50; ++i) run.push({"k", 'a', i}, us(1));
  run.push({"k", 'b', 1}, us(2));
  run.push_watermark(us(2));
  run.grant(2, 7);
  CHECK(run.blocked());
  auto got = run.values();
  CHECK(got.size() < 50);
  run.grant(1000, 7);
  for (auto& m : run.values()) got.push_back(std::move(m));
  REQUIRE(got.size() == 50);
  for (int i = 0; i < 50; ++i) CHECK(got[static_cast<std::size_t>(i)].first("a").price == i);
}

TEST_CASE("a match that waits for an earlier one holds the watermark back") {
  const auto p = pattern<note>("a")
                     .where(named('a'))
                     .followed_by("b")
                     .where([](const note& n, const match_so_far<note>& m) {
                       return n.name == 'b' && n.price == m.first("a")->price;
                     })
                     .within(100us)
                     .skip(skip_past_last());
  auto run = matching(p).run();
  run.push({"k", 'a', 1}, us(1)).push({"k", 'a', 2}, us(2)).push({"k", 'b', 2}, us(3));
  run.push_watermark(us(10));
  CHECK(run.outputs().empty());
  CHECK(run.watermark() == us(2));
  run.push_watermark(us(101));
  CHECK(texts_of(run.outputs()) == texts{"ka2 kb2 @3"});
  CHECK(run.watermark() == us(101));
}

TEST_CASE("a limit of partial matches is kept, and what it costs is counted") {
  const auto begin = [](at_limit then) {
    detect_options<note> o;
    o.limits.matches_per_key = 3;
    o.limits.then = then;
    return matching(a_then_b(), o).run();
  };
  const auto dropped = [](const run_base& run) {
    std::uint64_t n = 0;
    run.metrics("detect").each_counter([&](const std::string& name, std::uint64_t v) {
      if (name == "partial_matches_dropped") n = v;
    });
    return n;
  };
  const auto feed = [](auto& run) {
    for (int i = 1; i <= 5; ++i) run.push({"k", 'a', i}, us(i));
    run.push({"k", 'b', 0}, us(6));
    run.push_watermark(us(6));
  };
  auto oldest = begin(at_limit::drop_oldest);
  feed(oldest);
  CHECK(texts_of(oldest.outputs()) == texts{"ka3 kb0 @6", "ka4 kb0 @6", "ka5 kb0 @6"});
  CHECK(dropped(oldest) == 2);
  auto newest = begin(at_limit::drop_newest);
  feed(newest);
  CHECK(texts_of(newest.outputs()) == texts{"ka1 kb0 @6", "ka2 kb0 @6", "ka3 kb0 @6"});
  CHECK(dropped(newest) == 2);
  auto letters = begin(at_limit::dead_letter);
  feed(letters);
  CHECK(texts_of(letters.outputs()).size() == 3);
  CHECK(letters.dead_letters().size() == 2);
}

TEST_CASE("limits over all keys give up the oldest of any key; bytes are limited, too") {
  detect_options<note> o;
  o.limits.matches = 2;
  auto run = matching(a_then_b(), o).run();
  run.push({"k", 'a', 1}, us(1)).push({"l", 'a', 2}, us(2)).push({"m", 'a', 3}, us(3));
  for (const char* key : {"k", "l", "m"}) run.push({key, 'b', 0}, us(4));
  run.push_watermark(us(4));
  CHECK(run.outputs().size() == 2);
  o.limits = {};
  o.limits.bytes_per_key = 1000;
  auto bytes = matching(a_then_b(), o).run();
  for (int i = 0; i < 100; ++i) bytes.push({"k", 'a', i}, us(1));
  bytes.push({"k", 'b', 0}, us(2));
  bytes.push_watermark(us(2));
  const std::size_t kept = bytes.outputs().size();
  CHECK(kept > 2);
  CHECK(kept < 10);
}

TEST_CASE("limits over all keys are not kept over a cold store, which bounds memory; a key's are") {
  operator_options where;
  where.backend = std::make_shared<map_backend>(1);
  detect_options<note> o;
  o.limits.matches = 2;
  auto run = matching(a_then_b(), o, where).run();
  for (const char* key : {"k", "l", "m"}) run.push({key, 'a', 1}, us(1));
  for (const char* key : {"k", "l", "m"}) run.push({key, 'b', 0}, us(4));
  run.push_watermark(us(4));
  CHECK(run.outputs().size() == 3);
  o.limits.matches_per_key = 2;
  auto of_a_key = matching(a_then_b(), o, where).run();
  for (int i = 1; i <= 3; ++i) of_a_key.push({"k", 'a', i}, us(i));
  of_a_key.push({"k", 'b', 0}, us(4));
  of_a_key.push_watermark(us(4));
  CHECK(texts_of(of_a_key.outputs()) == texts{"ka2 kb0 @4", "ka3 kb0 @4"});
}

TEST_CASE("partial matches can be looked at while they run") {
  detect_options<note> o;
  o.watch = std::make_shared<match_watch>();
  auto run = matching(a_then_b(), o).run();
  run.push({"k", 'a', 7}, us(1));
  o.watch->ask();
  run.push_watermark(us(5));
  const auto seen = o.watch->answers();
  REQUIRE(seen.size() == 1);
  CHECK(seen[0].key == "\"k\"");
  CHECK(seen[0].step == "a");
  CHECK(seen[0].waits_for == texts{"b"});
  CHECK(seen[0].events.size() == 1);
  CHECK(seen[0].time_left == 6us);
}

TEST_CASE("the time left is that of the last wait to end, and of the whole") {
  const auto left = [](pattern<note> p, std::int64_t clock) {
    detect_options<note> o;
    o.watch = std::make_shared<match_watch>();
    auto run = matching(std::move(p), o).run();
    run.push({"k", 'a', 7}, us(1));
    o.watch->ask();
    run.push_watermark(us(clock));
    const auto seen = o.watch->answers();
    REQUIRE(seen.size() == 1);
    return seen[0].time_left;
  };
  const auto a = [] { return pattern<note>("a").where(named('a')); };
  const auto b = [=](duration gap) {
    return a().followed_by("b").where(named('b')).within(gap, since::previous);
  };
  CHECK(left(b(5us), 3) == 3us);
  CHECK(left(b(5us).within(9us), 3) == 3us);
  CHECK(left(b(5us).within(5us), 3) == 3us);
  CHECK(left(b(5us).optional().followed_by("c").within(8us, since::previous), 3) == 6us);
  CHECK(left(b(5us).optional().followed_by("c"), 3) == std::nullopt);
  CHECK(left(b(5us).optional().followed_by("c").within(7us), 3) == 5us);
}

TEST_CASE("matches that are complete but not out yet are in the view, and marked") {
  detect_options<note> o;
  o.watch = std::make_shared<match_watch>();
  const auto see = [&](pattern<note> p, std::initializer_list<note> events) {
    auto run = matching(std::move(p), o).run();
    std::int64_t at = 0;
    for (const note& n : events) run.push(n, us(++at));
    o.watch->ask();
    run.push_watermark(us(at));
    return o.watch->answers();
  };
  const auto alone =
      see(pattern<note>("a").where(named('a')).not_followed_by("n").where(named('n')).within(9us),
          {{"k", 'a', 1}, {"k", 'x', 1}});
  REQUIRE(alone.size() == 1);
  CHECK(alone[0].stage == match_stage::unless_not);
  CHECK(alone[0].waits_for.empty());
  CHECK(alone[0].time_left == 8us);

  const auto equal = [](const note& n, const match_so_far<note>& m) {
    return n.name == 'b' && n.price == m.first("a")->price;
  };
  const auto p = pattern<note>("a")
                     .where(named('a'))
                     .followed_by("b")
                     .where(equal)
                     .within(9us)
                     .skip(skip_past_last());
  const auto seen = see(p, {{"k", 'a', 1}, {"k", 'a', 2}, {"k", 'b', 2}});
  REQUIRE(seen.size() == 2);
  CHECK(seen[0].stage == match_stage::growing);
  CHECK(seen[0].waits_for == texts{"b"});
  CHECK(seen[1].stage == match_stage::in_line);
  CHECK(seen[1].key == "\"k\"");
  CHECK(seen[1].step == "b");
  CHECK(seen[1].events.size() == 2);
  CHECK(seen[1].began == us(2));
  CHECK(seen[1].time_left == 8us);
}

TEST_CASE("what is given up or waits is shown under a skip strategy, too") {
  detect_options<note> o;
  o.limits = {.matches_per_key = 3, .then = at_limit::drop_newest};
  const auto p = pattern<note>("a")
                     .where(named('a'))
                     .followed_by("b")
                     .where([](const note& n, const match_so_far<note>& m) {
                       return n.name == 'b' && n.price == m.first("a")->price;
                     })
                     .skip(skip_to_next());
  auto run = matching(p, o).run();
  const auto shown = [&](const std::string& wanted) {
    std::int64_t n = -1;
    run.metrics("detect").each_counter([&](const std::string& name, std::uint64_t v) {
      if (name == wanted) n = static_cast<std::int64_t>(v);
    });
    run.metrics("detect").each_gauge([&](const std::string& name, std::int64_t v) {
      if (name == wanted) n = v;
    });
    return n;
  };
  for (int i = 1; i <= 5; ++i) run.push({"k", 'a', i}, us(i));
  for (int i = 2; i <= 3; ++i) run.push({"k", 'b', i}, us(i + 4));
  run.push_watermark(us(9));
  CHECK(run.outputs().empty());
  CHECK(shown("partial_matches") == 1);
  CHECK(shown("matches_waiting") == 2);
  CHECK(shown("partial_matches_dropped") == 2);
  run.push({"k", 'b', 1}, us(10));
  run.push_watermark(us(10));
  CHECK(texts_of(run.outputs()) == texts{"ka1 kb1 @10", "ka2 kb2 @6", "ka3 kb3 @7"});
  CHECK(shown("matches_waiting") == 0);
}

TEST_CASE("saved and restored anywhere, at another parallelism or backend, nothing changes") {
  const std::uint64_t seed = std::random_device{}();
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::vector<pattern<note>> all{
      a_then_b().within(6us),
      pattern<note>("a")
          .where(named('a'))
          .one_or_more()
          .allow_combinations()
          .followed_by("b")
          .where(named('b'))
          .within(5us),
      pattern<note>("a")
          .where(named('a'))
          .one_or_more()
          .greedy()
          .next("c")
          .where(named('c'))
          .skip(skip_past_last())
          .within(7us),
      pattern<note>("a").where(named('a')).not_followed_by("c").where(named('c')).within(4us),
      pattern<note>("a")
          .where(named('a'))
          .followed_by_any("b")
          .where(named('b'))
          .within(3us, since::previous)
          .skip(skip_to_next()),
      // Complete matches wait for an earlier partial match.
      pattern<note>("a")
          .where(named('a'))
          .followed_by("b")
          .where([](const note& n, const match_so_far<note>& m) {
            return n.name != 'a' && n.price % 4 == m.first("a")->price % 4;
          })
          .within(12us)
          .skip(skip_past_last()),
      // Without an end: keys leave memory altogether.
      pattern<note>("a").where(named('a')).times(2).followed_by("b").where(named('b')),
      pattern<note>("a")
          .where(named('a'))
          .one_or_more()
          .followed_by("b")
          .where(named('b'))
          .followed_by("c")
          .where(named('c'))
          .optional()
          .skip(skip_past_last())};
  for (const auto& p : all) {
    for (int round = 0; round < rounds(20); ++round) {
      operator_options o;
      o.pipeline.parallelism = 2;
      o.backend = some_backend(random);
      auto plain = matching(p).run();
      auto saved = matching(p, {}, o).run();
      texts expected, got;
      std::int64_t at = 0;
      const auto drain = [&](auto& from, texts& to) {
        for (auto& t : texts_of(from.outputs())) to.push_back(t);
        for (auto& t : from.side(timed_out)) to.push_back("over " + text_of(t.value.events));
      };
      for (int i = 0; i < 60; ++i) {
        at += pick(2);
        const note n{std::string(1, "klm"[pick(3)]), "abcx"[pick(4)], i};
        const timestamp when = us(at + pick(3));
        plain.push(n, when);
        saved.push(n, when);
        if (pick(3) == 0) {
          plain.push_watermark(us(at - 1));
          saved.push_watermark(us(at - 1));
        }
        drain(plain, expected);
        drain(saved, got);
        if (pick(8) != 0) continue;
        CHECK(saved.watermark() == plain.watermark());
        o.pipeline.parallelism = static_cast<std::uint32_t>(1 + pick(3));
        o.backend = some_backend(random);
        saved = restarted(saved, o);
      }
      plain.end();
      saved.end();
      drain(plain, expected);
      drain(saved, got);
      std::sort(expected.begin(), expected.end());
      std::sort(got.begin(), got.end());
      REQUIRE(got == expected);
    }
  }
}

TEST_CASE("state of a pattern that has changed is refused") {
  operator_options where;
  where.backend = GENERATE(false, true) ? std::make_shared<map_backend>(1) : nullptr;
  auto run = matching(a_then_b(), {}, where).run();
  run.push({"k", 'a', 1}, us(1));
  run.push_watermark(us(1));
  const auto state = run.snapshot();
  try {
    (void)matching(a_then_b().times(2), {}, where).restore(state);
    FAIL("it was taken");
  } catch (const exception& e) {
    CHECK(e.why().code == errc::incompatible);
    CHECK(std::string{e.what()}.find("are not those that the partial matches were saved with") !=
          std::string::npos);
  }
}

namespace {

// The event in another version of the program.
namespace since {
struct note {
  std::int64_t price = 0;
  std::string key;
  char name = 'x';
  std::string remark;
};
BOOST_DESCRIBE_STRUCT(note, (), (price, key, name, remark))
}  // namespace since

}  // namespace

TEST_CASE("partial matches in a cold store are read by a program whose event has changed") {
  operator_options where;
  where.backend = std::make_shared<map_backend>(1);
  auto run = matching(a_then_b(), {}, where).run();
  for (const char* key : {"k", "l", "m"}) run.push({key, 'a', key[0] - 'k'}, us(1));
  run.push_watermark(us(1));
  const auto state = run.snapshot();
  const subject changed{
      [](stream<since::note> s) {
        const auto named = [](char n) { return [n](const since::note& x) { return x.name == n; }; };
        return std::move(s)
            .key_by(&since::note::key)
            .detect(pattern<since::note>("a")
                        .where(named('a'))
                        .followed_by("b")
                        .where(named('b'))
                        .within(10us))
            .named("detect")
            .map([](const match<since::note>& m) {
              const since::note& a = m.first("a");
              return a.key + std::to_string(a.price) + a.remark + m.first("b").remark;
            });
      },
      where};
  auto next = changed.restore(state);
  for (const char* key : {"m", "k"}) next.push({0, key, 'b', "!"}, us(2));
  next.end();
  CHECK(next.values() == texts{"m2!", "k0!"});
}

namespace {

/// More than plain arrays align to.
struct alignas(64) wide_note {
  std::uint64_t key = 0;
  std::uint64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(wide_note, (), (key, value))

}  // namespace

TEST_CASE("events may be aligned to more than the usual") {
  const auto valued = [](std::uint64_t v) {
    return [v](const wide_note& n) { return n.value == v; };
  };
  const subject all{[&](stream<wide_note> s) {
    return std::move(s)
        .key_by(&wide_note::key)
        .detect(pattern<wide_note>("one").where(valued(1)).followed_by("two").where(valued(2)))
        .named("detect")
        .map([](const match<wide_note>& m) {
          for (const auto& step : m.steps)
            for (const wide_note& n : step.events)
              if (reinterpret_cast<std::uintptr_t>(&n) % alignof(wide_note) != 0) return 0UL;
          return m["two"].front().key;
        });
  }};
  auto run = all.run();
  for (const std::uint64_t v : {1, 2})
    for (std::uint64_t k = 1; k <= 300; ++k) run.push({k, v}, us(static_cast<std::int64_t>(v)));
  run.push_watermark(us(2));
  const auto keys = run.outputs();
  REQUIRE(keys.size() == 300);
  for (const auto& k : keys) CHECK(k.value != 0);
}

TEST_CASE("a pipeline's check names what is wrong with a pattern") {
  try {
    (void)matching(a_then_b().not_followed_by("a"));
    FAIL("it was built");
  } catch (const exception& e) {
    CHECK(std::string{e.what()}.find("detect(): pattern: step 'a': the name is used twice") !=
          std::string::npos);
  }
}
