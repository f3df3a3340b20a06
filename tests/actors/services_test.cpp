// SPDX-License-Identifier: BSD-3-Clause
#include "actors/sample.hpp"
#include "unit/asker.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/describe/class.hpp>

#include <algorithm>
#include <mutex>
#include <thread>

using namespace weir;
using namespace weir::test;

namespace {

struct number {
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(number, (), (value))

pipeline doubling(const memory_sink<std::int64_t>& out, std::uint64_t n) {
  pipeline p{"doubling"};
  p.from(generator{[](std::uint64_t i) { return number{static_cast<std::int64_t>(i)}; },
                   {.events = n}})
      .stage("ask", {.parallelism = 2})
      .with_operator<std::int64_t>("asker", asker{})
      .to(out);
  return p;
}

bytes doubled(std::span<const std::byte> request) {
  std::int64_t value = 0;
  byte_reader in{request};
  (void)decode(in, value);
  bytes answer;
  encode(2 * value, answer);
  return answer;
}

}  // namespace

TEST_CASE("a service answers from another thread, and the pipeline ends after the last answer") {
  const memory_sink<std::int64_t> out;
  std::mutex mutex;
  std::vector<std::thread> threads;
  service_map services;
  services["double"] = [&](std::span<const std::byte> request, std::function<void(bytes)> answer) {
    std::lock_guard lock{mutex};
    threads.emplace_back([b = doubled(request), answer = std::move(answer)] { answer(b); });
  };
  auto running = start(doubling(out, 200), {.services = std::move(services)});
  CHECK_FALSE(running.wait().failure);
  for (std::thread& t : threads) t.join();
  std::vector<std::int64_t> got = out.values();
  std::sort(got.begin(), got.end());
  REQUIRE(got.size() == 200);
  for (std::size_t i = 0; i < got.size(); ++i) CHECK(got[i] == static_cast<std::int64_t>(2 * i));
}

TEST_CASE("a request to a service that there isn't stops the pipeline and names it") {
  const memory_sink<std::int64_t> out;
  auto running = start(doubling(out, 1));
  const run_summary done = running.wait();
  REQUIRE(done.failure);
  CHECK(done.failure->code == errc::unsupported);
  CHECK(done.failure->message.find("no service 'double'") != std::string::npos);
}
