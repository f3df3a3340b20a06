// SPDX-License-Identifier: BSD-3-Clause
#include "aggregates/reading.hpp"
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

reading number(std::int64_t n) { return {.number = n}; }
reading valued(double v, std::int64_t at = 0, std::string name = "") {
  return {.value = v, .name = std::move(name), .at = timestamp{duration{at}}};
}

constexpr auto highest = std::numeric_limits<std::int64_t>::max();
constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

}  // namespace

TEST_CASE("aggregates over nothing are absent, zero or empty") {
  const readings none;
  CHECK(over(variance{&reading::value}, none) == std::nullopt);
  CHECK(over(stddev{&reading::value}, none) == std::nullopt);
  CHECK(over(sample_variance{&reading::value}, {valued(1)}) == std::nullopt);
  CHECK(over(first{}, none) == std::nullopt);
  CHECK(over(last{}, none) == std::nullopt);
  CHECK(over(min_by{&reading::value}, none) == std::nullopt);
  CHECK(over(top_k{3, &reading::value}, none).empty());
  CHECK(over(count_distinct{&reading::name}, none) == 0);
  CHECK(over(approximate_count_distinct{&reading::name}, none) == 0);
  CHECK(over(quantiles{&reading::value, {0.5}}, none) == std::nullopt);
  CHECK(over(quantile{&reading::value, 0.5}, none) == std::nullopt);
  CHECK(over(collect{}, none).empty());
  CHECK(over(histogram_of{&reading::value, {1.0}}, none) == std::vector<std::uint64_t>{0, 0});
}

TEST_CASE("a sum may leave 64 bits on the way, if its total does not") {
  CHECK(over(sum{&reading::number}, {number(highest), number(highest), number(lowest)}) ==
        highest - 1);
  CHECK(over(sum{&reading::number},
             {number(lowest), number(lowest), number(highest), number(5), number(highest)}) == 3);
  CHECK(over(sum{&reading::number}, {number(highest)}) == highest);
  CHECK(over(sum{&reading::number}, {number(lowest)}) == lowest);
  CHECK(over(mean{&reading::number}, {number(highest), number(highest)}) ==
        static_cast<double>(highest));
  const auto unsigned_of = [](const reading& r) { return static_cast<std::uint64_t>(r.number); };
  CHECK(over(sum{unsigned_of}, {number(-1)}) == std::numeric_limits<std::uint64_t>::max());
}

TEST_CASE("a total that does not fit 64 bits is an error, not another number") {
  CHECK_THROWS_AS(over(sum{&reading::number}, {number(highest), number(1)}), exception);
  CHECK_THROWS_AS(over(sum{&reading::number}, {number(lowest), number(-1)}), exception);
  const auto unsigned_of = [](const reading& r) { return static_cast<std::uint64_t>(r.number); };
  CHECK_THROWS_AS(over(sum{unsigned_of}, {number(-1), number(1)}), exception);
}

