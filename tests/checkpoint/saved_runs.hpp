// SPDX-License-Identifier: BSD-3-Clause
// How a pipeline is run up to a checkpoint that is kept, and on from it.
#pragma once

#include "actors/sample.hpp"
#include "weir/runtime/push_source.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::test {

using namespace std::chrono_literals;

inline constexpr std::uint64_t before = 300;  ///< Readings before the checkpoint.
inline constexpr std::uint64_t all = 700;

/// State of every kind, and timers. What it emits does not depend on how far the watermark is.
struct remembering {
  using output = std::string;
  value_state<reading> newest{"newest"};
  value_state<std::uint64_t> brief{"brief", time_to_live{200ms}};
  list_state<std::uint64_t> numbers{"numbers"};
  map_state<std::uint64_t, std::uint32_t> remainders{"remainders"};
  aggregate_state<decltype(sum(&reading::number)), reading> total{"total", sum(&reading::number)};
  auto states() { return std::tie(newest, brief, numbers, remainders, total); }

  void on_event(const reading& r, process_context<std::uint64_t, std::string>& c) {
    newest.put(r);
    brief.put(r.number);
    numbers.append(r.number);
    remainders.update(r.number % 3, [](std::uint32_t& n) { ++n; });
    total.add(r);
    if (r.number % 50 == 0) c.set_event_timer(r.at + 120ms);
    if (r.number % 7 != 0) return;
    std::string text = to_json(*newest.get()) + " " + std::to_string(total.get()) + ":";
    for (const std::uint64_t n : numbers.get()) text += " " + std::to_string(n);
    for (std::uint64_t m = 0; m < 3; ++m)
      if (const auto* n = remainders.get(m)) text += " /" + std::to_string(*n);
    c.emit(text);
  }
  void on_timer(timestamp at, process_context<std::uint64_t, std::string>& c) {
    c.emit("timer " + to_json(at));
  }
};

/// Pushes readings, runs, and answers the lines that came out, sorted. A run that does not end is
/// stopped, with a last checkpoint.
inline std::vector<std::string> play(const push_source<reading>& from, pipeline p,
                                     const memory_sink<std::string>& out, std::uint64_t first,
                                     std::uint64_t last, bool ends, runtime_options options) {
  options.log = [](const std::string&) {};
  for (std::uint64_t i = first; i < last; ++i) REQUIRE(from.push(reading_of(i)));
  if (ends) from.close();
  auto running = runtime::start(std::move(p), std::move(options));
  if (!running) FAIL(running.error().message);
  if (!ends) running->stop();
  const run_summary done = running->wait();
  if (done.failure) FAIL(done.failure->message);
  CHECK(done.dead_letters == 0);
  auto lines = out.values();
  std::sort(lines.begin(), lines.end());
  return lines;
}

}  // namespace weir::test
