// SPDX-License-Identifier: BSD-3-Clause
// What a hostile user would try: the ends of time, bounds without an end, keys that are no keys,
// functions that throw, sides that nobody consumes.
#include "joins/play.hpp"

#include <catch2/matchers/catch_matchers_string.hpp>

#include <functional>
#include <limits>
#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using texts = std::vector<std::string>;

constexpr timestamp first_time = min_timestamp + duration{1};  // before it there are no watermarks
constexpr timestamp last_time = max_timestamp - duration{1};

struct reading_at {
  double key = 0;
  std::int64_t value = 0;

  friend bool operator==(const reading_at&, const reading_at&) = default;
};
BOOST_DESCRIBE_STRUCT(reading_at, (), (key, value))

std::string pair_of(const reading_at& l, const reading_at& r) {
  return std::to_string(l.value) + " " + std::to_string(r.value);
}

template <class Run>
texts rows(Run& run) {
  texts all;
  for (const auto& o : run.outputs()) all.push_back(o.value);
  std::sort(all.begin(), all.end());
  return all;
}
template <class Run>
std::uint64_t counted(const Run& run, const std::string& what) {
  std::uint64_t n = 0;
  run.metrics("join", 0).each_counter([&](const std::string& name, std::uint64_t value) {
    if (name == "join: " + what) n += value;
  });
  return n;
}

using built = std::function<stream<std::string>(stream<blip>, stream<blip>)>;
using named_joins = std::vector<std::pair<std::string, built>>;

/// Full joins of every engine; what is made of partners is `f`.
named_joins full_joins(std::function<std::string(const blip*, const blip*)> f) {
  const auto joined = [](stream<blip> l, stream<blip> r) {
    return l.key_by(&blip::key).join(r.key_by(&blip::key));
  };
  return {{"interval",
           [=](const stream<blip>& l, const stream<blip>& r) {
             return joined(l, r).within(-5us, 5us).full().apply(f).named("join");
           }},
          {"tumbling",
           [=](const stream<blip>& l, const stream<blip>& r) {
             return joined(l, r).window(tumbling{10us}).full().apply(f).named("join");
           }},
          {"hopping",
           [=](const stream<blip>& l, const stream<blip>& r) {
             return joined(l, r).window(hopping{10us, 4us}).full().apply(f).named("join");
           }},
          {"session", [=](const stream<blip>& l, const stream<blip>& r) {
             return joined(l, r).window(session{10us}).full().apply(f).named("join");
           }}};
}

const auto row = [](const blip& l, const blip& r) { return say(&l, &r); };
const auto either_row = [](const blip* l, const blip* r) { return say(l, r); };

}  // namespace

TEST_CASE("an interval without an end pairs the first instant with the last, and then forgets") {
  for (const auto& [lower, upper] : {std::pair{duration::min(), duration::max()},
                                     std::pair{-duration::max(), duration::max()}}) {
    operator_run run{[lower = lower, upper = upper](stream<blip> l, stream<blip> r) {
      return l.key_by(&blip::key)
          .join(r.key_by(&blip::key))
          .within(lower, upper)
          .full()
          .apply(either_row)
          .named("join");
    }};
    run.input<0>().push({1, 1}, tick(-1'000'000'000'000)).push({1, 2}, tick(0));
    run.input<1>().push({1, 3}, tick(1'000'000'000'000)).push({2, 4}, tick(7));
    CHECK(rows(run) == texts{"1 3", "2 3"});
    CHECK(rows_held(run, 1) == 4);
    run.end();
    CHECK(rows(run) == texts{"- 4"});
    CHECK(rows_held(run, 1) == 0);
    CHECK(run.watermark() == max_timestamp);
  }
}

TEST_CASE("events at the ends of time are joined as others are") {
  for (const auto& [name, join] : full_joins(either_row)) {
    INFO(name);
    operator_run run{join};
    run.input<0>().push({1, 1}, first_time).push({1, 2}, last_time).push({3, 3}, tick(0));
    run.input<1>().push({1, 4}, first_time).push({1, 5}, last_time).push({4, 6}, max_timestamp);
    run.end();
    texts all = rows(run);
    all.erase(std::unique(all.begin(), all.end()), all.end());  // windows may overlap
    CHECK(all == texts{"- 6", "1 4", "2 5", "3 -"});
    CHECK(rows_held(run, 1) == 0);
    CHECK(run.failure() == "");
    CHECK(run.dead_letters().empty());
  }
}

