// SPDX-License-Identifier: BSD-3-Clause
// Whatever way events are split, saved, restored and merged, an aggregate comes to what a plain
// computation over all of them comes to.
#include "aggregates/reading.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

using namespace weir;
using namespace weir::test;

namespace {

constexpr int rounds = 500;

const auto same = [](const auto& a, const auto& b) { return a == b; };
const auto nearly = [](const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return std::abs(*a - *b) <= 1e-9 * (1 + std::abs(*b));
};

/// Splits the events into runs, some empty, and gathers each; now and then one is saved and
/// restored on the way.
template <class A>
auto parts_of(const A& a, const readings& all, std::mt19937_64& random) {
  std::vector<accumulator_of<A, reading>> parts;
  for (std::size_t from = 0; from < all.size() || parts.empty();) {
    const std::size_t n = std::min<std::size_t>(random() % 6, all.size() - from);
    const readings run(all.begin() + static_cast<std::ptrdiff_t>(from),
                       all.begin() + static_cast<std::ptrdiff_t>(from + n));
    auto part = gathered(a, run);
    parts.push_back(random() % 2 == 0 ? written_and_read(part) : std::move(part));
    from += n;
  }
  return parts;
}

/// Merges neighbours in a random order until one is left.
template <class A, class Acc>
Acc merged(const A& a, std::vector<Acc> parts, std::mt19937_64& random) {
  while (parts.size() > 1) {
    const std::size_t i = random() % (parts.size() - 1);
    a.merge(parts[i], std::as_const(parts[i + 1]));
    if (random() % 4 == 0) parts[i] = written_and_read(parts[i]);
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(i + 1));
  }
  return parts.front();
}

/// `any_order`: whether parts may change places.
template <class A, class Oracle, class Same>
void check(std::uint64_t base, const A& a, bool any_order, bool with_nan, Oracle oracle,
           Same agree) {
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t seed = base * 1'000'000 + static_cast<std::uint64_t>(round);
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    const readings all = random_readings(random, with_nan);
    const auto expected = oracle(all);
    REQUIRE(agree(over(a, all), expected));
    auto parts = parts_of(a, all, random);
    if (any_order) std::shuffle(parts.begin(), parts.end(), random);
    const auto whole = merged(a, std::move(parts), random);
    REQUIRE(agree(a.result(whole), expected));
  }
}

template <class V>
std::optional<double> mean_of(const std::vector<V>& all) {
  if (all.empty()) return std::nullopt;
  return static_cast<double>(std::accumulate(all.begin(), all.end(), static_cast<long double>(0)) /
                             static_cast<long double>(all.size()));
}

std::vector<std::int32_t> present_parts(const readings& all) {
  std::vector<std::int32_t> present;
  for (const reading& r : all)
    if (r.part) present.push_back(*r.part);
  return present;
}

std::vector<double> numbers(const readings& all) {
  std::vector<double> present;
  for (const reading& r : all)
    if (!std::isnan(r.value)) present.push_back(r.value);
  return present;
}

double squares_from_mean(const std::vector<double>& all) {
  double sum = 0;
  for (const double v : all) sum += (v - *mean_of(all)) * (v - *mean_of(all));
  return sum;
}

}  // namespace

TEST_CASE("counts and sums do not depend on how the events were split") {
  check(
      1, count{}, true, false, [](const readings& all) { return all.size(); }, same);
  const auto is_negative = [](const reading& r) { return r.number < 0; };
  check(
      2, count_if{is_negative}, true, false,
      [&](const readings& all) { return std::count_if(all.begin(), all.end(), is_negative); },
      [](std::uint64_t a, std::int64_t b) { return a == static_cast<std::uint64_t>(b); });
  check(
      3, sum{&reading::part}, true, false,
      [](const readings& all) {
        const auto parts = present_parts(all);
        return std::accumulate(parts.begin(), parts.end(), std::int64_t{0});
      },
      same);
  check(
      4, sum{&reading::value}, true, false,
      [](const readings& all) {
        double total = 0;
        for (const reading& r : all) total += r.value;
        return total;
      },
      same);
}