TEST_CASE("a window whose sum does not fit is a dead letter, and the others come") {
  pipeline p{"p"};
  memory_sink<window_result<std::string, std::int64_t>> out;
  memory_sink<dead_letter> letters;
  p.from(memory_source{std::vector<sale>{sold("a", highest, 1), sold("a", 1, 2), sold("b", 1, 3)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate(sum{&sale::amount})
      .named("sums")
      .to(out);
  p.dead_letters_to(letters);
  run(p);
  REQUIRE(out.size() == 1);
  CHECK(out.values()[0].key == "b");
  REQUIRE(letters.size() == 1);
  CHECK(letters.values()[0].operator_name == "sums");
  CHECK(letters.values()[0].error.find("does not fit") != std::string::npos);
}

TEST_CASE("a variance does not suffer from a large mean") {
  readings all;
  for (const double v : {4.0, 7.0, 13.0, 16.0}) all.push_back(valued(1e9 + v));
  CHECK(over(variance{&reading::value}, all) == 22.5);
  CHECK(over(sample_variance{&reading::value}, all) == 30.0);
  CHECK(over(stddev{&reading::value}, all) == std::sqrt(22.5));
}

TEST_CASE("NaN shows in sums, and is left out where values are put in an order") {
  const readings all{valued(1), valued(not_a_number), valued(3)};
  CHECK(std::isnan(over(sum{&reading::value}, all)));
  CHECK(std::isnan(*over(mean{&reading::value}, all)));
  CHECK(std::isnan(*over(variance{&reading::value}, all)));
  CHECK(over(weir::min{&reading::value}, all) == 1.0);
  CHECK(over(weir::max{&reading::value}, all) == 3.0);
  CHECK(over(weir::max{&reading::value}, {valued(not_a_number), valued(3)}) == 3.0);
  CHECK(over(top_k{5, &reading::value}, all).size() == 2);
  CHECK(over(count_distinct{&reading::value}, all) == 2);
  CHECK(over(approximate_count_distinct{&reading::value}, all) == 2);
  CHECK(over(quantile{&reading::value, 1.0}, all) == 3.0);
  CHECK(over(histogram_of{&reading::value, {2.0}}, all) == std::vector<std::uint64_t>{1, 1});
}

TEST_CASE("of events that rank alike the earlier goes first, whenever it came") {
  const reading early = valued(5, 1, "early");
  const reading late = valued(5, 2, "late");
  const reading best = valued(9, 3, "best");
  CHECK(over(top_k{2, &reading::value, &reading::name}, {late, best, early}) ==
        std::vector<std::string>{"best", "early"});
  CHECK(over(min_by{&reading::value, &reading::name}, {late, best, early}) == "early");
  CHECK(over(max_by{&reading::value, &reading::name}, {late, early}) == "early");
}

TEST_CASE("arguments that make no sense are refused in one line") {
  CHECK_THROWS_AS((top_k{0, &reading::value}), exception);
  CHECK_THROWS_AS((histogram_of{&reading::value, std::vector<double>{}}), exception);
  CHECK_THROWS_AS((histogram_of{&reading::value, {1.0, 1.0}}), exception);
  CHECK_THROWS_AS((histogram_of{&reading::value, {not_a_number}}), exception);
  CHECK_THROWS_AS((quantiles{&reading::value, {0.5, 1.5}}), exception);
  CHECK_THROWS_AS((quantile{&reading::value, not_a_number}), exception);
}

TEST_CASE("a histogram's bounds may be whole numbers, and its values of another sign") {
  const auto count = [](const reading& r) { return static_cast<std::uint32_t>(r.number); };
  CHECK(over(histogram_of{count, {-1, 10}}, {number(0), number(3'000'000'000), number(9)}) ==
        std::vector<std::uint64_t>{0, 2, 1});
}

namespace {

struct numbers {
  std::optional<std::int64_t> opened;
  std::optional<std::int64_t> closed;
  std::optional<double> deviation;
  std::optional<std::array<double, 2>> high;
};
BOOST_DESCRIBE_STRUCT(numbers, (), (opened, closed, deviation, high))

/// One of the user's own that begins with a value of its own and wants to know when.
struct product_by_noon {
  using accumulator = std::int64_t;
  [[nodiscard]] std::int64_t init() const { return 1; }
  void add(std::int64_t& acc, const sale& s, timestamp at) const {
    if (at < ms(12)) acc *= s.amount;
  }
  void merge(std::int64_t& acc, std::int64_t other) const { acc *= other; }
  [[nodiscard]] std::int64_t result(std::int64_t acc) const { return acc; }
};

}  // namespace

TEST_CASE("a window tells aggregates when an event was, alone and among several") {
  pipeline p{"p"};
  memory_sink<window_result<std::string, numbers>> several;
  memory_sink<window_result<std::string, std::optional<std::int64_t>>> alone;
  memory_sink<window_result<std::string, std::tuple<std::uint64_t, std::int64_t>>> own;
  weir::stream<sale> sales =
      p.from(memory_source{std::vector<sale>{sold("a", 5, 3), sold("a", 7, 1), sold("a", 6, 13),
                                             sold("a", 2, 12)}})
          .event_time(&sale::at, bounded_out_of_orderness{10ms});
  const auto windows = sales.key_by(&sale::shop).window(tumbling{20ms});
  windows
      .aggregate<numbers>(first{&sale::amount}, last{&sale::amount}, stddev{&sale::amount},
                          quantiles{&sale::amount, {0.0, 1.0}})
      .to(several);
  windows.aggregate(last{&sale::amount}).to(alone);
  windows.aggregate(count{}, product_by_noon{}).to(own);
  run(p);
  REQUIRE(several.size() == 1);
  const numbers n = several.values()[0].value;
  CHECK(n.opened == 7);
  CHECK(n.closed == 6);
  CHECK(n.deviation == std::sqrt(3.5));
  CHECK(n.high == std::array{2.0, 7.0});
  CHECK(alone.values().at(0).value == 6);
  CHECK(own.values().at(0).value == std::tuple{4U, 35});
}
