// SPDX-License-Identifier: BSD-3-Clause
#include "unit/one_stage.hpp"
#include "weir/test.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using context = process_context<std::uint64_t, std::string>;

/// Tells how many events of a key it remembers.
class remembering {
public:
  using output = std::string;
  explicit remembering(time_to_live ttl) : seen_("seen", ttl), all_("all", ttl) {}
  auto states() { return std::tie(seen_, all_); }

  void on_event(const tick& t, context& c) {
    const std::int64_t before = seen_.get() == nullptr ? 0 : *seen_.get();
    c.emit(std::to_string(t.key) + " after " + std::to_string(before) + " and " +
           std::to_string(all_.get().size()));
    if (t.value < 0) return;  // only looks
    seen_.put(before + 1);
    all_.append(t.value);
  }

private:
  value_state<std::int64_t> seen_;
  list_state<std::int64_t> all_;
};

auto remembered(time_to_live ttl) {
  return [ttl](stream<tick> ticks) { return ticks.key_by(&tick::key).process(remembering{ttl}); };
}

using texts = std::vector<std::string>;

}  // namespace

TEST_CASE("a value is gone once the watermark is past its last writing and its time to live") {
  operator_run run{remembered({.after = 10ms})};
  run.push({1, 5}, ms(0)).push({1, 5}, ms(8)).push_watermark(ms(17));
  CHECK(run.values() == texts{"1 after 0 and 0", "1 after 1 and 1"});
  run.push({1, -1}, ms(17));
  CHECK(run.values() == texts{"1 after 2 and 2"});
  run.push_watermark(ms(18));
  run.push({1, 5}, ms(19)).push({1, 5}, ms(20));
  CHECK(run.values() == texts{"1 after 0 and 0", "1 after 1 and 1"});
}

TEST_CASE("by the wall clock a value is gone though no watermark comes") {
  operator_run run{remembered({.after = 10ms, .by = time_to_live::clock::processing_time})};
  run.push({1, 5}, ms(0));
  run.advance(9ms);
  run.push({1, -1}, ms(0));
  CHECK(run.values() == texts{"1 after 0 and 0", "1 after 1 and 1"});
  run.advance(1ms);
  run.push({1, -1}, ms(0));
  CHECK(run.values() == texts{"1 after 0 and 0"});
}

TEST_CASE("what is forgotten takes no memory, and no room in a snapshot") {
  operator_run run{remembered({.after = 10ms})};
  for (std::uint64_t key = 0; key < 5'000; ++key) run.push({key, 1}, ms(0));
  const auto bytes_saved = [&] {
    std::size_t n = 0;
    const auto saved = run.snapshot();
    for (const snapshot_part& p : saved)
      if (p.kind == state_kind::keyed) n += p.data.size();
    return n;
  };
  CHECK(bytes_saved() > 5'000 * 8);
  run.push_watermark(ms(10));
  CHECK(bytes_saved() == 0);
}

TEST_CASE("a time to live goes on after a restart") {
  operator_run before{remembered({.after = 10ms})};
  before.push({1, 5}, ms(0)).push({2, 5}, ms(5)).push_watermark(ms(6));
  auto run = before.restarted();
  run.push_watermark(ms(10));
  run.push({1, -1}, ms(11)).push({2, -1}, ms(11));
  CHECK(run.values() == texts{"1 after 0 and 0", "2 after 1 and 1"});
  run.push_watermark(ms(15));
  run.push({2, -1}, ms(16));
  CHECK(run.values() == texts{"2 after 0 and 0"});
}

TEST_CASE("a time to live of nothing is refused") {
  CHECK_THROWS_AS((value_state<int>{"x", time_to_live{}}), exception);
}

namespace {

/// Tells at a timer, and at the end, what it remembers.
struct reminded {
  using output = std::string;
  value_state<std::int64_t> seen{"seen", time_to_live{.after = 10ms}};
  aggregate_state<quantiles<std::int64_t tick::*, 1>, tick> median{
      "median", quantiles{&tick::value, {0.5}}, time_to_live{.after = 10ms}};
  auto states() { return std::tie(seen, median); }
  void on_event(const tick& t, context& c) {
    median.add(t);
    seen.update([&](std::int64_t& n) { n += t.value; });
    c.set_event_timer(c.at() + 5ms);
    c.emit("now " + std::to_string(*seen.get()));
  }
  void on_timer(timestamp, context& c) {
    c.emit(seen.get() == nullptr ? "nothing" : "still " + std::to_string(*seen.get()));
  }
};

}  // namespace

TEST_CASE("a timer finds what there was at its time, though the watermark has jumped far ahead") {
  operator_run run{[](stream<tick> ticks) { return ticks.key_by(&tick::key).process(reminded{}); }};
  run.push({1, 7}, ms(0));
  run.end();
  CHECK(run.values() == texts{"now 7", "still 7"});
}

TEST_CASE("what an event writes that is later than the time to live is there while it is written") {
  operator_run run{[](stream<tick> ticks) { return ticks.key_by(&tick::key).process(reminded{}); }};
  run.push_watermark(ms(1'000));
  run.push({1, 7}, ms(0)).push({1, 7}, ms(1));
  CHECK(run.values() == texts{"now 7", "still 7", "now 14", "still 14"});
}
