// SPDX-License-Identifier: BSD-3-Clause
// Windows without a key gather their events in the loop of the operators before them, unless these
// have other consumers.
#include "aggregates/two_phases.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <stdexcept>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

using part = partial<no_key, sale, std::uint64_t>;
using text_part = partial<no_key, sale, std::vector<std::string>>;
enum class use : std::uint8_t { once, twice, shared };

/// Keeps the shops of a window: of an accumulator that grows only each event can tell what fits.
struct shops {
  using accumulator = std::vector<std::string>;
  void add(accumulator& acc, const sale& s) const { add(acc, s.shop); }
  void merge(accumulator& acc, const accumulator& other) const {
    for (const std::string& shop : other) add(acc, shop);
  }
  [[nodiscard]] std::uint64_t result(const accumulator& acc) const { return acc.size(); }

private:
  static void add(accumulator& acc, const std::string& shop) {
    if (std::find(acc.begin(), acc.end(), shop) == acc.end()) acc.push_back(shop);
  }
};

/// source -> "near": filters, takes times, gathers -> windows -> sinks
template <class A>
pipeline gathering(A aggregate, use how) {
  pipeline p{"p"};
  auto timed = p.from(memory_source{std::vector<sale>{}})
                   .stage("near", {.parallelism = 1})
                   .filter([](const sale& s) {
                     if (s.amount == 13) throw std::runtime_error("thirteen");
                     return s.amount % 10 != 0;
                   })
                   .named("no tens")
                   .event_time(&sale::at, monotonous_timestamps{})
                   .named("times");
  const auto windows_of = [&](auto stream) { return std::move(stream).window(tumbling{100ms}); };
  if (how == use::shared) {
    stream<sale> all = std::move(timed);
    windows_of(all).aggregate(aggregate).named("first").to(
        memory_sink<window_result<no_key, std::uint64_t>>{});
    all.filter([](const sale& s) { return s.amount == 17; }).to(memory_sink<sale>{});
  } else {
    const auto w = windows_of(std::move(timed));
    w.aggregate(aggregate).named("first").to(memory_sink<window_result<no_key, std::uint64_t>>{});
    if (how == use::twice)
      w.aggregate(aggregate).named("second").to(
          memory_sink<window_result<no_key, std::uint64_t>>{});
  }
  p.dead_letters_to(memory_sink<dead_letter>{});
  return p;
}

sales events(std::int64_t from, std::int64_t to) {
  sales all;
  for (std::int64_t i = from; i < to; ++i)
    all.emplace_back(sold(std::string(1, static_cast<char>('a' + i % 7)), i, i), ms(i));
  return all;
}
std::uint64_t kept(std::int64_t from, std::int64_t to) {
  std::uint64_t n = 0;
  for (std::int64_t i = from; i < to; ++i) n += i % 10 != 0 && i != 13 ? 1 : 0;
  return n;
}

template <class Part>
std::uint64_t events_in(const std::vector<Part>& parts) {
  std::uint64_t n = 0;
  for (const Part& p : parts) n += p.events;
  return n;
}

}  // namespace

TEST_CASE("windows without a key gather what the operators before them let through") {
  for (const use how : {use::once, use::twice, use::shared}) {
    INFO(static_cast<int>(how));
    one_stage s{gathering(count{}, how), "near"};
    s.grant_all();
    s.send(0, events(0, 250));
    CHECK(s.work() == verdict::done);
    const std::size_t ports = how == use::twice ? 2 : 1;
    for (std::size_t port = 0; port < ports; ++port) {
      const auto parts = s.values<part>(port);
      CHECK(parts.size() == 2);  // of the windows that the newest event has completed
      CHECK(events_in(parts) == kept(0, 200));
    }
    const auto letters = s.values<dead_letter>(s.outputs() - 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].operator_name == "no tens");
    if (how == use::shared) CHECK(s.values<sale>(1).size() == 1);
    s.send_end(0);
    s.work();
    for (std::size_t port = 0; port < ports; ++port)
      CHECK(events_in(s.values<part>(port)) == kept(200, 250));
  }
}

TEST_CASE("an accumulator that grows is gathered in the chain, too") {
  one_stage s{gathering(shops{}, use::once), "near"};
  s.grant_all();
  s.send(0, events(0, 150));
  s.send(0, events(100, 400));
  s.send_end(0);
  s.work();
  const auto parts = s.values<text_part>(0);
  CHECK(events_in(parts) == kept(0, 150) + kept(100, 400));
  for (const auto& p : parts)
    if (p.content.index() == 0) CHECK(std::get<0>(p.content).size() == 7);
}

