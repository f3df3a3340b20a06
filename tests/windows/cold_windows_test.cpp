// SPDX-License-Identifier: BSD-3-Clause
// Windows over a cold store, beside what the random plays say of them.
#include "windows/play.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

// One event in two versions of a program.
namespace before {
struct sale {
  std::int64_t key = 0;
  std::int32_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(sale, (), (key, cents))
}  // namespace before
namespace since {
struct sale {
  std::int64_t key = 0;
  std::string shop;
  std::int64_t cents = 0;
};
BOOST_DESCRIBE_STRUCT(sale, (), (key, shop, cents))
}  // namespace since

/// Sessions that gather events, and come to the sum of what is in them.
template <class Sale>
auto sums(std::shared_ptr<state_backend> where) {
  operator_options options;
  options.backend = std::move(where);
  return subject{[](stream<Sale> in) {
                   return in.key_by(&Sale::key)
                       .window(session{10us})
                       .template process<std::int64_t>([](const std::int64_t& key, const window&,
                                                          std::span<const Sale> all, auto emit) {
                         std::int64_t sum = 1'000 * key;
                         for (const Sale& s : all) sum += s.cents;
                         emit(sum);
                       })
                       .named("sums");
                 },
                 options};
}

std::shared_ptr<state_backend> nearly_nothing() { return std::make_shared<map_backend>(1); }

}  // namespace

TEST_CASE("what windows have in a cold store is read by a program whose event has changed") {
  auto first = sums<before::sale>(nearly_nothing()).run();
  for (std::int64_t key = 1; key <= 5; ++key) first.push({key, 3}, tick(key));
  first.push({2, 4}, tick(6));
  const auto state = first.snapshot();
  auto next = sums<since::sale>(nearly_nothing()).restore(state);
  next.push({5, "north", 5'000'000'000}, tick(7)).push_watermark(max_timestamp);
  auto got = next.values();
  std::sort(got.begin(), got.end());
  CHECK(got == std::vector<std::int64_t>{1'003, 2'007, 3'003, 4'003, 5'000'005'003});
}

TEST_CASE("windows of counts that the stream's end finds in a cold store are counted, too") {
  operator_options options;
  options.backend = nearly_nothing();
  operator_run run{
      [](stream<blip> in) {
        return in.key_by(&blip::key).window(tumbling_count{2}).aggregate(bag{}).named("pairs");
      },
      options};
  for (std::int64_t key = 0; key < 7; ++key) run.push({key, key}, tick(key));
  run.push({3, 33}, tick(9));
  run.push_watermark(max_timestamp);
  CHECK(run.outputs().size() == 1);
  CHECK(counted(run, "pairs", "pairs: windows dropped unfired") == 6);
}

TEST_CASE("windows of the wall clock that the stream's end finds in a cold store are counted") {
  operator_options options;
  options.backend = nearly_nothing();
  operator_run run{[](stream<blip> in) {
                     return in.key_by(&blip::key)
                         .window(processing_time(session{10us}))
                         .aggregate(bag{})
                         .named("sessions");
                   },
                   options};
  for (std::int64_t key = 0; key < 7; ++key) run.push({key, key}, tick(key));
  run.push_watermark(max_timestamp);
  CHECK(counted(run, "sessions", "sessions: windows dropped unfired") == 7);
}
