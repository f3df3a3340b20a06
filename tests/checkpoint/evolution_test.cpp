// SPDX-License-Identifier: BSD-3-Clause
// A pipeline goes on from the state of an earlier version of itself, whose types were others.
#include "actors/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/json.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

struct account {
  std::int32_t events = 0;
  std::string owner;
};
BOOST_DESCRIBE_STRUCT(account, (), (events, owner))

struct wider_account {
  std::string currency = "EUR";
  std::int64_t events = 0;
  std::optional<std::string> owner;
};
BOOST_DESCRIBE_STRUCT(wider_account, (), (currency, events, owner))

struct other_account {
  std::string events;
};
BOOST_DESCRIBE_STRUCT(other_account, (), (events))

template <class Account>
struct booking {
  using output = std::string;
  value_state<Account> state{"account"};
  auto states() { return std::tie(state); }
  void on_event(const reading& r, process_context<std::uint64_t, std::string>& c) {
    state.update([&](Account& a) {
      if constexpr (requires { ++a.events; }) ++a.events;
      if constexpr (requires { a.owner; }) a.owner = "owner of " + std::to_string(r.key);
    });
    if constexpr (requires { state.get()->currency; })
      c.emit(to_json(*state.get()));
    else
      c.emit("old");
  }
};

template <class Account>
run_summary run(const std::string& directory, const memory_sink<std::string>& out,
                double rate = 0) {
  pipeline p{"accounts"};
  p.from(generator{reading_of, {.events = 20'000, .rate = rate}})
      .named("readings")
      .key_by(&reading::key)
      .process(booking<Account>{})
      .named("booking")
      .to(out)
      .named("out");
  runtime_options options;
  options.checkpoints.store = directory_store::open(directory).value();
  options.log = [](const std::string&) {};
  auto started = runtime::start(std::move(p), std::move(options));
  if (!started) {
    run_summary refused;
    refused.failure = started.error();
    return refused;
  }
  auto& running = *started;
  if (rate != 0) {
    while (running.summary().events_read < 1'000) (void)running.wait_for(1ms);
    running.stop();
  }
  return running.wait();
}

}  // namespace

TEST_CASE("state of a type with a member less is read as one with a member more") {
  const temporary_directory dir;
  REQUIRE_FALSE(run<account>(dir.path(), memory_sink<std::string>{}, 20'000).failure);
  const memory_sink<std::string> out;
  const run_summary done = run<wider_account>(dir.path(), out);
  REQUIRE_FALSE(done.failure);
  REQUIRE(done.restored_from);
  REQUIRE(done.events_read < 20'000);
  std::map<std::string, std::int64_t> most;
  for (const std::string& text : out.values()) {
    const auto a = from_json<wider_account>(text).value();
    REQUIRE(a.currency == "EUR");
    std::int64_t& events = most[a.owner.value_or("")];
    events = std::max(events, a.events);
  }
  CHECK(most.size() == 20);
  for (const auto& [owner, events] : most) CHECK(events == 1'000);
}

TEST_CASE("state that can't be read as the new type is refused in one line that names the member") {
  const temporary_directory dir;
  REQUIRE_FALSE(run<account>(dir.path(), memory_sink<std::string>{}, 20'000).failure);
  const run_summary done = run<other_account>(dir.path(), memory_sink<std::string>{});
  REQUIRE(done.failure);
  CHECK(done.failure->code == errc::incompatible);
  CHECK(done.failure->message.find("'account' of 'booking'") != std::string::npos);
  CHECK(done.failure->message.find("events' was int32, and is text now") != std::string::npos);
  CHECK(done.failure->message.find('\n') == std::string::npos);
}
