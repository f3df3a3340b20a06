// SPDX-License-Identifier: BSD-3-Clause
// Ports of a stage that lead to the same receivers.
#include "unit/sample.hpp"
#include "weir/flow/typed_output_port.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using flow::typed_output_port;

namespace {

/// A port of which full batches of two events take with them what another has. The channels of the
/// one are 0, 1, …, those of the other 10, 11, ….
struct ports_together {
  flow::effects out;
  typed_output_port<tick> many;
  typed_output_port<tick> few;

  ports_together(std::uint32_t lanes, std::uint64_t credit_of_few)
      : many(ids(0, lanes), 3, {}, false), few(ids(10, lanes), 3, {}, false) {
    many.begin_step(out);
    few.begin_step(out);
    many.goes_with({&few});
    for (flow::channel_id c = 0; c < lanes; ++c) {
      many.on_grant({c, 3, 10, 2, {}, nullptr});
      few.on_grant({c + 10, 3, credit_of_few, 8, {}, nullptr});
    }
  }

  static std::vector<flow::channel_id> ids(flow::channel_id first, std::uint32_t n) {
    std::vector<flow::channel_id> all;
    for (std::uint32_t i = 0; i < n; ++i) all.push_back(first + i);
    return all;
  }
  static void emit(typed_output_port<tick>& port, std::size_t lane, std::int64_t value) {
    port.emit(lane, tick{0, value}, ms(value));
  }
  /// Channels and sizes of what was sent since the last call.
  std::vector<std::pair<flow::channel_id, std::size_t>> sent() {
    std::vector<std::pair<flow::channel_id, std::size_t>> all;
    for (const flow::frame& f : out.frames) all.emplace_back(f.channel, f.body->size());
    out.frames.clear();
    return all;
  }
};

using frames = std::vector<std::pair<flow::channel_id, std::size_t>>;

}  // namespace

TEST_CASE("what ports have for one receiver goes together, the few before the many") {
  ports_together t{2, 10};
  t.emit(t.few, 0, 1);
  t.emit(t.few, 1, 1);
  t.emit(t.many, 0, 1);
  CHECK(t.sent().empty());
  t.emit(t.many, 0, 2);
  CHECK(t.sent() == frames{{10, 1}, {0, 2}});  // the other receiver's waits on

  const auto lanes = t.many.begin_writing(2);
  for (int i = 0; i < 2; ++i) lanes[1].push(tick{0, i}, ms(i));
  t.many.finish_writing();
  CHECK(t.sent() == frames{{11, 1}, {1, 2}});
  CHECK(t.few.events_held() == 0);
}

TEST_CASE("what went with another port's batch can't be taken back") {
  ports_together t{1, 10};
  t.emit(t.few, 0, 1);
  t.emit(t.many, 0, 1);
  t.emit(t.few, 0, 2);
  CHECK(t.few.take_back(0));
  t.emit(t.many, 0, 2);
  CHECK(!t.few.take_back(0));
  CHECK(t.sent() == frames{{10, 1}, {0, 2}});
}

TEST_CASE("what goes together waits for its own credit") {
  ports_together t{1, 1};
  for (int i = 0; i < 4; ++i) {
    t.emit(t.few, 0, i);
    t.emit(t.many, 0, i);
  }
  CHECK(t.sent() == frames{{10, 2}, {0, 2}, {0, 2}});  // the second time the few have no credit
  CHECK(!t.few.full());
  CHECK(t.few.events_held() == 2);
  t.few.on_grant({10, 3, 2, 8, {}, nullptr});
  t.few.flush();
  CHECK(t.sent() == frames{{10, 2}});
}
