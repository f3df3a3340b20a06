// SPDX-License-Identifier: BSD-3-Clause
#include "weir/joins/timed_rows.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <random>
#include <string>

using namespace weir;
using rows = operators::timed_rows<std::string>;

namespace {

timestamp tick(std::int64_t n) { return timestamp{duration{n}}; }

struct entry {
  timestamp at;
  std::string value;
  bool matched = false;

  friend bool operator==(const entry&, const entry&) = default;
};

void insert(std::vector<entry>& to, entry e) {
  to.insert(std::upper_bound(to.begin(), to.end(), e.at,
                             [](timestamp t, const entry& x) { return t < x.at; }),
            e);
}

}  // namespace

TEST_CASE("each list of timed rows is a sorted vector, whatever comes and goes") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    const auto below = [&](std::int64_t n) {
      return static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(n));
    };
    rows all;
    std::vector<rows::list> lists(static_cast<std::size_t>(1 + below(12)));
    std::vector<std::vector<entry>> expected(lists.size());
    const std::int64_t disorder = 1 + below(seed % 2 == 0 ? 8 : 2000);
    const std::int64_t goes = 1 + below(9);
    std::size_t held = 0;
    for (int i = 0; i < 4000; ++i) {
      const auto n = static_cast<std::size_t>(below(static_cast<std::int64_t>(lists.size())));
      if (below(10) < goes && !expected[n].empty()) {
        const auto row = all.take_front(lists[n]);
        REQUIRE(entry{row.at, row.value, row.matched} == expected[n].front());
        expected[n].erase(expected[n].begin());
        --held;
      } else {
        const entry e{tick(i + below(disorder)), "the row of number " + std::to_string(i),
                      below(2) == 0};
        all.insert(lists[n], e.at, e.value, e.matched);
        insert(expected[n], e);
        ++held;
      }
      REQUIRE(all.size() == held);
      REQUIRE(all.size(lists[n]) == expected[n].size());
      REQUIRE(lists[n].empty() == expected[n].empty());
      all.fetch(lists[n]);
      const timestamp from = tick(i + below(disorder) - 10);
      const timestamp to = from + duration{below(2 * disorder)};
      std::vector<entry> found;
      all.each_in(lists[n], from, to, [&](auto& r) {
        found.push_back({r.at, r.value, r.matched});
        r.matched = true;
      });
      std::vector<entry> between;
      for (entry& e : expected[n]) {
        if (e.at < from || to < e.at) continue;
        between.push_back(e);
        e.matched = true;
      }
      REQUIRE(found == between);
    }
  }
}

TEST_CASE("rows that have all left give their memory back, and a list may begin anew") {
  rows all;
  rows::list list;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 5000; ++i) all.insert(list, tick(i), std::to_string(i), false);
    for (int i = 0; i < 5000; ++i) REQUIRE(all.take_front(list).value == std::to_string(i));
    REQUIRE(list.empty());
    REQUIRE(all.size() == 0);
  }
}
