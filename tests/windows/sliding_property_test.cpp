// SPDX-License-Identifier: BSD-3-Clause
// Sliding and count windows against naive ones.
#include "windows/naive_others.hpp"
#include "windows/shapes.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr int plays = 800;

}  // namespace

TEST_CASE("sliding windows agree with naive ones, with and without exits") {
  compare(
      plays, 40000, {},
      [](std::mt19937_64& random) {
        const std::int64_t length = pick(random, 1, 50);
        const bool exits = random() % 2 == 0;
        return std::pair{[=](stream<blip> in) {
                           const sliding w{duration{length}};
                           return in.key_by(&blip::key)
                               .window(exits ? w.with_exits() : w)
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         naive_sliding{length, exits}};
      },
      tell_row);
}

TEST_CASE("sliding windows of events agree with naive ones") {
  compare(
      plays, 42000, {},
      [](std::mt19937_64& random) {
        const std::int64_t length = pick(random, 1, 50);
        const bool exits = random() % 2 == 0;
        return std::pair{[=](stream<blip> in) {
                           const sliding w{duration{length}};
                           return in.key_by(&blip::key)
                               .window(exits ? w.with_exits() : w)
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         naive_sliding{length, exits}};
      },
      tell_row);
}

TEST_CASE("tumbling and sliding count windows agree with naive ones") {
  compare(
      plays, 44000, {},
      [](std::mt19937_64& random) {
        const std::int64_t n = pick(random, 1, 12);
        const std::int64_t every = pick(random, 1, n);
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(sliding_count{static_cast<std::uint64_t>(n),
                                                     static_cast<std::uint64_t>(every)})
                               .late_to(late_blips)
                               .aggregate(bag{});
                         },
                         naive_count{n, every}};
      },
      tell_row);
  compare(
      plays, 46000, {},
      [](std::mt19937_64& random) {
        const std::int64_t n = pick(random, 1, 12);
        return std::pair{[=](stream<blip> in) {
                           return in.key_by(&blip::key)
                               .window(tumbling_count{static_cast<std::uint64_t>(n)})
                               .late_to(late_blips)
                               .process<bag_row>(values_of);
                         },
                         naive_count{n, n}};
      },
      tell_row);
}
