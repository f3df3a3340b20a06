// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/memory_watch.hpp"

#include "actors/sample.hpp"
#include "weir/main/args.hpp"

#include <catch2/catch_test_macros.hpp>

#include <atomic>
#include <mutex>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

using verdict = memory_watch::verdict;

/// Each event brings a key, and text with it.
struct hoarding {
  using output = std::uint64_t;
  value_state<std::string> text{"text"};
  auto states() { return std::tie(text); }
  void on_event(const reading& r, process_context<std::uint64_t, output>&) {
    text.put(std::string(4'096, static_cast<char>('a' + r.number % 26)));
  }
};

/// At 80 MB a second, 4 MB come between two looks at memory; unpaced it can be all of the limit.
constexpr double slowly = 20'000;

/// Hoards `rate` events a second; 0 for as many as can be.
pipeline hoard(double rate) {
  pipeline p{"hoard"};
  p.from(generator{[](std::uint64_t i) {
                     return reading{i, i, {}};
                   },
                   {.events = ~std::uint64_t{0}, .rate = rate}})
      .key_by(&reading::key)
      .process(hoarding{})
      .to(memory_sink<std::uint64_t>{});
  return p;
}

}  // namespace

TEST_CASE("sources are held above the limit of memory, and released at nine tenths of it") {
  memory_watch watch{{.limit = 1'000}};
  CHECK(watch.note(1'000) == verdict::go_on);
  CHECK(watch.note(1'001) == verdict::hold);
  CHECK(watch.note(2'000) == verdict::go_on);
  CHECK(watch.note(950) == verdict::go_on);
  CHECK(watch.holds());
  CHECK(watch.note(900) == verdict::release);
  CHECK(watch.note(999) == verdict::go_on);
  CHECK(watch.note(1'001) == verdict::hold);
}

TEST_CASE("a run that is to fail at the limit of memory fails above it") {
  memory_watch watch{{.limit = 1'000, .policy = memory_options::at_limit::fail}};
  CHECK(watch.note(1'000) == verdict::go_on);
  CHECK(watch.note(1'001) == verdict::fail);
}

TEST_CASE("without a limit any memory will do") {
  memory_watch watch{{}};
  CHECK(watch.note(~std::uint64_t{0}) == verdict::go_on);
}

TEST_CASE("a run at its limit of memory reads no more, says so, and can be stopped") {
  runtime_options options;
  options.memory.limit = resident_bytes().value() + (std::uint64_t{60} << 20);
  std::mutex mutex;
  std::vector<std::string> lines;
  options.log = [&](const std::string& line) {
    const std::lock_guard lock{mutex};
    lines.push_back(line);
  };
  auto running = start(hoard(slowly), std::move(options));
  while (running.summary().memory_holds == 0) REQUIRE_FALSE(running.wait_for(10ms));
  std::uint64_t read = 0;
  do {
    read = running.summary().events_read;
    REQUIRE_FALSE(running.wait_for(200ms));
  } while (running.summary().events_read != read);
  CHECK(running.summary().memory < running.summary().memory_limit * 3);
  running.stop();
  const run_summary done = running.wait();
  CHECK_FALSE(done.failure);
  CHECK(done.peak_memory > done.memory_limit);
  const std::lock_guard lock{mutex};
  CHECK(std::any_of(lines.begin(), lines.end(), [](const std::string& line) {
    return line.find("sources wait") != std::string::npos;
  }));
}

TEST_CASE("a run may end with an error at its limit of memory") {
  runtime_options options;
  options.memory = {resident_bytes().value() + (std::uint64_t{60} << 20),
                    memory_options::at_limit::fail};
  auto running = start(hoard(0), std::move(options));
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->message.find("--memory-limit") != std::string::npos);
}

TEST_CASE("a size is a number and a unit") {
  CHECK(parse_bytes("65536").value() == 65'536);
  CHECK(parse_bytes("2GiB").value() == std::uint64_t{2} << 30);
  CHECK(parse_bytes("1.5MB").value() == 1'500'000);
  CHECK(parse_bytes("0.5KiB").value() == 512);
  for (const char* wrong : {"", "GiB", "-1", "2 GiB", "2gib", "1e30", "nan"})
    CHECK_FALSE(parse_bytes(wrong));
}
