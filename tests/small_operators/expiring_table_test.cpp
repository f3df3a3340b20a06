// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"
#include "weir/operators/distinct.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("a value is found until its time has come, and not after") {
  expiring_table<std::string, operators::repeats_until> t{40ms};
  t.put("a", {ms(50)});
  t.advance(ms(49));
  REQUIRE(t.find("a") != nullptr);
  t.advance(ms(50));
  CHECK(t.find("a") == nullptr);
  CHECK(t.find("b") == nullptr);
}

TEST_CASE("the memory of what has expired is freed within a quarter of its life") {
  expiring_table<std::uint64_t, operators::repeats_until> t{40ms};
  std::size_t most = 0;
  for (std::int64_t i = 0; i < 10'000; ++i) {
    t.put(static_cast<std::uint64_t>(i), {ms(i + 40)});
    t.advance(ms(i));
    most = std::max(most, t.size());
  }
  CHECK(most >= 40);
  CHECK(most <= 52);
  t.advance(ms(20'000));
  CHECK(t.size() == 0);
}
