// SPDX-License-Identifier: BSD-3-Clause
#include "weir/state/slot_cells.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <stdexcept>
#include <vector>

using namespace weir;

TEST_CASE("slots are found by hashes that many keys share, as others come and go") {
  for (const std::uint32_t hashes : {1U, 7U, 64U, 1'000'000'000U}) {
    INFO("hashes " << hashes);
    std::minstd_rand random{hashes};
    slot_cells cells;
    std::vector<std::uint32_t> keys;  // by slot
    std::map<std::uint32_t, slot_cells::slot> model;
    std::vector<slot_cells::slot> free;
    const auto hash = [&](std::uint32_t key) { return key * 2'654'435'761U % hashes; };
    for (int i = 0; i < 20'000; ++i) {
      const auto key = static_cast<std::uint32_t>(random() % 200);
      const auto is_key = [&](slot_cells::slot s) { return keys[s] == key; };
      const auto there = model.find(key);
      REQUIRE(cells.find(hash(key), is_key) ==
              (there == model.end() ? slot_cells::none : there->second));
      if (random() % 3 != 0) {
        const auto [s, fresh] = cells.find_or(hash(key), is_key, [&] {
          if (free.empty()) {
            keys.push_back(key);
            return static_cast<slot_cells::slot>(keys.size() - 1);
          }
          const slot_cells::slot again = free.back();
          free.pop_back();
          keys[again] = key;
          return again;
        });
        REQUIRE(fresh == (there == model.end()));
        model[key] = s;
      } else if (there != model.end()) {
        cells.erase(hash(key), there->second);
        free.push_back(there->second);
        model.erase(there);
      }
      REQUIRE(cells.size() == model.size());
    }
    std::set<slot_cells::slot> all, expected;
    cells.each([&](slot_cells::slot s) { REQUIRE(all.insert(s).second); });
    for (const auto& [key, s] : model) expected.insert(s);
    CHECK(all == expected);
  }
}

TEST_CASE("a table of slots grows with clusters at its end and its beginning") {
  // A hash that is nearly all ones has its home at the table's end, whatever its size.
  const auto all_over = [](std::uint32_t key) { return key * 2'654'435'761U; };
  const auto at_the_end = [](std::uint32_t key) { return ~(key % 5); };
  const auto at_both_ends = [](std::uint32_t key) { return key % 7 - 3; };
  const auto of_the_half = [](std::uint32_t key) { return key / 3 | 0x8000'0000U; };
  for (std::uint32_t (*const hash)(std::uint32_t) :
       {+all_over, +at_the_end, +at_both_ends, +of_the_half}) {
    slot_cells cells;
    const std::uint32_t keys = hash == +all_over ? 100'000 : 1'000;
    for (std::uint32_t key = 0; key < keys; ++key) {
      const auto [s, fresh] = cells.find_or(
          hash(key), [&](slot_cells::slot x) { return x == key; }, [&] { return key; });
      REQUIRE((fresh && s == key));
      if (key < 1'000 && (key & (key - 1)) != 0) continue;
      if (key >= 1'000 && key % 9'973 != 0) continue;
      for (std::uint32_t before = 0; before <= key; ++before)
        REQUIRE(cells.find(hash(before), [&](slot_cells::slot x) { return x == before; }) ==
                before);
    }
    for (std::uint32_t key = 0; key < keys; key += 2) cells.erase(hash(key), key);
    for (std::uint32_t key = 0; key < keys; ++key)
      REQUIRE(cells.find(hash(key), [&](slot_cells::slot x) { return x == key; }) ==
              (key % 2 == 0 ? slot_cells::none : key));
  }
}

TEST_CASE("a slot that can't be made is not there") {
  slot_cells cells;
  const auto none = [](slot_cells::slot) { return false; };
  const auto make = []() -> slot_cells::slot { throw std::runtime_error{"no room"}; };
  CHECK_THROWS(cells.find_or(5, none, make));
  CHECK(cells.size() == 0);
  CHECK(cells.find(5, none) == slot_cells::none);
  CHECK(cells.guess(5) == slot_cells::none);
  CHECK(cells.find_or(5, none, [] { return 3U; }) == std::pair{3U, true});
  CHECK(cells.guess(5) == 3);
}
