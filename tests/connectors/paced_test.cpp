// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/paced.hpp"

#include "connectors/reading.hpp"
#include "connectors/temporary.hpp"
#include "weir/source/memory_source.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/generators/catch_generators.hpp>

#include <limits>
#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

timestamp second_of(const reading& r) { return timestamp{std::chrono::seconds{r.number}}; }

std::vector<reading> at_seconds(const std::vector<std::int64_t>& seconds) {
  std::vector<reading> all;
  for (std::int64_t s : seconds) all.push_back({"x", s, {}});
  return all;
}

/// What came when.
struct arrival {
  duration after;
  std::int64_t number;

  friend bool operator==(const arrival&, const arrival&) = default;
  friend std::ostream& operator<<(std::ostream& out, const arrival& a) {
    return out << a.number << " after " << a.after.count() << " us";
  }
};

/// Runs a reader to its end; moves the clock only to when the reader wants to be asked again.
struct run {
  template <class Source>
  explicit run(const Source& from, std::map<std::string, std::uint64_t> offsets = {},
               std::size_t max = 1024) {
    const auto reader = from.make_reader();
    const auto found = from.make_enumerator()->discover();
    std::size_t lane = 0;
    for (const split& s : *found) reader->assign(lane++, s, offsets[s.id]);
    manual_clock time{timestamp{12345s}};
    const timestamp start = time.wall();
    const steady_time steady_start = time.steady();
    source_batch<reading> in;
    for (int polls = 0; polls < 10'000; ++polls) {
      in.clear();
      const read_state state = reader->poll(in, max, time);
      if (state == read_state::ended) {
        ended = true;
        return;
      }
      if (state == read_state::caught_up) {
        REQUIRE(reader->next_poll() > time.wall());
        REQUIRE(reader->next_poll() != max_timestamp);
        time.advance(reader->next_poll() - time.wall());
        continue;
      }
      for (std::size_t i = 0; i < in.events.size(); ++i) {
        came.push_back({time.wall() - start, in.events.values[i].number});
        const auto before = i == 0               ? in.first_offset
                            : in.offsets.empty() ? in.first_offset + i
                                                 : in.offsets[i - 1];
        positions.emplace_back((*found)[in.lane].id, before);
        ends.emplace_back((*found)[in.lane].id, i + 1 == in.events.size() ? in.end_offset
                                                : in.offsets.empty()      ? in.first_offset + i + 1
                                                                          : in.offsets[i]);
      }
      if (!in.events.empty() && in.intended) intended.push_back(*in.intended - steady_start);
      for (const auto& r : in.rejected) rejected.emplace_back(r.offset, in.end_offset);
      lanes_ended += in.lane_ended ? 1 : 0;
    }
  }

  [[nodiscard]] std::vector<std::int64_t> numbers() const {
    std::vector<std::int64_t> all;
    for (const arrival& a : came) all.push_back(a.number);
    return all;
  }

  std::vector<arrival> came;
  std::vector<std::pair<std::string, std::uint64_t>> positions;
  std::vector<std::pair<std::string, std::uint64_t>> ends;
  std::vector<std::chrono::nanoseconds> intended;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> rejected;  ///< Offset, and the batch's end.
  std::size_t lanes_ended = 0;
  bool ended = false;
};

static_assert(source<decltype(paced(std::declval<memory_source<reading>>(), second_of, 1))>);

}  // namespace

TEST_CASE("a paced source gives each event when its time has come") {
  const memory_source<reading> from{at_seconds({100, 100, 101, 105, 105, 106})};
  const run at_real_speed{paced(from, second_of, 1)};
  CHECK(at_real_speed.came ==
        std::vector<arrival>{{0s, 100}, {0s, 100}, {1s, 101}, {5s, 105}, {5s, 105}, {6s, 106}});
  CHECK(at_real_speed.intended == std::vector<std::chrono::nanoseconds>{0s, 1s, 5s, 6s});
  CHECK(at_real_speed.ended);
  CHECK(at_real_speed.lanes_ended == 1);
  const run fast{paced(from, second_of, 4)};
  CHECK(fast.came.back() == arrival{1500ms, 106});
  const run slow{paced(from, second_of, 0.5)};
  CHECK(slow.came.back() == arrival{12s, 106});
}

