// SPDX-License-Identifier: BSD-3-Clause
#include "testkit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// What a poll gave.
struct polled {
  read_state state = read_state::ended;
  std::size_t lane = 0;
  std::vector<std::int64_t> values;
  bool idle = false;
  bool ended = false;

  friend bool operator==(const polled&, const polled&) = default;
};

/// A reader of all splits, and the clock that it is shown.
struct reading {
  explicit reading(const test_source<std::int64_t>& source, std::uint64_t offset = 0)
      : reader(source.make_reader()) {
    std::size_t lane = 0;
    const auto splits = source.make_enumerator()->discover().value();
    for (const split& s : splits) reader->assign(lane++, s, offset);
  }
  polled poll(std::size_t max = 100) {
    source_batch<std::int64_t> batch;
    const read_state state = reader->poll(batch, max, time);
    if (state != read_state::more) return {state, 0, {}, false, false};
    const auto& values = batch.events.values;
    return {state, batch.lane, {values.begin(), values.end()}, batch.lane_idle, batch.lane_ended};
  }

  std::unique_ptr<source_reader<std::int64_t>> reader;
  manual_clock time{ms(500)};
};

constexpr auto more = read_state::more;

}  // namespace

TEST_CASE("a script is read as the clock comes to its moments") {
  test_source<std::int64_t> source;
  source.split().events({1, 2}).every(10ms).events({3, 4}).pause(5ms).event(5);
  reading r{source};
  CHECK(r.poll() == polled{more, 0, {1, 2, 3}});
  CHECK(r.poll().state == read_state::caught_up);
  CHECK(r.reader->next_poll() == ms(510));
  r.time.advance(10ms);
  CHECK(r.poll() == polled{more, 0, {4}});
  r.time.advance(10ms);
  CHECK(r.poll().state == read_state::caught_up);
  CHECK(r.reader->next_poll() == ms(525));
  r.time.advance(100ms);
  CHECK(r.poll() == polled{more, 0, {5}, false, true});
  CHECK(r.poll().state == read_state::ended);
}

TEST_CASE("splits of different speeds are read in the order of their moments") {
  test_source<std::int64_t> source;
  source.split().every(10ms).events({0, 10, 20});
  source.split().pause(5ms).every(1ms).events({5, 6});
  reading r{source};
  r.time.advance(1s);
  std::vector<std::int64_t> all;
  for (polled p = r.poll(); p.state == more; p = r.poll())
    all.insert(all.end(), p.values.begin(), p.values.end());
  CHECK(all == std::vector<std::int64_t>{0, 5, 6, 10, 20});
}

TEST_CASE("a split says that it is idle behind the events before it") {
  test_source<std::int64_t> source;
  source.split().event(1).idle().pause(1min).event(2);
  reading r{source};
  CHECK(r.poll() == polled{more, 0, {1}, true});
  CHECK(r.poll().state == read_state::caught_up);
  CHECK(r.reader->next_poll() == ms(500) + 1min);
}

TEST_CASE("an empty script ends at once, and a source without a split too") {
  test_source<std::int64_t> source;
  CHECK(reading{source}.poll().state == read_state::ended);
  source.split();
  CHECK(reading{source}.poll() == polled{more, 0, {}, false, true});
}

TEST_CASE("a script is read on behind a saved offset") {
  test_source<std::int64_t> source;
  source.split().event(1).idle().event(2).event(3);
  reading r{source, 2};
  CHECK(r.poll() == polled{more, 0, {3}, false, true});
  reading at_end{source, 3};
  CHECK(at_end.poll() == polled{more, 0, {}, false, true});
}

TEST_CASE("a paused split is not read until it is resumed") {
  test_source<std::int64_t> source;
  source.split().events({1, 2});
  source.split().event(3);
  reading r{source};
  r.reader->pause(0);
  CHECK(r.poll() == polled{more, 1, {3}, false, true});
  CHECK(r.poll().state == read_state::caught_up);
  CHECK(r.reader->next_poll() == max_timestamp);
  r.reader->resume(0);
  CHECK(r.poll(1) == polled{more, 0, {1}});
}

TEST_CASE("a seed chooses the order of splits and the size of batches, and gives the same again") {
  test_source<std::int64_t> source{3};
  for (std::int64_t s = 0; s < 3; ++s)
    source.split().events({s, 10 + s, 20 + s, 30 + s, 40 + s, 50 + s, 60 + s, 70 + s});
  const auto order = [&] {
    reading r{source};
    std::vector<std::int64_t> all;
    for (polled p = r.poll(4); p.state == more; p = r.poll(4))
      all.insert(all.end(), p.values.begin(), p.values.end());
    return all;
  };
  const std::vector<std::int64_t> once = order();
  CHECK(once.size() == 24);
  CHECK(order() == once);
  std::vector<std::int64_t> of_first;
  std::copy_if(once.begin(), once.end(), std::back_inserter(of_first),
               [](std::int64_t v) { return v % 10 == 0; });
  CHECK(std::is_sorted(of_first.begin(), of_first.end()));
  CHECK(!std::is_sorted(once.begin(), once.end()));
}
