// SPDX-License-Identifier: BSD-3-Clause
#include "weir/windows/few_panes.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <optional>
#include <random>

using namespace weir;

namespace {

/// Adds values up.
struct sum_fold {
  using accumulator = std::int64_t;

  [[nodiscard]] accumulator init() const { return 0; }
  void add(accumulator& acc, std::int64_t value, timestamp) const { acc += value; }
  void merge(accumulator& acc, accumulator other) const { acc += other; }
};
using panes = operators::few_panes<std::int64_t, sum_fold>;
static_assert(panes::suits);

timestamp at(std::int64_t pane) { return timestamp{duration{pane}}; }

panes fresh(bool many) {
  panes made;
  if (many) made.turn_early(3);
  return made;
}

std::optional<std::int64_t> between(const std::map<std::int64_t, std::int64_t>& of,
                                    std::int64_t from, std::int64_t to) {
  std::optional<std::int64_t> sum;
  for (const auto& [start, value] : of)
    if (start >= from && start < to) sum = sum.value_or(0) + value;
  return sum;
}

panes saved_and_loaded(const panes& of, bool many) {
  bytes saved;
  of.save(saved);
  byte_reader in{saved};
  panes again = fresh(many);
  CHECK(again.load(in));
  CHECK(in.remaining() == 0);
  return again;
}

/// Windows of some panes that move on, with events for any of the panes that they still hold.
void play(std::uint64_t seed, bool many) {
  INFO("seed " << seed << (many ? ", many panes" : ""));
  std::mt19937_64 random{seed};
  const auto any = [&](std::int64_t n) {
    return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
  };
  const sum_fold fold;
  const std::int64_t size = 1 + any(many ? 30 : panes::most);
  panes p = fresh(many);
  std::map<std::int64_t, std::int64_t> wanted;
  for (std::int64_t from = 0; from < 100; from += any(3)) {
    for (std::int64_t n = any(6); n != 0; --n) {
      const std::int64_t start = from + any(size + 2);
      p.add(fold, at(start), at(start), n, at(start));
      wanted[start] += n;
    }
    if (any(10) == 0) p = saved_and_loaded(p, many);
    if (any(10) == 0) p = panes{p};
    std::optional<std::int64_t> fired;
    const bool filled =
        p.fire(fold, at(from), at(from + size), [&](std::int64_t sum) { fired = sum; });
    REQUIRE(fired == between(wanted, from, from + size));
    REQUIRE(filled == fired.has_value());
    const auto next = wanted.lower_bound(from + 1);
    REQUIRE(p.first_from(at(from + 1)) == (next == wanted.end() ? max_timestamp : at(next->first)));
    REQUIRE(p.empty() == (wanted.lower_bound(from) == wanted.end()));
  }
  p.drop_before(fold, max_timestamp);
  CHECK(p.empty());
}

}  // namespace

TEST_CASE("panes of a key, few or many, give each window the sum of what it holds") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    play(seed, false);
    play(seed, true);
  }
}