TEST_CASE("speed 0 or infinity is as fast as possible") {
  const memory_source<reading> from{at_seconds({100, 200, 300})};
  const double speed = GENERATE(0.0, std::numeric_limits<double>::infinity());
  CHECK(run{paced(from, second_of, speed)}.came ==
        std::vector<arrival>{{0s, 100}, {0s, 200}, {0s, 300}});
  CHECK_THROWS_AS(paced(from, second_of, -1), exception);
  CHECK_THROWS_AS(paced(from, second_of, std::numeric_limits<double>::quiet_NaN()), exception);
}

TEST_CASE("an event behind its time comes at once") {
  const memory_source<reading> from{at_seconds({10, 20, 15, 30, 5})};
  CHECK(run{paced(from, second_of, 1)}.came ==
        std::vector<arrival>{{0s, 10}, {10s, 20}, {10s, 15}, {20s, 30}, {20s, 5}});
}

TEST_CASE("several splits are merged by the time of their next event") {
  const memory_source<reading> from{
      {at_seconds({0, 4, 8, 12}), at_seconds({1, 2, 9}), at_seconds({3, 11})}};
  const std::size_t max = GENERATE(1, 2, 1024);
  const run all{paced(from, second_of, 2), {}, max};
  CHECK(all.numbers() == std::vector<std::int64_t>{0, 1, 2, 3, 4, 8, 9, 11, 12});
  for (const arrival& a : all.came) CHECK(a.after == a.number * 500ms);
  CHECK(all.lanes_ended == 3);
  CHECK(all.ended);
}

TEST_CASE("several files are merged by the time of their next event") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl", as_jsonl(at_seconds({0, 4, 8, 12})));
  write_file(dir / "b.jsonl", as_jsonl(at_seconds({1, 2, 9})));
  const std::size_t max = GENERATE(1, 2, 1024);
  const run all{paced(files<reading>(dir.path()), second_of, 1), {}, max};
  CHECK(all.numbers() == std::vector<std::int64_t>{0, 1, 2, 4, 8, 9, 12});
  for (const arrival& a : all.came) CHECK(a.after == a.number * 1s);
  CHECK(all.lanes_ended == 2);
}

TEST_CASE("going on from any offset of a paced source gives exactly the rest") {
  const temporary_directory dir;
  const auto events = at_seconds({0, 0, 1, 2, 2, 2, 5, 9, 9, 10});
  write_file(dir / "a.jsonl", as_jsonl(events));
  const bool from_file = GENERATE(true, false);
  const auto make_run = [&](std::map<std::string, std::uint64_t> offsets) {
    return from_file ? run{paced(files<reading>(dir.path()), second_of, 3), std::move(offsets), 2}
                     : run{paced(memory_source{events}, second_of, 3), std::move(offsets), 2};
  };
  const run all = make_run({});
  REQUIRE(all.came.size() == events.size());
  for (std::size_t i = 0; i < events.size(); ++i) {
    const run rest = make_run({all.ends[i]});
    const auto numbers = all.numbers();
    CHECK(rest.numbers() ==
          std::vector(numbers.begin() + static_cast<std::ptrdiff_t>(i) + 1, numbers.end()));
    CHECK(make_run({all.positions[i]}).numbers().size() == events.size() - i);
    if (!rest.came.empty()) CHECK(rest.came.front().after == 0s);  // the pace begins anew
  }
}

TEST_CASE("rejected records come with the events before them") {
  const temporary_directory dir;
  write_file(dir / "a.jsonl", as_jsonl(at_seconds({0})) + "bad\n" + as_jsonl(at_seconds({7})) +
                                  "worse\n" + as_jsonl(at_seconds({9, 9})) + "worst\n");
  const run all{paced(files<reading>(dir.path()), second_of, 1)};
  CHECK(all.came == std::vector<arrival>{{0s, 0}, {7s, 7}, {9s, 9}, {9s, 9}});
  REQUIRE(all.rejected.size() == 3);
  for (const auto& [offset, end] : all.rejected) CHECK(offset < end);
}