TEST_CASE("means do not depend on how the events were split") {
  check(
      5, mean{&reading::part}, true, false,
      [](const readings& all) { return mean_of(present_parts(all)); }, nearly);
  check(
      6, mean{&reading::number}, true, false,
      [](const readings& all) {
        std::vector<std::int64_t> each;
        for (const reading& r : all) each.push_back(r.number);
        return mean_of(each);
      },
      nearly);
}

TEST_CASE("variances do not depend on how the events were split") {
  check(
      7, variance{&reading::value}, true, false,
      [](const readings& all) -> std::optional<double> {
        if (all.empty()) return std::nullopt;
        return squares_from_mean(numbers(all)) / static_cast<double>(all.size());
      },
      nearly);
  check(
      8, sample_stddev{&reading::value}, true, false,
      [](const readings& all) -> std::optional<double> {
        if (all.size() < 2) return std::nullopt;
        return std::sqrt(squares_from_mean(numbers(all)) / static_cast<double>(all.size() - 1));
      },
      nearly);
}

TEST_CASE("extremes do not depend on how the events were split, and leave NaN out") {
  check(
      9, weir::min{&reading::value}, true, true,
      [](const readings& all) -> std::optional<double> {
        const auto values = numbers(all);
        if (values.empty()) return std::nullopt;
        return *std::min_element(values.begin(), values.end());
      },
      same);
  check(
      10, weir::max{&reading::name}, true, true,
      [](const readings& all) -> std::optional<std::string> {
        std::set<std::string> names;
        for (const reading& r : all) names.insert(r.name);
        if (names.empty()) return std::nullopt;
        return *names.rbegin();
      },
      same);
}

TEST_CASE("the first and the last event are those of event time, ties by arrival") {
  check(
      11, first{}, false, false,
      [](readings all) -> std::optional<reading> {
        if (all.empty()) return std::nullopt;
        std::stable_sort(all.begin(), all.end(),
                         [](const reading& a, const reading& b) { return a.at < b.at; });
        return all.front();
      },
      same);
  check(
      12, last{&reading::part}, false, false,
      [](readings all) -> std::optional<std::int32_t> {
        std::erase_if(all, [](const reading& r) { return !r.part; });
        if (all.empty()) return std::nullopt;
        std::stable_sort(all.begin(), all.end(),
                         [](const reading& a, const reading& b) { return a.at < b.at; });
        return all.back().part;
      },
      same);
}

namespace {

/// The events that have a value, in the order of a ranking: highest first, earlier first, lesser
/// first.
readings by_value(readings all) {
  std::erase_if(all, [](const reading& r) { return std::isnan(r.value); });
  std::sort(all.begin(), all.end(), [](const reading& a, const reading& b) {
    return std::tuple{-a.value, a.at, a} < std::tuple{-b.value, b.at, b};
  });
  return all;
}

}  // namespace

TEST_CASE("rankings do not depend on the order of arrival at all") {
  check(
      13, top_k{5, &reading::value}, true, true,
      [](const readings& all) {
        readings ranked = by_value(all);
        ranked.resize(std::min<std::size_t>(ranked.size(), 5));
        return ranked;
      },
      same);
  check(
      14, max_by{&reading::value}, true, true,
      [](const readings& all) -> std::optional<reading> {
        const readings ranked = by_value(all);
        if (ranked.empty()) return std::nullopt;
        return ranked.front();
      },
      same);
  check(
      15, min_by{&reading::value, &reading::name}, true, true,
      [](readings all) -> std::optional<std::string> {
        std::erase_if(all, [](const reading& r) { return std::isnan(r.value); });
        const auto least =
            std::min_element(all.begin(), all.end(), [](const reading& a, const reading& b) {
              return std::tie(a.value, a.at, a.name) < std::tie(b.value, b.at, b.name);
            });
        if (least == all.end()) return std::nullopt;
        return least->name;
      },
      same);
}

TEST_CASE("distinct values are counted once, wherever they came") {
  const auto names = [](const readings& all) {
    std::set<std::string> seen;
    for (const reading& r : all) seen.insert(r.name);
    return seen.size();
  };
  check(16, count_distinct{&reading::name}, true, false, names, same);
  check(
      17, count_distinct{&reading::value}, true, true,
      [](const readings& all) {
        const auto values = numbers(all);
        return std::set<double>(values.begin(), values.end()).size();
      },
      same);
}

