// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/push_source.hpp"

#include "actors/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

TEST_CASE("events pushed by several threads all arrive") {
  const push_source<reading> input{64};
  const memory_sink<reading> out;
  pipeline p{"pushed"};
  p.from(input).to(out);
  auto running = start(std::move(p));
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::uint64_t i = 0; i < 5'000; ++i) input.push(reading_of(t * 5'000 + i));
    });
  for (auto& t : threads) t.join();
  input.close();
  CHECK_FALSE(running.wait().failure);
  CHECK(out.size() == 20'000);
}

TEST_CASE("try_push refuses when the queue is full, and a closed source takes nothing") {
  const push_source<reading> input{2};
  CHECK(input.try_push(reading_of(0)));
  CHECK(input.try_push(reading_of(1)));
  CHECK_FALSE(input.try_push(reading_of(2)));
  input.close();
  CHECK_FALSE(input.push(reading_of(3)));
  CHECK(input.waiting() == 2);
}

TEST_CASE("a thread that waits to push is let go when the pipeline ends") {
  const push_source<reading> input{1};
  pipeline p{"ends early"};
  p.from(input)
      .map([](const reading& r) {
        if (r.number == 3) throw std::runtime_error("enough");
        return r;
      })
      .on_error(directive::stop())
      .to(memory_sink<reading>{});
  auto running = start(std::move(p));
  std::uint64_t pushed = 0;
  while (input.push(reading_of(pushed))) ++pushed;
  CHECK(pushed >= 3);
  CHECK(running.wait().failure);
}

TEST_CASE("an event that is pushed into an idle pipeline comes out at once") {
  const push_source<reading> input;
  std::atomic<int> seen{0};
  pipeline p{"idle"};
  p.from(input).to(callback_sink{[&](const reading&) {
    ++seen;
    seen.notify_all();
  }});
  auto running = start(std::move(p));
  for (int i = 0; i < 100; ++i) {
    REQUIRE(input.try_push(reading_of(0)));
    seen.wait(i);
  }
  input.close();
  CHECK(running.wait().latency.events == 100);
}