TEST_CASE("versions at the ends of time are valid from there on") {
  operator_run run{[](stream<blip> l, stream<blip> r) {
    return l.key_by(&blip::key)
        .join(r.key_by(&blip::key).to_table())
        .as_of()
        .left()
        .apply([](const blip& e, const blip* v) { return say(&e, v); })
        .named("join");
  }};
  run.input<1>().push({1, 10}, first_time).push({1, 11}, last_time).push({2, 12}, max_timestamp);
  run.input<0>().push({1, 1}, first_time).push({1, 2}, tick(0)).push({1, 3}, last_time);
  run.input<0>().push({2, 4}, last_time).push({2, 5}, max_timestamp);
  run.end();
  CHECK(rows(run) == texts{"1 10", "2 10", "3 11", "4 -", "5 12"});
  CHECK(rows_held(run, 1) == 0);
}

TEST_CASE("a key that is not a number is a dead letter in every join, and zero has one sign") {
  using in = stream<reading_at>;
  const auto check = [](const std::string& name,
                        const std::function<stream<std::string>(in, in)>& build) {
    INFO(name);
    subject s{build, operator_options{}};
    auto run = s.run();
    const double none = std::numeric_limits<double>::quiet_NaN();
    run.input<1>().push({none, 10}, tick(1)).push({-0.0, 11}, tick(1));
    run.input<0>().push({none, 1}, tick(2)).push({0.0, 2}, tick(2));
    auto next = run.restarted();  // what is kept can be saved
    const auto letters = run.dead_letters();
    texts all = rows(run);
    next.input<1>().end();
    next.input<0>().end();
    const texts more = rows(next);
    all.insert(all.end(), more.begin(), more.end());
    CHECK(all == texts{"2 11"});
    REQUIRE(letters.size() == 2);
    for (const dead_letter& l : letters) CHECK(l.text.find("null") != std::string::npos);
    CHECK(next.dead_letters().empty());
    CHECK(run.failure() == "");
    CHECK(next.failure() == "");
  };
  const auto key = &reading_at::key;
  check("interval", [=](in l, in r) {
    return l.key_by(key).join(r.key_by(key)).within(-5us, 5us).apply(pair_of).named("join");
  });
  check("tumbling", [=](in l, in r) {
    return l.key_by(key).join(r.key_by(key)).window(tumbling{9us}).apply(pair_of).named("join");
  });
  check("hopping", [=](in l, in r) {
    return l.key_by(key).join(r.key_by(key)).window(hopping{9us, 9us}).apply(pair_of).named("join");
  });
  check("as of", [=](in l, in r) {
    return l.key_by(key).join(r.key_by(key).to_table()).as_of().apply(pair_of).named("join");
  });
  check("loaded", [=](in l, in r) {
    return l.key_by(key).join(r.key_by(key).to_table()).once_loaded().apply(pair_of).named("join");
  });
}

TEST_CASE("an event whose function throws when it is given up is in its dead letter") {
  const auto failing = [](const blip* l, const blip* r) {
    if (l == nullptr || r == nullptr) throw std::runtime_error("alone");
    return say(l, r);
  };
  for (const auto& [name, join] : full_joins(failing)) {
    INFO(name);
    operator_run run{join};
    run.input<0>().push({1, 1}, tick(1)).push({2, 2}, tick(1));
    run.input<1>().push({2, 3}, tick(1)).push({3, 4}, tick(1));
    run.end();
    const texts pairs = rows(run);
    CHECK(std::count(pairs.begin(), pairs.end(), "2 3") >= 1);
    const auto letters = run.dead_letters();
    bool left = false, right = false;
    for (const dead_letter& l : letters) {
      CHECK(l.operator_name == "join");
      CHECK(l.error == "alone");
      left = left || (l.text == R"({"key":1,"value":1})" && l.input == 0);
      right = right || (l.text == R"({"key":3,"value":4})" && l.input == 1);
    }
    CHECK(left);
    CHECK(right);
    CHECK(rows_held(run, 1) == 0);
    CHECK(run.watermark() == max_timestamp);
  }
}

TEST_CASE("an event whose function throws when its row is there is in its dead letter") {
  const auto not_two = [](const blip& e, const blip& v) {
    if (e.value == 2) throw std::runtime_error("two");
    return say(&e, &v);
  };
  const auto check = [](const std::string& name, const built& join) {
    INFO(name);
    operator_run run{join};
    run.input<1>().push({1, 10}, tick(1));
    run.input<0>().push({1, 1}, tick(2)).push({1, 2}, tick(3)).push({1, 3}, tick(4));
    run.end();
    CHECK(rows(run) == texts{"1 10", "3 10"});
    const auto letters = run.dead_letters();
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].text == R"({"key":1,"value":2})");
    CHECK(letters[0].event_time == tick(3));
    CHECK(rows_held(run, 1) == 0);
  };
  check("as of", [=](stream<blip> l, stream<blip> r) {
    const auto rows = r.key_by(&blip::key).to_table();
    return l.key_by(&blip::key).join(rows).as_of().apply(not_two).named("join");
  });
  check("loaded", [=](stream<blip> l, stream<blip> r) {
    const auto rows = r.key_by(&blip::key).to_table();
    return l.key_by(&blip::key).join(rows).once_loaded().apply(not_two).named("join");
  });
}

