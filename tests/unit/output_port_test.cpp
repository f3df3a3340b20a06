// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"
#include "weir/flow/out_channel.hpp"
#include "weir/flow/typed_output_port.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::frame_kind;
using flow::typed_output_port;

namespace {

/// A port with its buffer.
template <class T>
struct port_under_test {
  flow::effects out;
  typed_output_port<T> port;

  explicit port_under_test(std::size_t channels, flow::batch_limits limits = {},
                           bool broadcast = false)
      : port(ids(channels), 3, limits, broadcast) {
    port.begin_step(out);
  }

  static std::vector<flow::channel_id> ids(std::size_t n) {
    std::vector<flow::channel_id> all;
    for (std::size_t i = 0; i < n; ++i) all.push_back(static_cast<flow::channel_id>(i));
    return all;
  }
  void grant(flow::channel_id c, std::uint64_t up_to, std::uint32_t max_events = 1024,
             flow::body_ptr returned = nullptr) {
    port.on_grant({c, 3, up_to, max_events, {}, std::move(returned)});
  }
  std::vector<flow::frame> sent() { return std::exchange(out.frames, {}); }
  std::vector<std::size_t> sizes() {
    std::vector<std::size_t> all;
    for (const flow::frame& f : sent()) all.push_back(f.body ? f.body->size() : 0);
    return all;
  }
};

using sizes = std::vector<std::size_t>;

std::vector<std::int64_t> values_of(const flow::frame& f) {
  std::vector<std::int64_t> all;
  for (const tick& t : static_cast<flow::batch_body<tick>&>(*f.body).events.values)
    all.push_back(t.value);
  return all;
}

std::vector<frame_kind> kinds_of(const std::vector<flow::frame>& frames) {
  std::vector<frame_kind> all;
  for (const flow::frame& f : frames) all.push_back(f.kind);
  return all;
}

using kinds = std::vector<frame_kind>;

}  // namespace

TEST_CASE("a port sends a batch when it has as many events as the receiver allows") {
  port_under_test<tick> t{1};
  t.grant(0, 10, 3);
  for (int i = 0; i < 7; ++i) t.port.emit(0, tick{0, i}, ms(i));
  CHECK(t.sizes() == sizes{3, 3});
  t.port.flush();
  CHECK(t.sizes() == sizes{1});
}

TEST_CASE("a port sends no more events in a frame than its own limit") {
  port_under_test<tick> t{1, {.events = 2}};
  t.grant(0, 10, 1000);
  for (int i = 0; i < 4; ++i) t.port.emit(0, tick{}, ms(0));
  CHECK(t.sizes() == sizes{2, 2});
}

TEST_CASE("a port does not send a frame larger than was granted, though it was filled before") {
  port_under_test<tick> t{1};
  for (int i = 0; i < 5; ++i) t.port.emit(0, tick{0, i}, ms(0));
  t.grant(0, 10, 2);
  t.port.flush();
  for (const std::size_t n : t.sizes()) CHECK(n <= 2);
}

TEST_CASE("the byte limit counts plain events by their size") {
  port_under_test<tick> t{1, {.events = 1000, .bytes = 4 * sizeof(tick)}};
  t.grant(0, 10);
  for (int i = 0; i < 9; ++i) t.port.emit(0, tick{}, ms(0));
  CHECK(t.sizes() == sizes{4, 4});
}

TEST_CASE("the byte limit counts strings") {
  port_under_test<sale> t{1, {.events = 1000, .bytes = 2 * sizeof(sale) + 250}};
  t.grant(0, 10);
  const sale s = sold(std::string(100, 'x'), 0, 0);
  for (int i = 0; i < 5; ++i) t.port.emit(0, s, ms(0));
  CHECK(t.sizes() == sizes{2, 2});
}

