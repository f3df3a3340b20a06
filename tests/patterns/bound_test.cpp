// SPDX-License-Identifier: BSD-3-Clause
// Streams that are made to fill the memory, or to make each event cost much.
#include "patterns/letters.hpp"
#include "patterns/scale.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <bit>
#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Sends `n` events that each begin a match, none of which ends; checks the bounds on the way.
void flood(const pattern<letter>& p, match_limits limits, int n, std::uint32_t keys) {
  patterns::matcher<letter> m{p.compile().value(), limits};
  patterns::findings<letter> found;
  const patterns::condition_bits every = ~patterns::condition_bits{0};
  std::uint64_t most = 0;
  std::uint64_t most_bytes = 0;
  for (int i = 0; i < n; ++i) {
    letter l{'a', i, 0};
    const std::uint32_t slot = static_cast<std::uint32_t>(i) % keys;
    m.advance(slot, us(i), found);
    m.on_event(slot, l, us(i), us(i), every & ~patterns::bit_of(1), found);
    most = std::max<std::uint64_t>(most, m.size());
    most_bytes = std::max(most_bytes, m.bytes());
  }
  CHECK(found.matches.empty());
  CHECK(most <= limits.matches);
  CHECK(most_bytes <= limits.bytes);
  CHECK(m.size() == most);
  CHECK(m.counts().dropped + m.size() == static_cast<std::uint64_t>(n));
}

/// A pattern's matcher, fed letter by letter.
struct feeder {
  feeder(const pattern<letter>& p, match_limits limits) : machine(p.compile().value(), limits) {}

  void send(char name, std::int64_t price, std::uint32_t slot = 0) {
    letter l{name, price, 0};
    patterns::condition_bits bits = 0;
    bool scratch = false;
    machine.pattern().classify(&l, 1, &bits, &scratch);
    machine.advance(slot, us(++at), found);
    machine.on_event(slot, l, us(at), us(at), bits, found);
  }
  texts take() {
    texts all;
    for (; !found.matches.empty(); found.matches.pop())
      all.push_back(text_of(found.matches.front().first));
    return all;
  }

  patterns::matcher<letter> machine;
  patterns::findings<letter> found;
  std::int64_t at = 0;
};

/// An a, and the b of the same price.
pattern<letter> pairs(after_match skip) {
  return pattern<letter>("a")
      .where(is('a'))
      .followed_by("b")
      .where(is('b'))
      .where([](const letter& l, const match_so_far<letter>& m) {
        return l.price == m.first("a")->price;
      })
      .skip(std::move(skip));
}

constexpr match_limits no_limits{~0ULL, ~0ULL, ~0ULL, ~0ULL, at_limit::drop_oldest};

}  // namespace

