// SPDX-License-Identifier: BSD-3-Clause
#include "weir/joins/time_list.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace weir;
using operators::time_list;

namespace {

struct entry {
  timestamp at;
  int number = 0;

  friend bool operator==(const entry&, const entry&) = default;
};
timestamp tick(std::int64_t n) { return timestamp{duration{n}}; }

/// The same in one sorted vector.
struct model {
  std::vector<entry> all;

  void insert(entry e) {
    all.insert(std::upper_bound(all.begin(), all.end(), e,
                                [](const entry& a, const entry& b) { return a.at < b.at; }),
               e);
  }
  [[nodiscard]] std::vector<entry> between(timestamp from, timestamp to) const {
    std::vector<entry> found;
    for (const entry& e : all)
      if (from <= e.at && e.at <= to) found.push_back(e);
    return found;
  }
};

std::vector<entry> between(time_list<entry>& list, timestamp from, timestamp to) {
  std::vector<entry> found;
  list.each_in(from, to, [&](const entry& e) { found.push_back(e); });
  return found;
}

}  // namespace

TEST_CASE("a list by time is one sorted vector, whatever comes and goes") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
    time_list<entry> list;
    model expected;
    const int disorder = 1 + below(3000);
    const int goes = 1 + below(9);
    for (int i = 0; i < 4000; ++i) {
      if (below(10) < goes && !expected.all.empty()) {
        REQUIRE(list.take_front() == expected.all.front());
        expected.all.erase(expected.all.begin());
      } else {
        const entry e{tick(i + below(disorder)), i};
        list.insert(e);
        expected.insert(e);
      }
      REQUIRE(list.empty() == expected.all.empty());
      if (expected.all.empty()) continue;
      REQUIRE(list.front() == expected.all.front());
      REQUIRE(list.back() == expected.all.back());
      if (i % 37 != 0) continue;
      REQUIRE(list.size() == expected.all.size());
      const timestamp from = tick(i + below(disorder) - 10);
      const timestamp to = from + duration{below(2 * disorder)};
      REQUIRE(between(list, from, to) == expected.between(from, to));
      const auto until = expected.between(min_timestamp, from);
      const entry* last = list.last_until(from);
      REQUIRE((last == nullptr) == until.empty());
      if (last != nullptr) REQUIRE(*last == until.back());
    }
    REQUIRE(between(list, min_timestamp, max_timestamp) == expected.all);
  }
}

TEST_CASE(
    "elements that were appended in any order are sorted in one go, equal ones as they came") {
  std::mt19937_64 random{7};
  time_list<entry> list;
  model expected;
  for (int i = 0; i < 1000; ++i) {
    const entry e{tick(static_cast<std::int64_t>(random() % 100)), i};
    list.append_unsorted(e);
    expected.insert(e);
  }
  list.sort();
  CHECK(between(list, min_timestamp, max_timestamp) == expected.all);
}

TEST_CASE("a list by time that was long gives its memory back") {
  time_list<entry> list;
  for (int i = 0; i < 100'000; ++i) list.insert({tick(i), i});
  const std::size_t full = list.bytes_allocated();
  for (int i = 0; i < 99'990; ++i) static_cast<void>(list.take_front());
  CHECK(list.bytes_allocated() < full / 20);
  while (!list.empty()) static_cast<void>(list.take_front());
  CHECK(list.bytes_allocated() < 1000);
}