TEST_CASE("an event larger than a batch travels alone") {
  port_under_test<sale> t{1, {.events = 1000, .bytes = 1000}};
  t.grant(0, 10);
  t.port.emit(0, sold("a", 1, 0), ms(0));
  t.port.emit(0, sold(std::string(5000, 'x'), 2, 0), ms(0));
  t.port.emit(0, sold("b", 3, 0), ms(0));
  t.port.flush();
  CHECK(t.sizes() == sizes{1, 1, 1});
}

TEST_CASE("without credit a port fills its open batch, and then is full") {
  port_under_test<tick> t{1};
  t.grant(0, 1, 2);
  for (int i = 0; i < 3; ++i) t.port.emit(0, tick{0, i}, ms(0));
  CHECK(t.sizes() == sizes{2});
  CHECK(!t.port.full());
  t.port.flush();
  CHECK(t.sent().empty());
  t.port.emit(0, tick{0, 3}, ms(0));
  CHECK(t.port.full());
  CHECK(t.port.events_held() == 2);
  t.grant(0, 2, 2);
  CHECK(!t.port.full());
  CHECK(t.sizes() == sizes{2});
}

TEST_CASE("one full lane makes the whole port full") {
  port_under_test<tick> t{3, {.events = 1}};
  t.grant(0, 1);
  t.grant(2, 1);
  t.port.emit(0, tick{}, ms(0));
  CHECK(!t.port.full());
  t.port.emit(1, tick{}, ms(0));
  CHECK(t.port.full());
  t.grant(1, 1);
  CHECK(!t.port.full());
}

TEST_CASE("outputs of one event beyond the batch wait, and leave in order as credit comes") {
  port_under_test<tick> t{1};
  t.grant(0, 1, 2);
  for (int i = 0; i < 7; ++i) t.port.emit(0, tick{0, i}, ms(0));
  CHECK(values_of(t.sent().at(0)) == std::vector<std::int64_t>{0, 1});
  CHECK(t.port.events_held() == 5);
  t.grant(0, 2, 2);
  CHECK(values_of(t.sent().at(0)) == std::vector<std::int64_t>{2, 3});
  CHECK(t.port.full());
  t.grant(0, 9, 2);
  const auto rest = t.sent();
  REQUIRE(rest.size() == 1);
  CHECK(values_of(rest[0]) == std::vector<std::int64_t>{4, 5});
  CHECK(!t.port.full());
  t.port.flush();
  CHECK(values_of(t.sent().at(0)) == std::vector<std::int64_t>{6});
}

TEST_CASE("an event that is still held can be taken back, and one that was sent can not") {
  port_under_test<tick> t{1};
  t.grant(0, 1, 2);
  for (int i = 0; i < 5; ++i) t.port.emit(0, tick{0, i}, ms(0));  // 0 1 sent, 2 3 wait, 4 open
  t.sent();
  CHECK(t.port.take_back(0));
  CHECK(t.port.full());
  CHECK(t.port.take_back(0));
  CHECK(!t.port.full());
  CHECK(t.port.take_back(0));
  CHECK(!t.port.take_back(0));
  CHECK(t.port.events_held() == 0);
  t.grant(0, 5, 2);
  t.port.emit(0, tick{0, 9}, ms(0));
  t.port.flush();
  CHECK(values_of(t.sent().at(0)) == std::vector<std::int64_t>{9});
}

TEST_CASE("the byte count follows events that are taken back") {
  port_under_test<sale> t{1, {.events = 1000, .bytes = 3 * sizeof(sale)}};
  t.grant(0, 10);
  for (int i = 0; i < 20; ++i) {
    t.port.emit(0, sold("", i, 0), ms(0));
    t.port.take_back(0);
  }
  t.port.emit(0, sold("", 1, 0), ms(0));
  t.port.emit(0, sold("", 2, 0), ms(0));
  CHECK(t.sent().empty());
}

TEST_CASE("a watermark rides on the data before it") {
  port_under_test<tick> t{1};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  t.port.set_progress({ms(5), false});
  t.port.flush();
  const auto sent = t.sent();
  REQUIRE(kinds_of(sent) == kinds{frame_kind::data});
  CHECK(sent[0].progress.watermark == ms(5));
}