TEST_CASE("lists keep what came, in order, up to their bound") {
  check(
      18, collect{}, false, false, [](const readings& all) { return all; }, same);
  check(
      19, collect{&reading::part}, false, false,
      [](const readings& all) { return present_parts(all); }, same);
  check(
      20, collect_at_most{7, &reading::name}, false, false,
      [](const readings& all) {
        bounded_list<std::string> list;
        for (std::size_t i = 0; i < std::min<std::size_t>(7, all.size()); ++i)
          list.values.push_back(all[i].name);
        list.left_out = all.size() - list.values.size();
        return list;
      },
      same);
}

TEST_CASE("a reduction combines in order") {
  const auto join = [](const reading& a, const reading& b) {
    reading both = a;
    both.name += b.name;
    return both;
  };
  check(
      21, weir::reduce{join}, false, false,
      [](const readings& all) -> std::optional<reading> {
        if (all.empty()) return std::nullopt;
        reading both = all.front();
        for (std::size_t i = 1; i < all.size(); ++i) both.name += all[i].name;
        return both;
      },
      same);
}

TEST_CASE("a histogram counts each range, its lower bound included") {
  const auto bounds = {-8.0, 0.0, 0.125, 9.5};
  check(
      22, histogram_of{&reading::value, bounds}, true, true,
      [&](const readings& all) {
        std::vector<std::uint64_t> counts(5);
        for (const double v : numbers(all))
          ++counts[static_cast<std::size_t>(
              std::count_if(bounds.begin(), bounds.end(), [&](double b) { return b <= v; }))];
        return counts;
      },
      same);
}

TEST_CASE("several at once come to what each comes to") {
  check(
      23, aggregate_tuple{count{}, last{&reading::number}, weir::max{&reading::part}}, false, false,
      [](const readings& all) {
        return std::tuple{over(count{}, all), over(last{&reading::number}, all),
                          over(weir::max{&reading::part}, all)};
      },
      same);
}

TEST_CASE("sketches are the same sketch however the events were split") {
  check(
      24, approximate_count_distinct{&reading::number, 4}, true, false,
      [](const readings& all) {
        hyperloglog one{4};
        for (const reading& r : all) one.add(key_hash(r.number));
        return static_cast<std::uint64_t>(std::llround(one.estimate()));
      },
      same);
  const quantiles shares{&reading::value, {0.0, 0.25, 0.5, 0.9, 1.0}, {.buckets = 4}};
  check(
      25, shares, true, true,
      [&](const readings& all) {
        quantile_sketch one{{.buckets = 4}};
        for (const double v : numbers(all)) one.add(v);
        return shares.result(one);
      },
      same);
}

namespace {

template <class A>
void check_retract(std::uint64_t base, const A& a) {
  static_assert(retractable_aggregate_of<A, reading>);
  for (int round = 0; round < rounds; ++round) {
    const std::uint64_t seed = base * 1'000'000 + static_cast<std::uint64_t>(round);
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    readings all = random_readings(random, true);
    auto acc = gathered(a, all);
    std::shuffle(all.begin(), all.end(), random);
    while (!all.empty() && random() % 8 != 0) {
      a.retract(acc, all.back());
      all.pop_back();
    }
    REQUIRE(acc == gathered(a, all));
  }
}

}  // namespace

TEST_CASE("what was taken back was never there") {
  check_retract(31, count{});
  check_retract(32, count_if{[](const reading& r) { return r.number < 0; }});
  check_retract(33, sum{&reading::number});
  check_retract(34, sum{&reading::part});
  check_retract(35, mean{&reading::number});
  check_retract(36, histogram_of{&reading::value, {0.0, 4.0}});
  check_retract(37, aggregate_tuple{count{}, mean{&reading::part}});
}

TEST_CASE("what is not exact takes nothing back") {
  STATIC_REQUIRE(!retractable_aggregate_of<sum<double reading::*>, reading>);
  STATIC_REQUIRE(!retractable_aggregate_of<mean<double reading::*>, reading>);
  STATIC_REQUIRE(!retractable_aggregate_of<variance<std::int64_t reading::*>, reading>);
  STATIC_REQUIRE(!retractable_aggregate_of<weir::max<std::int64_t reading::*>, reading>);
  STATIC_REQUIRE(
      !retractable_aggregate_of<aggregate_tuple<count, sum<double reading::*>>, reading>);
}
