// SPDX-License-Identifier: BSD-3-Clause
#include "enrich/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <deque>
#include <functional>
#include <stdexcept>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

/// Runs what it is given when the test says so.
class manual_executor final : public executor {
public:
  void post(std::function<void()> f) override { posted.push_back(std::move(f)); }
  void post_after(duration, std::function<void()> f) override { posted.push_back(std::move(f)); }
  void run_one() {
    auto f = std::move(posted.front());
    posted.pop_front();
    f();
  }

  std::deque<std::function<void()>> posted;
};

task<int> seven() { co_return 7; }
task<int> sum_of_two() { co_return co_await seven() + co_await seven(); }
task<int> failing() {
  throw std::runtime_error("no luck");
  co_return 0;
}
task<int> through_failing() { co_return co_await failing(); }

result<int> outcome(task<int> t) {
  result<int> got = error{errc::aborted, "not ended"};
  start(std::move(t), [&](result<int> r) { got = std::move(r); });
  return got;
}

}  // namespace

TEST_CASE("a task does nothing until it is started, and awaits others") {
  CHECK(*outcome(sum_of_two()) == 14);
}

TEST_CASE("what a task throws comes out where it is awaited, and at the end as an error") {
  CHECK(outcome(through_failing()).error().message == "no luck");
}

TEST_CASE("a task that is never started is destroyed") {
  auto held = std::make_shared<int>(1);
  {
    const auto make = [](std::shared_ptr<int> p) -> task<int> { co_return *p; };
    const auto t = make(held);
    CHECK(held.use_count() == 2);
  }
  CHECK(held.use_count() == 1);
}

TEST_CASE("a callback may come before the task suspends, or after, or from another thread") {
  const auto waits = [](std::function<void(std::function<void(int)>)> begin) -> task<int> {
    co_return co_await async<int>([&](auto done) { begin(done); }) + 1;
  };
  CHECK(*outcome(waits([](auto done) { done(1); })) == 2);

  std::function<void(int)> later;
  result<int> got = error{errc::aborted, "not ended"};
  start(waits([&](auto done) { later = done; }), [&](result<int> r) { got = std::move(r); });
  CHECK_FALSE(got);
  later(41);
  CHECK(*got == 42);

  for (int i = 0; i < 200; ++i) {
    std::thread other;
    std::atomic<int> seen = 0;
    start(waits([&](auto done) { other = std::thread{[done] { done(5); }}; }),
          [&](result<int> r) { seen = *r; });
    other.join();
    CHECK(seen == 6);
  }
}

TEST_CASE("a coroutine answers when it ends, each key for itself") {
  const auto e = std::make_shared<manual_executor>();
  operator_run run{
      [e](stream<order> in) {
        return in.enrich(
            look_up(&order::item, [e](const std::string& k) -> task<std::optional<std::string>> {
              const std::string own = k;
              if (own == "slow") co_await resume_on(*e);
              if (own == "none") co_return std::nullopt;
              co_return own + "!";
            }).named("coroutine"));
      },
      held};
  run.push_batch({{{"slow", 1}, at(1)}, {{"quick", 2}, at(2)}, {{"none", 3}, at(3)}});
  // One request a key: the test kit would need the answers at once, so it plays the shell.
  REQUIRE(run.requests().size() == 3);
  std::vector<bytes> answers(3);
  for (std::size_t i = 0; i < 3; ++i)
    (*run.requests()[i].what.via)(run.requests()[i].what.payload,
                                  [&answers, i](bytes b) { answers[i] = std::move(b); });
  CHECK(answers[0].empty());
  run.answer(2, answers[2]);
  run.answer(1, answers[1]);
  CHECK(run.values() == rows{{{"none", 3}, std::nullopt, fact_source::missing},
                             {{"quick", 2}, "quick!", fact_source::found}});
  e->run_one();
  run.answer(0, answers[0]);
  CHECK(run.values() == rows{{{"slow", 1}, "slow!", fact_source::found}});
}

TEST_CASE("a coroutine of many keys answers them together") {
  operator_run run{[](stream<order> in) {
    return in.enrich(look_up(&order::item, [](const keys& k) -> task<facts> {
      facts all;
      for (const std::string& one : k)
        all.push_back(co_await [](std::string s) -> task<std::string> { co_return s + "!"; }(one));
      co_return all;
    }));
  }};
  run.push_batch({{{"a", 1}, at(1)}, {{"b", 2}, at(2)}});
  CHECK(run.values() ==
        rows{{{"a", 1}, "a!", fact_source::found}, {{"b", 2}, "b!", fact_source::found}});
}

TEST_CASE("a look-up on an executor runs there") {
  const auto e = std::make_shared<manual_executor>();
  std::optional<bytes> answer;
  const auto of = look_up(&order::item, [](const std::string& k) { return k + "!"; }).on(e);
  const service s = of.client.open<std::string>({"id"});
  bytes request;
  encode(std::string{"a"}, request);
  s(request, [&](bytes b) { answer = std::move(b); });
  request.clear();
  CHECK_FALSE(answer);
  e->run_one();
  REQUIRE(answer);
  byte_reader in{*answer};
  CHECK(**decode_answer<std::string>(in) == "a!");
}