TEST_CASE("a watermark is sent alone only at a flush with nothing to carry it") {
  port_under_test<tick> t{1};
  t.grant(0, 10);
  t.port.set_progress({ms(5), false});
  CHECK(t.sent().empty());
  t.port.flush();
  CHECK(kinds_of(t.sent()) == kinds{frame_kind::watermark});
  t.port.flush();
  CHECK(t.sent().empty());
}

TEST_CASE("the newest watermark replaces one that waits") {
  port_under_test<tick> t{1};
  t.port.set_progress({ms(5), false});
  t.port.flush();
  t.port.set_progress({ms(6), true});
  t.port.flush();
  t.grant(0, 10);
  t.port.flush();
  const auto sent = t.sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].progress == flow::progress{ms(6), true});
}

TEST_CASE("a watermark does not overtake events that were emitted before it and wait") {
  port_under_test<tick> t{1};
  t.grant(0, 1, 1);
  for (int i = 0; i < 3; ++i) t.port.emit(0, tick{0, i}, ms(0));
  t.port.set_progress({ms(5), false});
  t.grant(0, 10, 1);
  t.port.flush();
  const auto sent = t.sent();
  REQUIRE(kinds_of(sent) == kinds{frame_kind::data, frame_kind::data, frame_kind::data});
  CHECK(sent[0].progress.watermark == min_timestamp);
  CHECK(sent[1].progress.watermark == min_timestamp);
  CHECK(sent[2].progress.watermark == ms(5));
}

TEST_CASE("a barrier closes the open batch and follows it") {
  port_under_test<tick> t{1};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  t.port.send_barrier({7});
  const auto sent = t.sent();
  REQUIRE(kinds_of(sent) == kinds{frame_kind::data, frame_kind::barrier});
  CHECK(sent[1].barrier.id == 7);
}

TEST_CASE("a barrier never overtakes data that waits for credit") {
  port_under_test<tick> t{1};
  t.grant(0, 1, 1);
  for (int i = 0; i < 3; ++i) t.port.emit(0, tick{0, i}, ms(0));
  t.port.send_barrier({7});
  CHECK(t.port.full());
  std::vector<frame_kind> all = kinds_of(t.sent());
  for (std::uint64_t up_to = 2; up_to <= 4; ++up_to) {
    t.grant(0, up_to, 1);
    for (const frame_kind k : kinds_of(t.sent())) all.push_back(k);
  }
  CHECK(all == kinds{frame_kind::data, frame_kind::data, frame_kind::data, frame_kind::barrier});
  CHECK(!t.port.full());
}

TEST_CASE("a barrier that waits is replaced by a newer one") {
  port_under_test<tick> t{1};
  t.port.send_barrier({7});
  t.port.send_barrier({8});
  t.grant(0, 10);
  const auto sent = t.sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].barrier.id == 8);
}

TEST_CASE("a port is full until its barrier has left on every channel") {
  port_under_test<tick> t{2, {}, true};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  t.port.send_barrier({7});
  CHECK(t.port.full());
  CHECK(t.sent().empty());  // a broadcast goes to all channels or none
  t.grant(1, 1);
  CHECK(t.port.full());
  CHECK(t.sent().size() == 3);  // data to both, and the barrier to the first
  t.grant(1, 2);
  CHECK(!t.port.full());
  const auto sent = t.sent();
  REQUIRE(sent.size() == 1);
  CHECK(sent[0].kind == frame_kind::barrier);
  CHECK(sent[0].channel == 1);
}

TEST_CASE("the end comes last, once, and barriers still pass behind it") {
  port_under_test<tick> t{1};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  t.port.set_progress({max_timestamp, false});
  t.port.send_end();
  t.port.send_barrier({1, flow::checkpoint_kind::final});
  const auto sent = t.sent();
  REQUIRE(kinds_of(sent) == kinds{frame_kind::data, frame_kind::end, frame_kind::barrier});
  CHECK(sent[1].progress.watermark == max_timestamp);
}

