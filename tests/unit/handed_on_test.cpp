// SPDX-License-Identifier: BSD-3-Clause
// A stage hands what it has saved of a checkpoint on while it saves the rest.
#include "unit/cut_stage.hpp"

#include <catch2/catch_test_macros.hpp>

#include <vector>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using kind = flow::notice::kind;

namespace {

constexpr std::uint64_t keys = 50'000;

pipeline sums() {
  pipeline p{"p", {.key_groups = 4}};
  p.from(memory_source{std::vector<tick>{}})
      .key_by(&tick::key)
      .reduce([](const tick& a, const tick& b) {
        return tick{a.key, a.value + b.value};
      })
      .named("op")
      .map([](const tick& t) {
        return std::pair{t.key, t.value};
      })
      .to(memory_sink<std::pair<std::uint64_t, std::int64_t>>{});
  return p;
}

void send_each_key(one_stage& s, std::int64_t value) {
  std::vector<std::pair<tick, timestamp>> all;
  for (std::uint64_t k = 0; k < keys; ++k) all.push_back({tick{k, value}, timestamp{}});
  s.send(0, all);
}

/// The notices of a checkpoint, in order.
std::vector<const flow::notice*> notices_of(one_stage& s, std::uint64_t id) {
  std::vector<const flow::notice*> all;
  for (const flow::notice& n : s.effects().notices)
    if (n.barrier.id == id) all.push_back(&n);
  return all;
}

}  // namespace

TEST_CASE("what has been saved is handed on in pieces, and all of it is acknowledged") {
  one_stage s{sums(), "op"};
  s.grant_all();
  send_each_key(s, 1);
  s.work();
  s.send_barrier(0, 1);
  s.step();
  REQUIRE(!acknowledged(s));
  send_each_key(s, 1'000);  // is no part of it
  s.work();
  const auto told = notices_of(s, 1);
  REQUIRE(told.size() > 3);
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < told.size(); ++i) {
    REQUIRE(told[i]->what == kind::saved_some);
    before += told[i]->parts.size();
  }
  CHECK(told.back()->what == kind::acknowledged);
  CHECK(told.back()->parts_before == before);

  s.taken(0);
  one_stage again{sums(), "op", s.saved()};
  again.grant_all();
  send_each_key(again, 1);
  again.work();
  const auto values = again.values<std::pair<std::uint64_t, std::int64_t>>(0);
  REQUIRE(values.size() == keys);
  for (const auto& [key, value] : values)
    if (value != 2) FAIL("key " << key << " has " << value);
}

TEST_CASE("what was handed on of a checkpoint that is given up is no part of the next") {
  one_stage s{sums(), "op"};
  s.grant_all();
  send_each_key(s, 1);
  s.work();
  s.send_barrier(0, 1);
  while (notices_of(s, 1).size() < 3) s.step();
  s.tell(flow::command::kind::abandon, {1});
  const std::size_t told = notices_of(s, 1).size();
  s.send_barrier(0, 2);
  s.work();
  CHECK(notices_of(s, 1).size() == told);
  const auto next = notices_of(s, 2);
  REQUIRE(next.back()->what == kind::acknowledged);
  std::size_t before = 0;
  for (std::size_t i = 0; i + 1 < next.size(); ++i) before += next[i]->parts.size();
  CHECK(next.back()->parts_before == before);
  CHECK(before != 0);
}

namespace {

/// A value that takes a tenth of a millisecond to be encoded.
struct costly {
  std::uint64_t key = 0;
  std::int64_t value = 0;

  static inline manual_clock* time = nullptr;
};

}  // namespace

template <>
struct weir::codec<costly> {
  static void encode(const costly& x, bytes& out) {
    if (costly::time != nullptr) costly::time->advance(100us);
    weir::encode(x.key, out);
    weir::encode(x.value, out);
  }
  static bool decode(byte_reader& in, costly& x) {
    return weir::decode(in, x.key) && weir::decode(in, x.value);
  }
  static std::size_t dynamic_size(const costly&) { return 0; }
  static schema describe() { return schema_of<std::pair<std::uint64_t, std::int64_t>>(); }
};

TEST_CASE("while state is saved, a step takes as many events as before") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<costly>{}})
      .key_by(&costly::key)
      .reduce([](const costly& a, const costly& b) {
        return costly{a.key, a.value + b.value};
      })
      .named("op")
      .map([](const costly& c) { return c.key; })
      .to(memory_sink<std::uint64_t>{});
  one_stage s{p, "op"};
  s.grant_all();
  std::vector<std::pair<costly, timestamp>> all;
  for (std::uint64_t k = 0; k < 20'000; ++k) all.push_back({costly{k, 1}, timestamp{}});
  s.send(0, all);
  s.work();
  CHECK(s.values<std::uint64_t>(0).size() == 20'000);
  costly::time = &s.time();
  s.send_barrier(0, 1);
  for (int i = 0; i < 20; ++i) s.step();
  // Of other keys: one that is to be saved is, before it changes.
  for (auto& event : all) event.first.key = 20'000 + event.first.key % 64;
  s.send(0, all);
  std::size_t taken = 0;
  for (int i = 0; i < 6; ++i) {
    s.step();
    taken += s.values<std::uint64_t>(0).size();
  }
  CHECK(taken == 20'000);
  CHECK(!acknowledged(s));
  s.work();
  CHECK(acknowledged(s));
  costly::time = nullptr;
}
