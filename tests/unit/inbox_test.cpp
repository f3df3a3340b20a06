// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/inbox.hpp"
#include "unit/sample.hpp"
#include "weir/flow/batch_body.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::frame_kind;
using flow::inbox;
using on_frame = inbox::verdict_on_frame;

namespace {

/// An inbox with the channels 10, 11, … at attempt 2, and its neighbours.
struct inbox_under_test {
  flow::effects out;
  inbox box;
  std::vector<std::uint64_t> next;

  explicit inbox_under_test(std::size_t channels, flow::credit_settings credits = {})
      : box(inputs(channels), 2, credits, min_timestamp), next(channels) {}

  static std::vector<flow::input_channel> inputs(std::size_t n) {
    std::vector<flow::input_channel> all;
    for (std::size_t i = 0; i < n; ++i) all.push_back({static_cast<flow::channel_id>(10 + i), 0});
    return all;
  }
  on_frame send(std::size_t i, frame_kind kind = frame_kind::data, flow::barrier b = {}) {
    flow::body_ptr body;
    if (kind == frame_kind::data) body = new flow::batch_body<tick>;
    return box.accept({static_cast<flow::channel_id>(10 + i), 2, next[i]++, kind, {}, b, {}, body});
  }
  /// Works the next frame off and says which channel it came from.
  std::optional<std::size_t> work(std::size_t events = 1) {
    auto t = box.next();
    if (!t) return std::nullopt;
    const std::size_t from = t->channel;
    box.worked_off(*t, events, {}, out);
    return from;
  }
  std::vector<std::size_t> work_all() {
    std::vector<std::size_t> order;
    while (const auto from = work()) order.push_back(*from);
    return order;
  }
};

using order = std::vector<std::size_t>;

}  // namespace

TEST_CASE("an inbox grants a window a channel when it opens") {
  inbox_under_test t{2, {.frames = 5, .max_events = 77}};
  t.box.open(t.out);
  REQUIRE(t.out.grants.size() == 2);
  CHECK(t.out.grants[1].channel == 11);
  CHECK(t.out.grants[1].attempt == 2);
  CHECK(t.out.grants[1].up_to == 5);
  CHECK(t.out.grants[1].max_events == 77);
}

TEST_CASE("frames are taken in the order of their arrival") {
  inbox_under_test t{3};
  for (const std::size_t i : {1U, 0U, 0U, 2U, 1U}) CHECK(t.send(i) == on_frame::queued);
  CHECK(t.box.frames_queued() == 5);
  CHECK(t.work_all() == order{1, 0, 0, 2, 1});
  CHECK(t.box.frames_queued() == 0);
}

TEST_CASE("the channel that is furthest behind in event time goes first") {
  inbox_under_test t{3};
  t.box.update(0, {ms(30)});
  t.box.update(1, {ms(10)});
  t.box.update(2, {ms(20)});
  for (const std::size_t i : {0U, 1U, 2U, 0U, 1U, 2U}) t.send(i);
  CHECK(t.work() == 1U);
  t.box.update(1, {ms(25)});
  CHECK(t.work() == 2U);
  t.box.update(2, {ms(25)});
  CHECK(t.work_all() == order{1, 2, 0, 0});  // of the same time, in the order of their arrival
}