TEST_CASE("millions of events that each begin a match stay within the bound") {
  const auto p = pattern<letter>("a").where(is('a')).followed_by("b").where(is('b'));
  SECTION("of partial matches, for one key") {
    flood(p, {.matches_per_key = 10'000, .then = at_limit::drop_oldest}, rounds(10'000'000), 1);
  }
  SECTION("of bytes, over many keys") {
    flood(p, {.bytes = 1 << 20, .then = at_limit::drop_oldest}, rounds(3'000'000), 1000);
  }
  SECTION("when what is new is dropped") {
    flood(p, {.matches = 5'000, .then = at_limit::drop_newest}, rounds(2'000'000), 1000);
  }
}

TEST_CASE("a loop whose partial matches double with each event stays within the bound") {
  const auto p =
      pattern<letter>("a").where(is('a')).one_or_more().allow_combinations().followed_by("b").where(
          is('b'));
  patterns::matcher<letter> m{p.compile().value(), {.matches_per_key = 1'000}};
  patterns::findings<letter> found;
  for (int i = 0; i < 200; ++i) {
    letter l{'a', i, 0};
    m.on_event(0, l, us(i), us(i), patterns::always | patterns::bit_of(0), found);
    CHECK(m.size() <= 1'000);
  }
  CHECK(m.counts().dropped > 1'000);
}

TEST_CASE("partial matches whose time is over go one by one, however many there are") {
  // Each event ends one partial match and begins one; a search through all would take hours.
  const auto p = pattern<letter>("a").where(is('a')).followed_by("b").where(is('b')).within(
      50ms, since::previous);
  patterns::matcher<letter> m{p.compile().value(), {}};
  patterns::findings<letter> found;
  for (int i = 0; i < 1'000'000; ++i) {
    letter l{'a', i, 0};
    m.advance(0, us(i), found);
    m.on_event(0, l, us(i), us(i), patterns::always | patterns::bit_of(0), found);
  }
  CHECK(m.size() == 50'000);
  CHECK(m.counts().timed_out == 950'000);
}

TEST_CASE("matches that wait cost the logarithm of their number, when they come and when they go") {
  feeder f{pairs(skip_to_next()), no_limits};
  f.send('a', 0);  // all wait for this one
  constexpr std::uint64_t n = 50'000;
  for (std::uint64_t i = 1; i <= n; ++i) {
    f.send('a', static_cast<std::int64_t>(i));
    f.send('b', static_cast<std::int64_t>(i));
  }
  const auto& waiting = f.machine.waiting();
  CHECK(waiting.size() == n);
  CHECK(f.found.matches.empty());
  CHECK(waiting.earliest() == us(3));
  CHECK(waiting.compared() <= n * std::bit_width(n));
  f.send('b', 0);
  CHECK(f.found.matches.size() == n + 1);
  CHECK(waiting.size() == 0);
  CHECK(waiting.earliest() == max_timestamp);
  CHECK(waiting.compared() <= 4 * n * std::bit_width(n));
}

TEST_CASE("partial matches that end early leave nothing behind for the time they might have had") {
  auto p = pairs(no_skip());
  p.within(std::chrono::hours{24}, since::previous);
  feeder f{p, no_limits};
  f.send('a', 0);  // stays, and is the first whose time is over
  for (int i = 1; i <= 50'000; ++i) {
    f.send('a', i);
    f.send('b', i);
  }
  CHECK(f.machine.size() == 1);
  CHECK(f.machine.store().gaps.places() < 200);
}

TEST_CASE("at the limit, matches that wait count, and none is lost that was complete") {
  match_limits limits{.matches_per_key = 3};
  SECTION("what is new is dropped") {
    limits.then = at_limit::drop_newest;
    feeder f{pairs(skip_to_next()), limits};
    for (int i = 1; i <= 3; ++i) f.send('a', i);
    for (int i = 2; i <= 3; ++i) f.send('b', i);
    f.send('a', 4);
    CHECK(f.machine.counts().dropped == 1);
    CHECK(f.take().empty());
    f.send('b', 1);
    f.send('b', 4);
    CHECK(f.take() == texts{"a1 b1", "a2 b2", "a3 b3"});
  }
  SECTION("if nothing is new, what the waiting ones wait for goes") {
    limits.then = at_limit::drop_newest;
    auto any = pattern<letter>("a").where(is('a')).followed_by_any("b").where(
        [](const letter& l, const match_so_far<letter>& m) {
          return l.name == 'b' && l.price == m.first("a")->price;
        });
    feeder f{any.skip(skip_to_first("a")), limits};
    for (int i : {1, 2}) f.send('a', i);
    f.send('b', 2);
    CHECK(f.machine.counts().dropped == 0);
    f.send('b', 2);
    CHECK(f.machine.counts().dropped == 1);
    CHECK(f.take() == texts{"a2 b2", "a2 b2"});
  }
  SECTION("the oldest are dropped") {
    feeder f{pairs(skip_to_next()), limits};
    for (int i = 1; i <= 3; ++i) f.send('a', i);
    for (int i = 2; i <= 3; ++i) f.send('b', i);
    f.send('a', 4);
    CHECK(f.machine.counts().dropped == 1);
    CHECK(f.take() == texts{"a2 b2", "a3 b3"});
    f.send('b', 4);
    CHECK(f.take() == texts{"a4 b4"});
  }
  SECTION("the event fails, unless it lets some out") {
    limits.then = at_limit::dead_letter;
    feeder f{pairs(skip_to_next()), limits};
    for (int i = 1; i <= 3; ++i) f.send('a', i);
    for (int i = 2; i <= 3; ++i) f.send('b', i);
    CHECK_THROWS_AS(f.send('a', 4), exception);
    CHECK(f.take().empty());
    f.send('b', 1);
    CHECK(f.take() == texts{"a1 b1", "a2 b2", "a3 b3"});
  }
}

TEST_CASE("over all keys, the oldest go until those that wait anywhere fit") {
  feeder f{pairs(skip_to_next()), {.matches = 4}};
  for (const std::uint32_t slot : {0U, 1U}) {
    for (int i = 1; i <= 2; ++i) f.send('a', i, slot);
    f.send('b', 2, slot);
  }
  CHECK(f.take().empty());
  f.send('a', 1, 2);
  CHECK(f.machine.counts().dropped == 1);
  CHECK(f.take() == texts{"a2 b2"});  // of the first key, which had no event now
  CHECK(f.machine.store().size() == 3);
}

TEST_CASE("over all keys, the oldest go in the order they began, whatever went before the limit") {
  constexpr std::uint32_t limit = 50;
  feeder f{pairs(no_skip()), {.matches = limit}};
  std::vector<std::uint32_t> alive;  // slots, the oldest first
  std::uint32_t next = 0;
  const auto begin = [&](std::uint32_t slot) {
    f.send('a', slot, slot);
    alive.push_back(slot);
  };
  while (next < 40) begin(next++);
  for (const std::uint32_t slot : {3U, 0U, 39U, 20U}) {
    f.send('b', slot, slot);
    std::erase(alive, slot);
  }
  for (const std::uint32_t slot : {20U, 3U}) begin(slot);  // young ones, of old slots
  while (next < 200) {
    begin(next++);
    if (alive.size() > limit) alive.erase(alive.begin());
    if (next % 7 == 0) {
      f.send('b', alive[5], alive[5]);
      alive.erase(alive.begin() + 5);
    }
    REQUIRE(f.machine.size() == alive.size());
    for (std::uint32_t slot = 0; slot < next; ++slot) {
      INFO("slot " << slot << " of " << next);
      REQUIRE(f.machine.idle(slot) == (std::find(alive.begin(), alive.end(), slot) == alive.end()));
    }
  }
}

TEST_CASE("of partial matches that began at the same time the one that came first goes first") {
  patterns::matcher<letter> m{pairs(no_skip()).compile().value(), {.matches = 5}};
  patterns::findings<letter> found;
  const std::vector<std::uint32_t> slots{7, 2, 9, 4, 0, 5, 8, 1};
  for (const std::uint32_t slot : slots) {
    letter l{'a', 1, 0};
    m.on_event(slot, l, us(1), us(1), patterns::always | patterns::bit_of(0), found);
  }
  for (std::size_t i = 0; i < slots.size(); ++i) CHECK(m.idle(slots[i]) == (i < 3));
}

TEST_CASE("every policy keeps every limit under every skip strategy, and counts what it costs") {
  const auto then = GENERATE(at_limit::drop_oldest, at_limit::drop_newest, at_limit::dead_letter);
  const auto skip = GENERATE(0, 1, 2, 3, 4);
  const auto limit = GENERATE(0, 1, 2, 3);
  CAPTURE(static_cast<int>(then), skip, limit);
  const after_match strategies[] = {no_skip(), skip_to_next(), skip_past_last(), skip_to_first("b"),
                                    skip_to_last("a")};
  match_limits limits = no_limits;
  limits.then = then;
  if (limit == 0) limits.matches_per_key = 40;
  if (limit == 1) limits.matches = 100;
  if (limit == 2) limits.bytes_per_key = 6'000;
  if (limit == 3) limits.bytes = 16'000;
  feeder f{pairs(strategies[skip]), limits};
  const auto& store = f.machine.store();
  std::mt19937_64 random{7};
  std::uint64_t begun = 0, refused = 0, most_waiting = 0;
  for (int i = 0; i < 20'000; ++i) {
    const auto slot = static_cast<std::uint32_t>(random() % 5);
    const bool begins = random() % 2 == 0;
    const std::uint64_t size = store.size(), bytes = store.bytes();
    try {
      f.send(begins ? 'a' : 'b', static_cast<std::int64_t>(random() % 60), slot);
      begun += begins ? 1 : 0;
    } catch (const exception&) {
      ++refused;
      REQUIRE(store.size() == size);
      REQUIRE(store.bytes() == bytes);
    }
    REQUIRE(store.size(slot) <= limits.matches_per_key);
    REQUIRE(store.bytes(slot) <= limits.bytes_per_key);
    REQUIRE(store.size() <= limits.matches);
    REQUIRE(store.bytes() <= limits.bytes);
    most_waiting = std::max<std::uint64_t>(most_waiting, store.waiting.size());
  }
  const auto& counts = f.machine.counts();
  CHECK((then == at_limit::dead_letter ? refused : counts.dropped) > 0);
  CHECK((then == at_limit::dead_letter ? counts.dropped : refused) == 0);
  CHECK((skip == 0) == (most_waiting == 0));
  CHECK(f.found.matches.size() == counts.matches);
  const std::uint64_t known = counts.matches + counts.dropped + store.size();
  CHECK(known <= begun);
  if (skip == 0) CHECK(known == begun);
  for (std::uint32_t slot = 0; slot < 5; ++slot) {
    f.machine.end(slot, f.found);
    CHECK(store.bytes(slot) == 0);
  }
  CHECK(store.size() == 0);
  CHECK(store.bytes() == 0);
}