TEST_CASE("frames are numbered from 0 without gaps, and carry the attempt") {
  port_under_test<tick> t{1, {.events = 1}};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  t.port.set_progress({ms(1), false});
  t.port.flush();
  t.port.send_barrier({1});
  const auto sent = t.sent();
  REQUIRE(sent.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    CHECK(sent[i].sequence == i);
    CHECK(sent[i].attempt == 3);
  }
}

TEST_CASE("grants are absolute: repeats and late ones change nothing") {
  port_under_test<tick> t{1, {.events = 1}};
  t.grant(0, 3);
  t.grant(0, 1);
  t.grant(0, 3);
  for (int i = 0; i < 4; ++i) t.port.emit(0, tick{}, ms(0));
  CHECK(t.sent().size() == 3);
  CHECK(t.port.full());
}

TEST_CASE("a broadcast shares one body between its channels") {
  port_under_test<tick> t{3, {}, true};
  for (flow::channel_id c = 0; c < 3; ++c) t.grant(c, 10);
  CHECK(t.port.lanes() == 1);
  t.port.emit(0, tick{0, 5}, ms(0));
  t.port.flush();
  const auto sent = t.sent();
  REQUIRE(sent.size() == 3);
  CHECK(sent[0].body == sent[1].body);
  CHECK(sent[0].body == sent[2].body);
  CHECK(sent[2].channel == 2);
}

TEST_CASE("a broadcast waits for the slowest of its channels") {
  port_under_test<tick> t{2, {.events = 1}, true};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  CHECK(t.sent().empty());
  CHECK(t.port.full());
  t.grant(1, 1);
  CHECK(t.sent().size() == 2);
}

TEST_CASE("bodies that come back with a grant are filled again") {
  port_under_test<tick> t{1, {.events = 1}};
  t.grant(0, 10);
  t.port.emit(0, tick{}, ms(0));
  flow::body_ptr back = std::move(t.sent().at(0).body);
  const auto* memory = back.get();
  back->recycle();
  t.grant(0, 11, 1024, std::move(back));
  bool seen = false;
  for (int i = 0; i < 4; ++i) {
    t.port.emit(0, tick{}, ms(0));
    seen = seen || t.sent().at(0).body.get() == memory;
  }
  CHECK(seen);
}

TEST_CASE("a body that somebody still reads is not filled again") {
  port_under_test<tick> t{1, {.events = 1}};
  t.grant(0, 100);
  t.port.emit(0, tick{}, ms(0));
  const flow::body_ptr reader = t.sent().at(0).body;
  t.grant(0, 101, 1024, reader);
  for (int i = 0; i < 6; ++i) {
    t.port.emit(0, tick{}, ms(0));
    CHECK(t.sent().at(0).body != reader);
  }
}

TEST_CASE("a smaller grant closes an open batch that is larger already") {
  port_under_test<tick> t{1};
  t.grant(0, 10, 100);
  for (int i = 0; i < 5; ++i) t.port.emit(0, tick{}, ms(0));
  t.grant(0, 11, 2);
  CHECK(t.sizes() == sizes{5});
  for (int i = 0; i < 2; ++i) t.port.emit(0, tick{}, ms(0));
  CHECK(t.sizes() == sizes{2});
}

TEST_CASE("a port without consumers swallows nothing and is never full") {
  port_under_test<tick> t{0};
  t.port.set_progress({ms(1), false});
  t.port.send_barrier({1});
  t.port.send_end();
  t.port.flush();
  CHECK(t.sent().empty());
  CHECK(!t.port.full());
}

TEST_CASE("a frame's earliest read time is that of its oldest event") {
  port_under_test<tick> t{1};
  t.grant(0, 10);
  t.port.set_earliest(steady_time{std::chrono::seconds{1}});
  t.port.emit(0, tick{}, ms(0));
  t.port.set_earliest(steady_time{std::chrono::seconds{2}});
  t.port.emit(0, tick{}, ms(0));
  t.port.flush();
  CHECK(t.sent().at(0).earliest_read == steady_time{std::chrono::seconds{1}});
}
