// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/watermark_merge.hpp"
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace weir;
using namespace weir::test;
using flow::watermark_merge;

TEST_CASE("the merged watermark is the lowest of the inputs") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  CHECK(m.merged().watermark == min_timestamp);
  m.update(1, {ms(5), false});
  CHECK(m.merged().watermark == ms(5));
  m.update(1, {ms(20), false});
  CHECK(m.merged().watermark == ms(10));
}

TEST_CASE("the merged watermark never falls") {
  watermark_merge m{1};
  m.update(0, {ms(10), false});
  m.update(0, {ms(3), false});
  CHECK(m.merged().watermark == ms(10));
}

TEST_CASE("a merge begins where it is told to, after a restart") {
  watermark_merge m{1, ms(50)};
  m.update(0, {ms(10), false});
  CHECK(m.merged().watermark == ms(50));
}

TEST_CASE("an idle input is not waited for") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  m.update(1, {min_timestamp, true});
  CHECK(m.merged() == flow::progress{ms(10), false});
}

TEST_CASE("an input that becomes active again does not take the watermark back") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  m.update(1, {ms(2), true});
  m.activate(1);
  CHECK(m.merged().watermark == ms(10));
  m.update(0, {ms(20), false});
  CHECK(m.merged().watermark == ms(10));
  m.update(1, {ms(15), false});
  CHECK(m.merged().watermark == ms(15));
}

TEST_CASE("when all inputs are idle the watermark stays and the merge is idle") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  m.update(1, {ms(20), false});
  m.update(0, {ms(10), true});
  m.update(1, {ms(20), true});
  CHECK(m.merged() == flow::progress{ms(20), true});
  m.activate(0);
  CHECK(!m.merged().idle);
}

TEST_CASE("progress that rises as its input goes idle counts all the same") {
  watermark_merge m{1};
  m.update(0, {ms(10), true});
  CHECK(m.merged() == flow::progress{ms(10), true});
}

TEST_CASE(
    "an ended input is not waited for, and when all have ended the watermark is the maximum") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  m.end(1);
  CHECK(m.merged() == flow::progress{ms(10), false});
  m.end(0);
  CHECK(m.merged() == flow::progress{max_timestamp, false});
}

TEST_CASE("an ended input beside an idle one does not push the watermark to the maximum") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  m.update(1, {min_timestamp, true});
  m.end(0);
  CHECK(m.merged() == flow::progress{ms(10), true});
}

TEST_CASE("an input at the maximum counts as ended before its end has come") {
  watermark_merge m{2};
  m.update(0, {ms(10), false});
  m.update(1, {min_timestamp, true});
  m.update(0, {max_timestamp, false});
  CHECK(m.merged() == flow::progress{ms(10), true});
  m.update(1, {max_timestamp, false});
  CHECK(m.merged() == flow::progress{max_timestamp, false});
}

TEST_CASE("whatever comes, the merged watermark never falls and is not above the lowest active") {
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    watermark_merge m{3};
    std::vector<flow::progress> at(3);
    timestamp before = min_timestamp;
    for (int i = 0; i < 50; ++i) {
      const std::size_t n = random() % 3;
      at[n] = {std::max(at[n].watermark, ms(static_cast<std::int64_t>(random() % 100))),
               random() % 4 == 0};
      m.update(n, at[n]);
      timestamp lowest = max_timestamp;
      for (const auto& p : at)
        if (!p.idle) lowest = std::min(lowest, p.watermark);
      REQUIRE(m.merged().watermark >= before);
      // It may stand above an input that was idle while it rose.
      if (m.merged().watermark > before && lowest != max_timestamp)
        REQUIRE(m.merged().watermark <= std::max(lowest, at[n].watermark));
      before = m.merged().watermark;
    }
  }
}
