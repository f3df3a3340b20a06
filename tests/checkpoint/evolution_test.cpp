// SPDX-License-Identifier: BSD-3-Clause
// A pipeline goes on from the state of an earlier version of itself, whose types were others.
#include "actors/sample.hpp"
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/codec/json.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>

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

/// How a run is begun, beside the types of its state.
struct beginning {
  std::optional<checkpoint> from = {};
  std::string booking = "booking";  ///< The operator's name.
  bool allow_dropped_state = false;
};

template <class Account>
run_summary run(const std::string& directory, const memory_sink<std::string>& out, double rate = 0,
                const beginning& how = {}, std::vector<std::string>* log = nullptr) {
  pipeline p{"accounts"};
  p.from(generator{reading_of, {.events = 20'000, .rate = rate}})
      .named("readings")
      .key_by(&reading::key)
      .process(booking<Account>{})
      .named(how.booking)
      .to(out)
      .named("out");
  runtime_options options;
  options.checkpoints.store = directory_store::open(directory).value();
  options.checkpoints.from = how.from;
  options.checkpoints.allow_dropped_state = how.allow_dropped_state;
  const auto lines = std::make_shared<std::vector<std::string>>();
  const auto mutex = std::make_shared<std::mutex>();
  options.log = [lines, mutex](const std::string& line) {
    const std::lock_guard lock{*mutex};
    lines->push_back(line);
  };
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
  run_summary done = running.wait();
  const std::lock_guard lock{*mutex};
  if (log != nullptr) *log = *lines;
  return done;
}

std::vector<std::uint64_t> stored_in(const std::string& directory) {
  std::vector<std::uint64_t> ids;
  const auto all = directory_store::open(directory).value()->list().value();
  for (const stored_checkpoint& s : all) ids.push_back(s.id);
  return ids;
}
checkpoint newest_of(const std::string& directory) {
  return read_newest(*directory_store::open(directory).value(), [](const auto&, const auto&) {})
      .value()
      .value();
}
bool any_with(const std::vector<std::string>& lines, const std::string& part) {
  return std::any_of(lines.begin(), lines.end(),
                     [&](const std::string& l) { return l.find(part) != l.npos; });
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

TEST_CASE(
    "a run that begins elsewhere says what maps to what; one that is refused changes nothing") {
  const temporary_directory dir;
  const std::string elsewhere = dir / "elsewhere";
  REQUIRE_FALSE(run<account>(elsewhere, memory_sink<std::string>{}, 20'000).failure);
  const checkpoint from = newest_of(elsewhere);
  const std::string here = dir / "here";
  REQUIRE_FALSE(run<account>(here, memory_sink<std::string>{}, 20'000).failure);
  const auto before = stored_in(here);
  const run_summary refused =
      run<other_account>(here, memory_sink<std::string>{}, 0, {.from = from});
  REQUIRE(refused.failure);
  CHECK(refused.failure->code == errc::incompatible);
  CHECK(stored_in(here) == before);

  std::vector<std::string> log;
  const run_summary done =
      run<wider_account>(here, memory_sink<std::string>{}, 0, {.from = from}, &log);
  REQUIRE_FALSE(done.failure);
  CHECK(done.restored_from == from.manifest.id);
  CHECK(any_with(log, "booking (process): "));
  CHECK(any_with(log, " bytes of state"));
}

TEST_CASE("a run goes on without the state of an operator that is gone, if it is told to") {
  const temporary_directory dir;
  REQUIRE_FALSE(run<account>(dir.path(), memory_sink<std::string>{}, 20'000).failure);
  const run_summary refused =
      run<account>(dir.path(), memory_sink<std::string>{}, 0, {.booking = "books"});
  REQUIRE(refused.failure);
  CHECK(refused.failure->message.find("say --allow-dropped-state") != std::string::npos);
  std::vector<std::string> log;
  const run_summary done =
      run<wider_account>(dir.path(), memory_sink<std::string>{}, 0,
                         {.booking = "books", .allow_dropped_state = true}, &log);
  REQUIRE_FALSE(done.failure);
  CHECK(any_with(log, "books (process): begins empty"));
  CHECK(any_with(log, "booking (process): "));
  CHECK(any_with(log, " bytes of state dropped"));
}
