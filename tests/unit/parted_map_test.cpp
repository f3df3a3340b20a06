// SPDX-License-Identifier: BSD-3-Clause
#include "weir/state/parted_map.hpp"
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
  std::size_t operator()(std::uint64_t key) const { return table_hash(key); }
};
using numbers = parted_map<std::uint64_t, std::uint64_t, by_table_hash>;
using model = std::unordered_map<std::uint64_t, std::uint64_t>;

void check_same(const numbers& got, const model& wanted) {
  CHECK(got.size() == wanted.size());
  std::size_t walked = 0;
  bool same = true;
  for (auto at = got.begin(); at != got.end(); ++at, ++walked) {
    const auto found = wanted.find(at->first);
    same = same && found != wanted.end() && found->second == at->second;
  }
  CHECK(same);
  CHECK(walked == wanted.size());
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

TEST_CASE("a table that grows by parts has what a map has") {
  std::mt19937_64 random{1};
  numbers table;
  model wanted;
  for (std::uint64_t i = 0; i < 900'000; ++i) {
    const std::uint64_t key = random() % 300'000;  // several parts
    if (random() % 5 == 0) {
      CHECK(table.erase(key) == (wanted.erase(key) != 0));
      continue;
    }
    if (auto* const found = table.find(key))
      found->second = i;
    else
      table.add(key, i);
    wanted[key] = i;
  }
  REQUIRE(wanted.size() > 4 * numbers::most_of_a_part);
  check_same(table, wanted);

  numbers copy = table;
  for (const auto& [key, value] : wanted) CHECK(copy.erase(key));
  CHECK(copy.empty());
  CHECK(copy.begin() == copy.end());
  check_same(table, wanted);

  const auto odd = [](const auto& entry) { return entry.second % 2 != 0; };
  table.erase_if(odd);
  std::erase_if(wanted, odd);
  check_same(table, wanted);

  numbers moved = std::move(table);
  check_same(moved, wanted);
  table = numbers{};
  CHECK(table.empty());
  table.add(7, std::uint64_t{8});
  CHECK(table.find(7)->second == 8);
  moved.clear();
  CHECK(moved.empty());
  CHECK(moved.find(7) == nullptr);
}

TEST_CASE("no insertion moves more entries than a part has") {
  parted_map<std::uint64_t, heavy, by_table_hash> table;
  std::uint64_t most = 0;
  for (std::uint64_t i = 0; i < 2'000'000; ++i) {
    const std::uint64_t before = heavy::moves;
    table.add(i, i);
    most = std::max(most, heavy::moves - before);
  }
  CHECK(most <= table.most_of_a_part);
  CHECK(most > 0);
}

TEST_CASE("a table that was told how many will come moves hardly any") {
  parted_map<std::uint64_t, heavy, by_table_hash> table;
  for (std::uint64_t i = 0; i < 1'000; ++i) table.add(i, i);
  table.reserve(1'000'000);
  heavy::moves = 0;
  for (std::uint64_t i = 1'000; i < 1'000'000; ++i) table.add(i, i);
  CHECK(heavy::moves < 100'000);
  CHECK(table.size() == 1'000'000);
  for (std::uint64_t i = 0; i < 1'000'000; i += 997) CHECK(table.find(i)->second.value == i);
}

TEST_CASE("whoever adds to a table is told of a part before its entries are moved") {
  parted_map<std::uint64_t, std::uint64_t, by_table_hash> table;
  using part = decltype(table)::part;
  std::uint64_t told = 0;
  for (std::uint64_t i = 0; i < 300'000; ++i) {
    const part* about_to_move = nullptr;
    const auto* in = table.part_with(i);
    const auto before = in->entries.empty() ? nullptr : &*in->entries.begin();
    const std::uint64_t key = before != nullptr ? before->first : 0;
    table.add_after([&](part& p) { about_to_move = &p; ++told; }, i, i);
    if (before != nullptr && about_to_move == nullptr) REQUIRE(table.find(key) == before);
    if (about_to_move != nullptr) REQUIRE(about_to_move == in);
  }
  CHECK(told > 16);
}