TEST_CASE("an event that fails while it is gathered is told as it came to the chain") {
  struct picky {
    using accumulator = std::uint64_t;
    void add(accumulator& acc, const sale& s) const {
      if (s.amount == 1'042) throw std::runtime_error("the answer");
      ++acc;
    }
    void merge(accumulator& acc, const accumulator& other) const { acc += other; }
    [[nodiscard]] std::uint64_t result(const accumulator& acc) const { return acc; }
  };
  for (const bool shared : {false, true}) {
    INFO(shared);
    pipeline p{"p"};
    stream<sale> in = p.from(memory_source{std::vector<sale>{}}).stage("near", {.parallelism = 1});
    auto raised = in.map([](const sale& s) {
                      return sale{s.shop, s.amount + 1'000, s.at, s.weight};
                    }).event_time(&sale::at, monotonous_timestamps{});
    using row = window_result<no_key, std::uint64_t>;
    if (shared) {
      stream<sale> all = std::move(raised);
      all.window(tumbling{100ms}).aggregate(picky{}).to(memory_sink<row>{});
      all.filter([](const sale&) { return false; }).to(memory_sink<sale>{});
    } else {
      std::move(raised).window(tumbling{100ms}).aggregate(picky{}).to(memory_sink<row>{});
    }
    p.dead_letters_to(memory_sink<dead_letter>{});
    one_stage s{p, "near"};
    s.grant_all();
    s.send(0, events(0, 90));
    CHECK(s.work() == verdict::done);
    const auto letters = s.values<dead_letter>(s.outputs() - 1);
    REQUIRE(letters.size() == 1);
    CHECK(letters[0].operator_name.ends_with(": gathering"));
    const std::string amount = shared ? "\"amount\":1042" : "\"amount\":42";
    CHECK(letters[0].text.find(amount) != std::string::npos);
    s.send_end(0);
    s.work();
    CHECK(events_in(s.values<part>(0)) == 89);
  }
}

TEST_CASE("what several values are made of is gathered apart, so that a failure takes all back") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}})
      .stage("near", {.parallelism = 1})
      .flat_map<sale>([](const sale& s, auto emit) {
        emit(s);
        if (s.amount == 13) throw std::runtime_error("thirteen");
        emit(s);
      })
      .event_time(&sale::at, monotonous_timestamps{})
      .window(tumbling{100ms})
      .aggregate(count{})
      .to(memory_sink<window_result<no_key, std::uint64_t>>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  one_stage s{p, "near"};
  s.grant_all();
  s.send(0, events(0, 50));
  s.send_end(0);
  s.work();
  CHECK(events_in(s.values<part>(0)) == 2 * 49);
  CHECK(s.values<dead_letter>(s.outputs() - 1).size() == 1);
}

TEST_CASE("an output that takes an event at a time holds the chain up at each") {
  one_stage s{gathering(count{}, use::once), "near"};
  s.grant(0, 2, 1);
  sales each_alone;
  for (std::int64_t i = 0; i < 40; ++i)  // a window each
    each_alone.emplace_back(sold("a", 100 * i + 1, 100 * i), ms(100 * i));
  s.send(0, each_alone);
  CHECK(s.work() == verdict::blocked);
  std::uint64_t seen = s.values<part>(0).size();
  for (std::uint64_t up_to = 3; seen < 40 && up_to < 200; ++up_to) {
    s.grant(0, up_to, 1);
    if (up_to == 50) s.send_end(0);
    s.work();
    const auto parts = s.values<part>(0);
    CHECK(parts.size() <= 2);
    seen += parts.size();
  }
  CHECK(seen == 40);
}

TEST_CASE("what was gathered goes on where the operators have further consumers, and back") {
  for (const auto& [before, after] :
       {std::pair{use::once, use::shared}, {use::shared, use::once}, {use::once, use::twice}}) {
    std::vector<snapshot_part> saved;
    {
      one_stage s{gathering(count{}, before), "near"};
      s.grant_all();
      s.send(0, events(0, 90));
      CHECK(s.work() == verdict::done);
      CHECK(s.values<part>(0).empty());
      saved = state_of(s);
    }
    one_stage s{gathering(count{}, after), "near", saved};
    s.grant_all();
    s.send(0, events(90, 100));
    s.send_end(0);
    s.work();
    CHECK(events_in(s.values<part>(0)) == kept(0, 100));
  }
}