TEST_CASE("a channel without event time goes before any frame that came later") {
  inbox_under_test t{3};
  t.box.update(0, {ms(30)});
  t.box.update(1, {ms(10)});
  for (const std::size_t i : {2U, 0U, 2U, 1U}) t.send(i);
  CHECK(t.work_all() == order{2, 2, 1, 0});

  auto channels = inbox_under_test::inputs(2);
  channels[1].timed = false;
  inbox box{channels, 0, {}, min_timestamp};
  box.update(0, {ms(5)});
  for (const flow::channel_id id : {11U, 10U})
    CHECK(box.accept({id, 0, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::queued);
  CHECK(box.next()->channel == 1);
  CHECK(box.next()->channel == 0);
}

TEST_CASE("no channel is passed over for ever, however many there are") {
  constexpr std::size_t channels = 5;
  inbox_under_test t{channels};
  for (std::size_t i = 0; i < channels; ++i)
    t.box.update(i, {ms(i == 0 ? 1 : 1'000 + 7 * (i % 3))});
  std::vector<std::uint64_t> passed(channels);
  for (std::size_t i = 0; i < channels; ++i)
    for (int n = 0; n < 8; ++n) t.send(i);
  std::size_t taken = 0;
  for (int turn = 0; turn < 3'000; ++turn) {
    const auto from = t.work();
    REQUIRE(from.has_value());
    t.send(*from);  // all always have some, and the first stays behind
    for (std::size_t i = 1; i < channels; ++i) {
      passed[i] = i == *from ? 0 : passed[i] + 1;
      REQUIRE(passed[i] < inbox::at_most_passed + channels);
    }
    taken += *from != 0;
  }
  CHECK(taken > 3'000 / (inbox::at_most_passed + channels) * (channels - 1) - channels);
  CHECK(taken < 3'000 / 8);
}

TEST_CASE("a channel that waits for barriers lets those ahead of it in event time go") {
  inbox_under_test t{2};
  t.box.update(0, {ms(1)});
  t.box.update(1, {ms(9)});
  t.send(0, frame_kind::barrier, {1});
  CHECK(t.work() == 0U);
  CHECK(!t.box.align(0, {1}));
  t.send(0);
  t.send(1);
  CHECK(t.work_all() == order{1});
  t.box.release();
  CHECK(t.work_all() == order{0});
}

TEST_CASE("a gap and a repeat in the sequence break the channel") {
  inbox_under_test t{1};
  CHECK(t.send(0) == on_frame::queued);
  CHECK(t.box.accept({10, 2, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::broken);
  CHECK(t.box.accept({10, 2, 2, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::broken);
  CHECK(t.box.accept({10, 2, 1, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::queued);
}

TEST_CASE("frames of another attempt and of unknown channels are refused") {
  inbox_under_test t{2};
  CHECK(t.box.accept({10, 1, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::refused);
  CHECK(t.box.accept({10, 3, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::refused);
  CHECK(t.box.accept({9, 2, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::refused);
  CHECK(t.box.accept({12, 2, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::refused);
  CHECK(t.box.frames_queued() == 0);
  CHECK(t.send(0) == on_frame::queued);
}

TEST_CASE("channels whose ids are not consecutive are found") {
  inbox box{{{40, 0}, {7, 1}, {1000, 0}}, 0, {}, min_timestamp};
  CHECK(box.accept({7, 0, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::queued);
  CHECK(box.accept({8, 0, 0, frame_kind::watermark, {}, {}, {}, {}}) == on_frame::refused);
  const auto t = box.next();
  REQUIRE(t);
  CHECK(t->channel == 1);
  CHECK(t->port == 1);
}

TEST_CASE("credit moves on with processed frames, and is told in steps of half a window") {
  inbox_under_test t{1, {.frames = 8}};
  t.box.open(t.out);
  t.out.clear();
  for (int i = 0; i < 8; ++i) t.send(0);
  CHECK(t.out.grants.empty());
  for (int i = 0; i < 3; ++i) t.work();
  CHECK(t.out.grants.empty());
  t.work();
  REQUIRE(t.out.grants.size() == 1);
  CHECK(t.out.grants[0].up_to == 12);
  for (int i = 0; i < 4; ++i) t.work();
  REQUIRE(t.out.grants.size() == 2);
  CHECK(t.out.grants[1].up_to == 16);
}

TEST_CASE("frames without events give credit back too") {
  inbox_under_test t{1, {.frames = 2}};
  t.box.open(t.out);
  t.out.clear();
  t.send(0, frame_kind::watermark);
  t.work(0);
  REQUIRE(t.out.grants.size() == 1);
  CHECK(t.out.grants[0].up_to == 3);
}

TEST_CASE("emptied bodies go back with the grant") {
  inbox_under_test t{1, {.frames = 4}};
  t.box.open(t.out);
  t.out.clear();
  t.send(0);
  t.send(0);
  t.work();
  t.work();
  REQUIRE(t.out.grants.size() == 1);
  const flow::body_ptr& first = t.out.grants[0].returned;
  REQUIRE(first);
  CHECK(first->size() == 0);
  REQUIRE(first->next);
  CHECK(!first->next->next);
}

TEST_CASE("a body that another consumer still has is not sent back") {
  inbox_under_test t{1, {.frames = 1}};
  t.box.open(t.out);
  t.out.clear();
  const flow::body_ptr shared{new flow::batch_body<tick>};
  t.box.accept({10, 2, 0, frame_kind::data, {}, {}, {}, shared});
  t.work();
  REQUIRE(t.out.grants.size() == 1);
  CHECK(!t.out.grants[0].returned);
}

TEST_CASE("a channel whose barrier has come waits for the barriers of the others") {
  inbox_under_test t{2};
  t.send(0, frame_kind::barrier, {1});
  t.send(0);
  t.send(1);
  t.send(0);
  t.send(1, frame_kind::barrier, {1});
  t.send(1);

  CHECK(t.work() == 0U);
  CHECK(!t.box.align(0, {1}));
  CHECK(t.box.aligning());
  CHECK(t.work() == 1U);
  CHECK(t.work() == 1U);
  CHECK(t.box.align(1, {1}));
  CHECK(t.work() == std::nullopt);
  t.box.release();
  CHECK(!t.box.aligning());
  CHECK(t.work_all().size() == 3);
}

TEST_CASE("what waited in an alignment keeps its order when it is let go") {
  inbox_under_test t{2};
  t.send(0, frame_kind::barrier, {1});
  t.work();
  CHECK(!t.box.align(0, {1}));
  for (int i = 0; i < 3; ++i) t.send(0);
  CHECK(t.work() == std::nullopt);
  t.send(0);
  t.box.release();
  std::vector<std::uint64_t> sequence;
  while (auto f = t.box.next()) sequence.push_back(f->frame.sequence);
  CHECK(sequence == std::vector<std::uint64_t>{1, 2, 3, 4});
}

TEST_CASE("with one channel its barrier is enough") {
  inbox_under_test t{1};
  CHECK(t.box.align(0, {1}));
}

TEST_CASE("a newer barrier cancels the alignment of an older one") {
  inbox_under_test t{3};
  CHECK(!t.box.align(0, {1}));
  CHECK(!t.box.align(1, {1}));
  CHECK(!t.box.align(2, {2}));
  t.send(0);
  CHECK(t.work() == 0U);  // goes on: its barrier 1 means nothing any more
  CHECK(!t.box.align(0, {2}));
  CHECK(t.box.align(1, {2}));
}

TEST_CASE("an older barrier that comes late is ignored") {
  inbox_under_test t{2};
  CHECK(!t.box.align(0, {2}));
  CHECK(!t.box.align(1, {1}));
  t.send(1);
  CHECK(t.work() == 1U);
  CHECK(t.box.align(1, {2}));
}

TEST_CASE("a barrier that is given up lets its channels go, and is ignored from then on") {
  inbox_under_test t{2};
  CHECK(!t.box.align(0, {1}));
  t.send(0);
  CHECK(t.work() == std::nullopt);
  t.box.abandon({1});
  CHECK(t.work() == 0U);
  CHECK(!t.box.align(1, {1}));
  t.send(1);
  CHECK(t.work() == 1U);
  CHECK(!t.box.align(0, {2}));
  CHECK(t.box.align(1, {2}));
}

TEST_CASE("giving up an old barrier does not touch a newer one") {
  inbox_under_test t{2};
  CHECK(!t.box.align(0, {5}));
  t.box.abandon({4});
  CHECK(t.box.aligning());
  CHECK(t.box.align(1, {5}));
}

TEST_CASE("an inbox has ended when all of its channels have") {
  inbox_under_test t{2};
  t.box.end(0);
  CHECK(!t.box.all_ended());
  t.box.end(1);
  CHECK(t.box.all_ended());
  CHECK(t.box.merged().watermark == max_timestamp);
  CHECK(!inbox{{}, 0, {}, min_timestamp}.all_ended());
}

TEST_CASE("events taken are counted for each channel") {
  inbox_under_test t{2};
  t.send(0);
  t.send(1);
  t.send(1);
  t.work(5);
  t.work(7);
  t.work(7);
  CHECK(t.box.events_taken(0) == 5);
  CHECK(t.box.events_taken(1) == 14);
}
