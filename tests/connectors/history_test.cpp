// SPDX-License-Identifier: BSD-3-Clause
#include "weir/source/history_then.hpp"
#include "weir/source/memory_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace weir;

namespace {

using numbers = std::vector<int>;
using source_of_numbers = memory_source<int>;

/// One instance of a source, and what its polls came to, in words.
class instance {
public:
  template <class Source>
  explicit instance(const Source& source) : reader_(source.make_reader()) {}

  instance& assign(std::size_t lane, const std::string& id, std::uint64_t offset = 0) {
    reader_->assign(lane, {id}, offset);
    return *this;
  }
  instance& had_ended(const std::string& id) {
    reader_->had_ended({id});
    return *this;
  }
  std::string poll(std::size_t max = 10) {
    source_batch<int> got;
    const read_state state = reader_->poll(got, max, time_);
    if (state == read_state::ended) return "ended";
    if (state == read_state::waiting) return "waiting";
    if (state == read_state::caught_up) return "caught up";
    std::string text = std::to_string(got.lane) + ":";
    for (const int x : got.events.values) text += " " + std::to_string(x);
    if (got.lane_idle) text += " idle";
    if (got.lane_ended) text += " ended";
    return text + " @" + std::to_string(got.end_offset);
  }
  std::vector<std::string> polls(std::size_t n) {
    std::vector<std::string> all;
    while (n-- > 0) all.push_back(poll());
    return all;
  }

private:
  manual_clock time_;
  std::unique_ptr<source_reader<int>> reader_;
};

using words = std::vector<std::string>;

}  // namespace

TEST_CASE("what is live is idle while a history is read, and the history ends once all has begun") {
  const auto source = history_then(source_of_numbers{numbers{1, 2, 3}},
                                   source_of_numbers{std::vector<numbers>{{10, 11}, {20}}});
  const auto found = source.make_enumerator()->discover().value();
  REQUIRE(found.size() == 3);
  CHECK(found[0].id == "history:memory-000000");
  CHECK(found[1].id == "memory-000000");
  instance one{source};
  for (std::size_t i = 0; i < 3; ++i) one.assign(i, found[i].id);
  CHECK(one.polls(7) == words{"1: idle @0", "2: idle @0", "0: 1 2 3 @3", "1: 10 11 ended @2",
                              "2: 20 ended @1", "0: ended @3", "ended"});
}

TEST_CASE("an instance waits for the history of the others") {
  const auto source = history_then(source_of_numbers{std::vector<numbers>{{1}, {2}}},
                                   source_of_numbers{std::vector<numbers>{{10}, {20}}});
  const auto found = source.make_enumerator()->discover().value();
  instance a{source}, b{source};
  a.assign(0, found[0].id).assign(1, found[2].id);
  b.assign(0, found[1].id).assign(1, found[3].id);
  CHECK(a.polls(3) == words{"1: idle @0", "0: 1 @1", "waiting"});
  CHECK(b.polls(2) == words{"1: idle @0", "0: 2 @1"});
  CHECK(a.polls(3) == words{"1: 10 ended @1", "0: ended @1", "ended"});
  CHECK(b.polls(3) == words{"1: 20 ended @1", "0: ended @1", "ended"});
}

TEST_CASE("an instance that has no history waits, too, and one without anything has ended") {
  const auto source = history_then(source_of_numbers{numbers{1}}, source_of_numbers{numbers{10}});
  const auto found = source.make_enumerator()->discover().value();
  instance a{source}, b{source}, c{source};
  a.assign(0, found[0].id);
  b.assign(0, found[1].id);
  CHECK(b.polls(2) == words{"0: idle @0", "waiting"});
  CHECK(c.poll() == "waiting");
  CHECK(a.polls(2) == words{"0: 1 @1", "0: ended @1"});
  CHECK(b.polls(2) == words{"0: 10 ended @1", "ended"});
  CHECK(c.poll() == "ended");
}

TEST_CASE("a run that goes on reads what is left of either") {
  const auto source = history_then(source_of_numbers{std::vector<numbers>{{1, 2}, {3}}},
                                   source_of_numbers{numbers{10, 11}});
  const auto found = source.make_enumerator()->discover().value();
  SECTION("in the middle of the history") {
    instance one{source};
    one.assign(0, found[0].id, 1).had_ended(found[1].id).assign(1, found[2].id);
    CHECK(one.polls(4) == words{"1: idle @0", "0: 2 @2", "1: 10 11 ended @2", "0: ended @2"});
  }
  SECTION("between the two: the history's end is held back again") {
    instance one{source};
    one.assign(0, found[0].id, 2).had_ended(found[1].id).assign(1, found[2].id, 1);
    CHECK(one.polls(4) == words{"1: idle @1", "0: @2", "1: 11 ended @2", "0: ended @2"});
  }
  SECTION("behind the history") {
    instance one{source};
    one.had_ended(found[0].id).had_ended(found[1].id).assign(0, found[2].id, 1);
    CHECK(one.polls(2) == words{"0: 11 ended @2", "ended"});
  }
}

TEST_CASE("an empty history is no obstacle") {
  const auto source = history_then(source_of_numbers{numbers{}}, source_of_numbers{numbers{10}});
  const auto found = source.make_enumerator()->discover().value();
  instance one{source};
  one.assign(0, found[0].id).assign(1, found[1].id);
  CHECK(one.polls(4) == words{"1: idle @0", "0: @0", "1: 10 ended @1", "0: ended @0"});
}

namespace {

/// Decodes records by saying where it would look them up.
class decoding_source : public memory_source<std::string> {
public:
  explicit decoding_source(std::string name)
      : memory_source(std::vector<std::string>{}), name_(std::move(name)) {}
  [[nodiscard]] result<std::string> decode_record(const std::string& split,
                                                  std::string_view record) const {
    return name_ + " " + split + " " + std::string{record};
  }

private:
  std::string name_;
};

}  // namespace

TEST_CASE("a record that was rejected is decoded by the one whose split it is of") {
  const auto source = history_then(decoding_source{"past"}, decoding_source{"live"});
  CHECK(source.decode_record("history:a.csv", "1,2").value() == "past a.csv 1,2");
  CHECK(source.decode_record("orders/0", "1,2").value() == "live orders/0 1,2");
  using plain = memory_source<std::string>;
  STATIC_REQUIRE(decodes_records<decltype(source)>);
  STATIC_REQUIRE_FALSE(decodes_records<history_then_source<decoding_source, plain>>);
}
