// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/runtime.hpp"
#include "windows/play.hpp"

#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("hopping windows and sessions through running actors are those of a loop") {
  constexpr std::uint64_t n = 60'000;
  const auto blip_of = [](std::uint64_t i) {
    return blip{static_cast<std::int64_t>(i * 7919 % 101), static_cast<std::int64_t>(i)};
  };
  pipeline p{"windows", {.parallelism = 2}};
  const memory_sink<window_result<std::int64_t, std::uint64_t>> hops, sessions;
  stream<blip> all =
      p.from(generator{blip_of, {.events = n}})
          .event_time([](const blip& b) { return tick(b.value); }, bounded_out_of_orderness{1ms});
  all.key_by(&blip::key)
      .window(hopping{500us, 200us})
      .allowed_lateness(10us)
      .aggregate(count{})
      .named("hops")
      .to(hops);
  all.filter([](const blip& b) { return b.value / 1000 % 3 != 0; })
      .key_by(&blip::key)
      .window(session{700us})
      .aggregate(count{})
      .named("sessions")
      .to(sessions);
  auto running = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  REQUIRE(running);
  const run_summary done = running->wait();
  REQUIRE_FALSE(done.failure);
  CHECK(done.late_events == 0);

  using rows = std::map<std::pair<std::int64_t, window>, std::uint64_t>;
  rows expected_hops, expected_sessions;
  std::map<std::int64_t, window> open;
  for (std::uint64_t i = 0; i < n; ++i) {
    const blip b = blip_of(i);
    for (std::int64_t start = b.value / 200 * 200; b.value < start + 500; start -= 200)
      ++expected_hops[{b.key, {tick(start), tick(start + 500)}}];
    if (b.value / 1000 % 3 == 0) continue;
    window w{tick(b.value), tick(b.value + 700)};
    std::uint64_t before = 0;
    if (const auto at = open.find(b.key); at != open.end() && at->second.end >= w.start) {
      before = expected_sessions.extract({b.key, at->second}).mapped();
      w.start = at->second.start;
    }
    open[b.key] = w;
    expected_sessions[{b.key, w}] = before + 1;
  }
  const auto rows_of = [](const auto& sink) {
    rows got;
    for (const auto& r : sink.values()) got[{r.key, r.window}] += r.value;
    return got;
  };
  CHECK(rows_of(hops) == expected_hops);
  CHECK(rows_of(sessions) == expected_sessions);
  CHECK(done.window_results == expected_hops.size() + expected_sessions.size());
}
