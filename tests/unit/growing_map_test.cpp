// SPDX-License-Identifier: BSD-3-Clause
#include "weir/state/growing_map.hpp"
#include "weir/codec/table_hash.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <cstdint>
#include <random>
#include <unordered_map>
#include <utility>

using namespace weir;

namespace {

struct by_table_hash {
  using is_avalanching = void;
  std::size_t operator()(std::uint64_t key) const { return table_hash(key); }
};
using numbers = growing_map<std::uint64_t, std::uint64_t, by_table_hash>;
using model = std::unordered_map<std::uint64_t, std::uint64_t>;

void check_same(numbers& got, const model& wanted) {
  CHECK(got.size() == wanted.size());
  std::size_t seen = 0;
  bool same = true;
  got.each([&](const auto& entry) {
    const auto found = wanted.find(entry.first);
    same = same && found != wanted.end() && found->second == entry.second;
    ++seen;
  });
  for (const auto& [key, value] : wanted) {
    const auto* found = got.find(key);
    same = same && found != nullptr && found->second == value;
  }
  CHECK(same);
  CHECK(seen == wanted.size());
}

/// Counts how often one is moved.
struct heavy {
  static inline std::uint64_t moves = 0;
  std::uint64_t value = 0;

  explicit heavy(std::uint64_t v) : value(v) {}
  heavy(heavy&& other) noexcept : value(other.value) { ++moves; }
  heavy& operator=(heavy&& other) noexcept {
    value = other.value;
    ++moves;
    return *this;
  }
};

}  // namespace

TEST_CASE("a growing map has what a map has, whether it grows or not") {
  std::mt19937_64 random{1};
  numbers table;
  model wanted;
  bool has_grown = false;
  for (std::uint64_t i = 0; i < 400'000; ++i) {
    const std::uint64_t key = random() % 200'000;
    has_grown = has_grown || table.grows();
    if (random() % 5 == 0) {
      REQUIRE(table.erase(key) == (wanted.erase(key) != 0));
      continue;
    }
    if (auto* const found = table.find(key))
      found->second = i;
    else
      table.add(key, i);
    wanted[key] = i;
    if (i % 40'000 == 0) check_same(table, wanted);
  }
  CHECK(has_grown);
  check_same(table, wanted);
}

TEST_CASE("a map that grows is copied, moved, cleared and thinned out as one that does not") {
  const auto growing = [](model& wanted) {
    numbers table;
    for (std::uint64_t i = 0; !table.grows(); ++i) {
      table.add(i, i);
      wanted[i] = i;
    }
    REQUIRE(wanted.size() > moved_at_once);
    return table;
  };
  model wanted;
  numbers table = growing(wanted);
  check_same(table, wanted);

  numbers copy = table;
  check_same(copy, wanted);
  for (const auto& [key, value] : wanted) CHECK(copy.erase(key));
  CHECK(copy.empty());
  CHECK(!copy.erase(0));
  copy.add(1, std::uint64_t{2});
  CHECK(copy.find(1)->second == 2);
  check_same(table, wanted);

  numbers filled = table;
  model more = wanted;
  for (std::uint64_t i = 1'000'000; i < 1'060'000; ++i) {
    filled.add(i, i);
    more[i] = i;
  }
  check_same(filled, more);

  const auto odd = [](const auto& entry) { return entry.second % 2 != 0; };
  table.erase_if(odd);
  std::erase_if(wanted, odd);
  check_same(table, wanted);

  numbers moved = std::move(table);
  for (std::uint64_t i = 1'000'000; i < 1'100'000; ++i) {
    moved.add(i, i);
    wanted[i] = i;
  }
  check_same(moved, wanted);
  table = numbers{};
  CHECK(table.empty());

  model others;
  moved = growing(others);
  moved.clear();
  CHECK(moved.empty());
  CHECK(moved.find(7) == nullptr);
  for (const auto& [key, value] : others) moved.add(key, value);
  check_same(moved, others);
}

TEST_CASE("no insertion moves many entries") {
  growing_map<std::uint64_t, heavy, by_table_hash> table;
  std::uint64_t most = 0;
  std::uint64_t most_behind = 0;  // once it is large
  for (std::uint64_t i = 0; i < 1'000'000; ++i) {
    const std::uint64_t before = heavy::moves;
    table.add(i, i);
    const std::uint64_t moved = heavy::moves - before;
    most = std::max(most, moved);
    if (i > moved_at_once) most_behind = std::max(most_behind, moved);
  }
  CHECK(most <= moved_at_once);
  CHECK(most_behind == table.with_each);
}

TEST_CASE("a map that was told how many will come moves none") {
  growing_map<std::uint64_t, heavy, by_table_hash> table;
  table.reserve(100'000);
  heavy::moves = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) table.add(i, i);
  CHECK(heavy::moves == 0);
}
