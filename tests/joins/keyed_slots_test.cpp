// SPDX-License-Identifier: BSD-3-Clause
#include "weir/state/keyed_slots.hpp"

#include <catch2/catch_test_macros.hpp>

#include <map>
#include <random>
#include <string>

using namespace weir;

namespace {

/// A number with a hash that has only few values: many keys have the same home.
struct crowded {
  std::int64_t n = 0;

  friend auto operator<=>(const crowded&, const crowded&) = default;
};

}  // namespace

template <>
struct weir::codec<crowded> {
  static void encode(const crowded& c, bytes& out) { weir::encode(c.n % 7, out); }
  static bool decode(byte_reader& in, crowded& c) { return weir::decode(in, c.n); }
  static std::size_t dynamic_size(const crowded&) { return 0; }
  static schema describe() { return {type_kind::custom, "crowded", 0, {}}; }
};

namespace {

/// Lets keys come and go, and compares with a map at each step.
template <class K, class Make>
void play(std::uint64_t seed, Make make) {
  INFO("seed " << seed);
  std::mt19937_64 random{seed};
  keyed_slots<K, std::vector<int>> slots;
  std::map<K, std::pair<std::uint32_t, std::vector<int>>> expected;
  const std::uint64_t keys = 1 + random() % 300;
  const std::uint64_t goes = 1 + random() % 8;
  for (int i = 0; i < 3000; ++i) {
    const K key = make(random() % keys);
    const auto known = expected.find(key);
    if (random() % 10 < goes && known != expected.end()) {
      slots.leave(known->second.first);
      expected.erase(known);
    } else {
      const auto s = slots.enter(key);
      if (known == expected.end())
        REQUIRE(slots[s].empty());
      else
        REQUIRE(known->second.first == s);
      slots[s].push_back(i);
      auto& e = expected[key];
      e.first = s;
      e.second.push_back(i);
    }
    REQUIRE(slots.size() == expected.size());
    const K other = make(random() % keys);
    const auto* found = slots.find(other);
    const auto of_other = expected.find(other);
    REQUIRE((found != nullptr) == (of_other != expected.end()));
    if (found != nullptr) REQUIRE(*found == of_other->second.second);
    slots.fetch_slot(slots.fetch_cell(other));
    if (const auto* guessed = slots.guess(slots.fetch_cell(make(0)))) REQUIRE(!guessed->empty());
  }
  std::map<K, std::vector<int>> seen;
  slots.each([&](const K& key, std::uint32_t s) {
    REQUIRE(slots.key(s) == key);
    REQUIRE(seen.emplace(key, slots[s]).second);
  });
  REQUIRE(seen.size() == expected.size());
  for (const auto& [key, of] : expected) REQUIRE(seen.at(key) == of.second);
}

}  // namespace

TEST_CASE("keyed slots are a map whose keys keep their number while they are there") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    play<std::int64_t>(seed, [](std::uint64_t n) { return static_cast<std::int64_t>(n); });
    play<std::string>(seed,
                      [](std::uint64_t n) { return "a key that is long: " + std::to_string(n); });
    play<crowded>(seed, [](std::uint64_t n) { return crowded{static_cast<std::int64_t>(n)}; });
  }
}

TEST_CASE("keyed slots that were cleared are as new") {
  keyed_slots<std::int64_t, int> slots;
  for (std::int64_t k = 0; k < 100; ++k) slots[slots.enter(k)] = 1;
  slots.clear();
  CHECK(slots.size() == 0);
  CHECK(slots.find(7) == nullptr);
  CHECK(slots[slots.enter(7)] == 0);
}
