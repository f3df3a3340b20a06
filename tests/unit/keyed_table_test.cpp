// SPDX-License-Identifier: BSD-3-Clause
#include "weir/state/keyed_table.hpp"
#include "unit/sample.hpp"
#include "weir/state/key_index.hpp"
#include "weir/state/state_column.hpp"
#include "weir/state/timer_queue.hpp"

#include <catch2/catch_test_macros.hpp>

#include <limits>
#include <map>
#include <random>
#include <set>

using namespace weir;
using namespace weir::test;

TEST_CASE("a keyed table makes a value once, finds it, and forgets it") {
  keyed_table<std::string, int> t;
  CHECK(t.find("a") == nullptr);
  auto [a, fresh] = t.try_emplace("a", 1);
  CHECK(fresh);
  CHECK(*a == 1);
  CHECK(!t.try_emplace("a", 2).second);
  CHECK(*t.find("a") == 1);
  CHECK(t.size() == 1);
  CHECK(t.erase("a"));
  CHECK(!t.erase("a"));
  CHECK(t.empty());
}

TEST_CASE("keys of plain integers are told apart by a hash of tables, others by the key's hash") {
  std::set<std::uint64_t> seen;
  for (std::int64_t a = 0; a < 100; ++a)
    for (std::int64_t b = 0; b < 100; ++b) seen.insert(table_hash(std::pair{a, b}));
  CHECK(seen.size() == 10'000);
  // Flat tables use the upper bits and the lowest byte, tables of slots the lower half.
  std::set<std::uint64_t> upper, lower;
  for (const std::uint64_t h : seen) {
    upper.insert(h >> 44U);
    lower.insert(h & 0xFFFFF);
  }
  CHECK(upper.size() > 9'000);
  CHECK(lower.size() > 9'000);
  CHECK(table_hash(std::string{"a"}) == key_hash(std::string{"a"}));
  CHECK(table_hash(-0.0) == table_hash(0.0));
  CHECK_THROWS_AS(table_hash(std::numeric_limits<double>::quiet_NaN()), exception);
}

TEST_CASE("a keyed table is a map, whatever is done to it") {
  std::mt19937_64 random{3};
  keyed_table<std::uint64_t, int> t;
  std::map<std::uint64_t, int> wanted;
  for (int i = 0; i < 20'000; ++i) {
    const std::uint64_t key = random() % 500;
    if (random() % 3 == 0) {
      CHECK(t.erase(key) == (wanted.erase(key) != 0));
    } else {
      *t.try_emplace(key).first = i;
      wanted[key] = i;
    }
  }
  REQUIRE(t.size() == wanted.size());
  t.each([&](const auto& entry) { REQUIRE(wanted.at(entry.first) == entry.second); });
}

TEST_CASE("a keyed table's snapshot has a part for each key group, and restores from any of them") {
  keyed_table<std::string, std::int64_t> t;
  for (int i = 0; i < 300; ++i) *t.try_emplace(std::to_string(i)).first = i;
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  to.bind("op");
  t.snapshot(to, "values", 16);
  REQUIRE(parts.size() == 17);  // and one that says what an entry is
  CHECK(parts[0].kind == state_kind::union_list);
  parts.erase(parts.begin());

  keyed_table<std::string, std::int64_t> low;
  keyed_table<std::string, std::int64_t> high;
  for (const snapshot_part& p : parts) {
    CHECK(p.operator_id == "op");
    CHECK(p.kind == state_kind::keyed);
    snapshot_reader from{std::span{&p, 1}};
    from.bind("op");
    (p.group < 8 ? low : high).restore(from, "values");
  }
  CHECK(low.size() + high.size() == 300);
  low.each([](const auto& entry) {
    const auto& [key, value] = entry;
    CHECK(std::to_string(value) == key);
    CHECK(group_of_hash(key_hash(key), 16) < 8);
  });
}

TEST_CASE("a damaged snapshot is refused with the state's name") {
  keyed_table<std::string, std::int64_t> t;
  *t.try_emplace("a").first = 1;
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  to.bind("op");
  t.snapshot(to, "values", 1);
  REQUIRE(parts.size() == 2);
  parts[1].data.pop_back();
  snapshot_reader from{parts};
  from.bind("op");
  keyed_table<std::string, std::int64_t> back;
  try {
    back.restore(from, "values");
    FAIL("restored");
  } catch (const exception& e) {
    CHECK(e.why().code == errc::incompatible);
    CHECK(e.why().message.find("'values'") != std::string::npos);
  }
}

TEST_CASE("a key index gives a key one slot as long as it stays, and uses slots again") {
  key_index<std::string> index;
  const auto a = index.enter("a");
  const auto b = index.enter("b");
  CHECK(a != b);
  CHECK(index.enter("a") == a);
  CHECK(index.key(b) == "b");
  index.leave(a);
  CHECK(index.size() == 1);
  CHECK(index.enter("c") == a);
  CHECK(index.key(a) == "c");
  const auto back = index.enter("a");
  CHECK(back != a);
  CHECK(back != b);
}

TEST_CASE("a state column keeps values in slots, and copies them") {
  state_column<std::string> column;
  CHECK(column.find(1000) == nullptr);
  column.cell(1000) = "x";
  column.cell(3) = "y";
  state_column<std::string> copy = column;
  column.erase(1000);
  column.erase(77'777);
  CHECK(column.find(1000) == nullptr);
  CHECK(*column.find(3) == "y");
  CHECK(*copy.find(1000) == "x");
  CHECK(copy.find(999) == nullptr);
}

TEST_CASE("a timer heap gives what it holds in order, whatever its size") {
  std::mt19937_64 random{7};
  for (std::size_t n = 0; n < 150; ++n) {
    INFO(n << " timers");
    timer_heap heap;
    std::vector<slot_timer> model;
    const auto add = [&] {
      const slot_timer t{ms(static_cast<std::int64_t>(random() % 40)),
                         static_cast<std::uint32_t>(random() % 5)};
      heap.push(t);
      model.push_back(t);
    };
    while (model.size() < n) add();
    for (std::size_t i = 0; i < n / 2; ++i) {  // some are taken while others come
      const auto least = std::min_element(model.begin(), model.end());
      REQUIRE(heap.front() == *least);
      heap.pop();
      model.erase(least);
      if (i % 3 == 0) add();
    }
    heap.erase_if([](const slot_timer& t) { return t.slot == 3; });
    std::erase_if(model, [](const slot_timer& t) { return t.slot == 3; });
    const std::set<slot_timer> each_once(model.begin(), model.end());
    CHECK(heap.size() == each_once.size());
    for (const slot_timer& t : each_once) {
      REQUIRE(!heap.empty());
      REQUIRE(heap.front() == t);
      heap.pop();
    }
    CHECK(heap.empty());
  }
}

TEST_CASE("a timer fires once, in the order of time") {
  timer_queue q;
  CHECK(q.earliest() == max_timestamp);
  q.set({ms(20), 1});
  q.set({ms(10), 2});
  q.set({ms(20), 1});
  CHECK(q.size() == 2);
  CHECK(q.earliest() == ms(10));
  CHECK(q.has(1));
  timer_queue::entry due;
  CHECK(!q.pop_due(ms(9), due));
  REQUIRE(q.pop_due(ms(25), due));
  CHECK(due == timer_queue::entry{ms(10), 2});
  CHECK(!q.has(2));
  REQUIRE(q.pop_due(ms(25), due));
  CHECK(due == timer_queue::entry{ms(20), 1});
  CHECK(!q.pop_due(ms(25), due));
}

TEST_CASE("a timer that is erased and set again fires once") {
  timer_queue q;
  q.set({ms(10), 1});
  q.erase({ms(10), 1});
  CHECK(!q.has(1));
  CHECK(q.earliest() == max_timestamp);
  q.set({ms(10), 1});
  q.erase({ms(10), 1});
  q.set({ms(10), 1});
  timer_queue::entry due;
  CHECK(q.pop_due(ms(10), due));
  CHECK(!q.pop_due(ms(10), due));
}

TEST_CASE("a timer that is set and erased many times, behind an earlier one, does not fire") {
  timer_queue q;
  q.set({ms(0), 0});
  for (int i = 0; i < 1000; ++i) {
    q.set({ms(10), 1});
    q.erase({ms(10), 1});
  }
  timer_queue::entry due;
  REQUIRE(q.pop_due(ms(10), due));
  CHECK(due.slot == 0);
  CHECK(!q.pop_due(ms(10), due));
  CHECK(q.size() == 0);
}

TEST_CASE("a timer queue is a set of timers, whatever is done to it") {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    timer_queue q;
    std::set<timer_queue::entry> wanted;
    for (int i = 0; i < 2000; ++i) {
      const timer_queue::entry e{ms(static_cast<std::int64_t>(random() % 50)),
                                 static_cast<std::uint32_t>(random() % 10)};
      switch (random() % 3) {
        case 0:
          q.set(e);
          wanted.insert(e);
          break;
        case 1:
          q.erase(e);
          wanted.erase(e);
          break;
        default: {
          timer_queue::entry due;
          const bool fires = !wanted.empty() && wanted.begin()->at <= e.at;
          REQUIRE(q.pop_due(e.at, due) == fires);
          if (fires) REQUIRE(due.at == wanted.begin()->at);
          if (fires) REQUIRE(wanted.erase(due) == 1);
        }
      }
      REQUIRE(q.size() == wanted.size());
      REQUIRE(q.earliest() == (wanted.empty() ? max_timestamp : wanted.begin()->at));
    }
  }
}