TEST_CASE("an event of a long batch whose function throws takes no other along") {
  const auto not_seven = [](const blip& e, const blip& v) {
    if (e.value == 7) throw std::runtime_error("seven");
    return blip{v.value, e.value};  // plain: written straight into the open batch
  };
  operator_run run{[=](stream<blip> l, stream<blip> r) {
                     const auto rows = r.key_by(&blip::key).to_table();
                     return l.key_by(&blip::key)
                         .join(rows)
                         .once_loaded()
                         .unmatched_to(lone_blips)
                         .apply(not_seven)
                         .named("join");
                   },
                   lone_blips};
  run.input<1>().push({1, 10}, tick(1)).end();
  std::vector<timed<blip>> events;
  for (std::int64_t i = 0; i < 30; ++i) events.push_back({{1 + (i % 5 == 0), i}, tick(i)});
  run.input<0>().push_batch(std::move(events));
  run.end();
  std::vector<timed<blip>> pairs, lone;
  for (std::int64_t i = 0; i < 30; ++i)
    if (i % 5 == 0)
      lone.push_back({{2, i}, tick(i)});
    else if (i != 7)
      pairs.push_back({{10, i}, tick(i)});
  CHECK(run.outputs() == pairs);
  CHECK(run.side(lone_blips) == lone);
  const auto letters = run.dead_letters();
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].text == R"({"key":1,"value":7})");
  CHECK(letters[0].input == 0);
  CHECK(letters[0].event_time == tick(7));
}

TEST_CASE("events without a partner that nobody consumes are counted and hold nothing back") {
  const auto check = [](const std::string& name, const built& join) {
    INFO(name);
    operator_run run{join};
    run.input<0>().push({1, 1}, tick(1));
    run.input<1>().push({2, 2}, tick(1));
    run.push_watermark(tick(3));
    CHECK(run.watermark() >= tick(2));
    run.end();
    CHECK(run.outputs().empty());
    CHECK(counted(run, "unmatched left") >= 1);
    CHECK(counted(run, "unmatched right") >= 1);
    CHECK(rows_held(run, 1) == 0);
  };
  const auto finish = [](auto joined) {
    return joined.unmatched_left_to(lone_blips)
        .unmatched_right_to(lone_blips)
        .apply(row)
        .named("join");
  };
  check("interval", [=](stream<blip> l, stream<blip> r) {
    return finish(l.key_by(&blip::key).join(r.key_by(&blip::key)).within(-5us, 5us));
  });
  check("hopping", [=](stream<blip> l, stream<blip> r) {
    return finish(l.key_by(&blip::key).join(r.key_by(&blip::key)).window(hopping{10us, 4us}));
  });
}

TEST_CASE("a side that never has an event ends with the other") {
  for (const auto& [name, join] : full_joins(either_row)) {
    INFO(name);
    operator_run run{join};
    run.input<1>().end();
    for (std::int64_t i = 0; i < 100; ++i) run.input<0>().push({i, i}, tick(i));
    run.input<0>().push_watermark(tick(1000));
    CHECK(rows(run).size() >= 100);
    CHECK(rows_held(run, 1) == 0);
  }
}

TEST_CASE("many events of one key at one instant cost no more than their pairs") {
  operator_run run{[](stream<blip> l, stream<blip> r) {
    return l.key_by(&blip::key)
        .join(r.key_by(&blip::key))
        .within(1us, 5us)  // none of them is a partner
        .apply(row)
        .named("join");
  }};
  constexpr std::int64_t n = 20'000;
  std::vector<timed<blip>> all;
  for (std::int64_t i = 0; i < n; ++i) all.push_back({{1, i}, tick(10)});
  run.input<0>().push_batch(all);
  run.input<1>().push_batch(all);
  run.end();
  CHECK(run.outputs().empty());
  CHECK(counted(run, "unmatched left") == static_cast<std::uint64_t>(n));
  CHECK(counted(run, "unmatched right") == static_cast<std::uint64_t>(n));
}

TEST_CASE("a window of many overlaps keeps an event once") {
  operator_run run{[](stream<blip> l, stream<blip> r) {
    return l.key_by(&blip::key)
        .join(r.key_by(&blip::key))
        .window(hopping{10'000us, 1us})
        .apply(row)
        .named("join");
  }};
  run.input<0>().push({1, 1}, tick(0)).push({1, 2}, tick(5000));
  run.input<1>().push({1, 3}, tick(9999));
  CHECK(rows_held(run, 1) == 3);
  run.end();
  // 1 and 3 share one window, 2 and 3 share 5,001.
  const texts all = rows(run);
  CHECK(std::count(all.begin(), all.end(), "1 3") == 1);
  CHECK(std::count(all.begin(), all.end(), "2 3") == 5001);
  CHECK(rows_held(run, 1) == 0);
}
