// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"
#include "weir/aggregates/basic.hpp"

#include <catch2/catch_test_macros.hpp>

#include <random>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// What `a` makes of `all`, in one pass.
template <class A, class T>
auto over(const A& a, const std::vector<T>& all) {
  auto acc = initial_accumulator<A, T>(a);
  for (const T& e : all) a.add(acc, e);
  return a.result(std::as_const(acc));
}

struct price {
  std::optional<std::int64_t> cents;
  double weight = 0;
  std::uint8_t items = 0;
  std::string name;
};

price costs(std::optional<std::int64_t> cents, double weight = 0, std::uint8_t items = 0) {
  return {cents, weight, items, ""};
}

using prices = std::vector<price>;

}  // namespace

TEST_CASE("aggregates over no events give nothing or zero") {
  CHECK(over(count{}, prices{}) == 0);
  CHECK(over(sum{&price::weight}, prices{}) == 0.0);
  CHECK(over(mean{&price::weight}, prices{}) == std::nullopt);
  CHECK(over(weir::min{&price::weight}, prices{}) == std::nullopt);
  CHECK(over(weir::max{&price::weight}, prices{}) == std::nullopt);
}

TEST_CASE("count counts, and count_if those that its predicate holds for") {
  const prices all{costs(1), costs(2), costs(std::nullopt)};
  CHECK(over(count{}, all) == 3);
  CHECK(over(count_if{[](const price& p) { return p.cents.has_value(); }}, all) == 2);
}

TEST_CASE("sums are of 64 bits, or doubles") {
  const prices all{costs(1, 0.5, 200), costs(2, 0.25, 200)};
  const std::int64_t cents = over(sum{&price::cents}, all);
  CHECK(cents == 3);
  const std::uint64_t items = over(sum{&price::items}, all);
  CHECK(items == 400);
  const double weight = over(sum{&price::weight}, all);
  CHECK(weight == 0.75);
}

TEST_CASE("an absent value is left out") {
  const prices all{costs(4), costs(std::nullopt), costs(1)};
  CHECK(over(sum{&price::cents}, all) == 5);
  CHECK(over(mean{&price::cents}, all) == 2.5);
  CHECK(over(weir::min{&price::cents}, all) == 1);
  CHECK(over(weir::max{&price::cents}, all) == 4);
  const prices none{costs(std::nullopt)};
  CHECK(over(mean{&price::cents}, none) == std::nullopt);
  CHECK(over(weir::max{&price::cents}, none) == std::nullopt);
}

TEST_CASE("a mean of integers is summed exactly") {
  const prices all{costs(9'007'199'254'740'993), costs(-9'007'199'254'740'992)};
  CHECK(over(mean{&price::cents}, all) == 0.5);
}

TEST_CASE("min and max take negative numbers, strings and times") {
  CHECK(over(weir::max{&price::weight}, prices{costs(0, -2.0), costs(0, -1.0)}) == -1.0);
  const std::vector<sale> all{sold("b", 1, 20), sold("a", 2, 10)};
  CHECK(over(weir::min{&sale::shop}, all) == "a");
  CHECK(over(weir::max{&sale::at}, all) == ms(20));
}

TEST_CASE("merging what parts have gathered gives what one pass gives") {
  const auto check = [](const auto& a) {
    using A = std::decay_t<decltype(a)>;
    std::mt19937_64 random{7};
    for (int round = 0; round < 50; ++round) {
      prices all(random() % 20);
      for (price& p : all) {
        if (random() % 4 != 0) p.cents = static_cast<std::int64_t>(random() % 1000) - 500;
        p.weight = static_cast<double>(random() % 64) / 4;
        p.items = static_cast<std::uint8_t>(random());
      }
      auto merged = initial_accumulator<A, price>(a);
      for (std::size_t from = 0; from < all.size();) {
        const std::size_t n = std::min<std::size_t>(random() % 5, all.size() - from);
        auto part = initial_accumulator<A, price>(a);
        for (std::size_t i = 0; i < n; ++i) a.add(part, all[from + i]);
        a.merge(merged, std::as_const(part));
        from += n;
      }
      REQUIRE(a.result(std::as_const(merged)) == over(a, all));
    }
  };
  check(count{});
  check(count_if{[](const price& p) { return p.weight > 8; }});
  check(sum{&price::cents});
  check(sum{&price::weight});
  check(mean{&price::cents});
  check(weir::min{&price::cents});
  check(weir::max{&price::weight});
  check(aggregate_tuple{count{}, mean{&price::items}, weir::max{&price::cents}});
}

TEST_CASE("a window may have several aggregates: a tuple of their results") {
  using result = window_result<std::string, std::tuple<std::uint64_t, std::int64_t>>;
  pipeline p{"p"};
  memory_sink<result> out;
  p.from(memory_source{std::vector<sale>{sold("a", 5, 1), sold("a", 6, 2)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate(count{}, sum{&sale::amount})
      .to(out);
  run(p);
  REQUIRE(out.size() == 1);
  CHECK(out.values()[0].value == std::tuple{2U, 11});
}

namespace {

struct day {
  std::uint64_t sales = 0;
  std::int64_t total = 0;
  std::optional<double> mean_weight;
  friend bool operator==(const day&, const day&) = default;
};
BOOST_DESCRIBE_STRUCT(day, (), (sales, total, mean_weight))

/// One of the user's own, with a beginning.
struct product_of {
  using accumulator = std::int64_t;
  [[nodiscard]] std::int64_t init() const { return 1; }
  void add(std::int64_t& acc, const sale& s) const { acc *= s.amount; }
  void merge(std::int64_t& acc, std::int64_t other) const { acc *= other; }
  [[nodiscard]] std::int64_t result(std::int64_t acc) const { return acc; }
};

}  // namespace

TEST_CASE("a window's aggregates may fill a struct of the user's") {
  using result = window_result<std::string, day>;
  pipeline p{"p"};
  memory_sink<result> out;
  p.from(memory_source{std::vector<sale>{{"a", 5, ms(1), 1.5}, {"a", 6, ms(2), std::nullopt}}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate<day>(count{}, sum{&sale::amount}, mean{&sale::weight})
      .to(out);
  run(p);
  REQUIRE(out.size() == 1);
  CHECK(out.values()[0].value == day{2, 11, 1.5});
}

TEST_CASE("an aggregate of the user's own begins with its init()") {
  using result = window_result<std::string, std::int64_t>;
  pipeline p{"p"};
  memory_sink<result> out;
  p.from(memory_source{std::vector<sale>{sold("a", 5, 1), sold("a", 6, 2)}})
      .event_time(&sale::at, monotonous_timestamps{})
      .key_by(&sale::shop)
      .window(tumbling{10ms})
      .aggregate(product_of{})
      .to(out);
  run(p);
  REQUIRE(out.size() == 1);
  CHECK(out.values()[0].value == 30);
}
