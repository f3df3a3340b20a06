// SPDX-License-Identifier: BSD-3-Clause
// Streams that are made to fill the memory.
#include "patterns/letters.hpp"

#include <catch2/catch_test_macros.hpp>

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

}  // namespace

TEST_CASE("ten million events that each begin a match stay within the bound") {
  const auto p = pattern<letter>("a").where(is('a')).followed_by("b").where(is('b'));
  SECTION("of partial matches, for one key") {
    flood(p, {.matches_per_key = 10'000, .then = at_limit::drop_oldest}, 10'000'000, 1);
  }
  SECTION("of bytes, over many keys") {
    flood(p, {.bytes = 1 << 20, .then = at_limit::drop_oldest}, 3'000'000, 1000);
  }
  SECTION("when what is new is dropped") {
    flood(p, {.matches = 5'000, .then = at_limit::drop_newest}, 2'000'000, 1000);
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
