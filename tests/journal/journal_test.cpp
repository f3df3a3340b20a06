// SPDX-License-Identifier: BSD-3-Clause
// A run is recorded in a journal, and what the journal holds is repeated.
#include "actors/sample.hpp"
#include "journal/late_sink.hpp"
#include "support/temporary_directory.hpp"
#include "unit/asker.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/connectors/file/file.hpp"
#include "weir/journal/journal_files.hpp"
#include "weir/runtime/push_source.hpp"
#include "weir/test/repeat.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

struct told {
  std::uint64_t key = 0;
  std::uint64_t seen = 0;
};
BOOST_DESCRIBE_STRUCT(told, (), (key, seen))

struct number {
  std::int64_t value = 0;
};
BOOST_DESCRIBE_STRUCT(number, (), (value))

/// Counts, and looks at the clock: what it does can't be told from its events alone.
struct watcher {
  using output = told;
  value_state<std::uint64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const reading& r, process_context<std::uint64_t, told>& c) {
    seen.update([](std::uint64_t& n) { ++n; });
    if (r.number % 3 == 0) c.set_processing_timer(c.now() + 1ms);
    if (c.now().time_since_epoch().count() % 2 == 0) c.emit({r.key, *seen.get()});
  }
  void on_timer(timestamp at, process_context<std::uint64_t, told>& c) {
    c.emit({c.key(), static_cast<std::uint64_t>(at.time_since_epoch().count())});
  }
};

struct settings {
  std::uint64_t events = 30'000;
  double rate = 0;
  std::uint32_t parallelism = 2;
  std::uint64_t refused = 5'003;  ///< Its number's readings are dead letters.
  std::uint64_t added = 0;        ///< By the user's function.
};

/// The number of a reading that fails its stage, whenever it comes.
constexpr std::uint64_t poison = 15'000;

pipeline watched(const std::string& out, const settings& how,
                 const push_source<reading>* pushed = nullptr) {
  pipeline p{"watched", {.parallelism = how.parallelism}};
  auto keyed = p.from(generator{reading_of, {.events = how.events, .rate = how.rate}})
                   .event_time(&reading::at, bounded_out_of_orderness{5ms})
                   .named("readings")
                   .key_by(&reading::key);
  keyed.process(watcher{}).named("watcher").to(to_file(out + "/told.jsonl")).named("told");
  keyed.window(tumbling{100ms})
      .aggregate(count{})
      .named("windows")
      .map([added = how.added](const window_result<std::uint64_t, std::uint64_t>& r) {
        return told{r.key, r.value + added};
      })
      .to(to_file(out + "/windows.jsonl"))
      .named("windows file");
  keyed.reduce([](const reading&, const reading& r) { return r; })
      .named("checked")
      .map([how](const reading& r) {
        if (r.number == how.refused) throw std::runtime_error("refused");
        return r;
      })
      .to(memory_sink<reading>{});
  if (pushed != nullptr)
    p.from(*pushed)
        .map([](const reading& r) {
          if (r.number == poison) throw std::runtime_error("poison at " + std::to_string(poison));
          return r;
        })
        .on_error(directive::restart(1))
        .to(memory_sink<reading>{});
  return p;
}

runtime_options journaled(const std::string& journal) {
  runtime_options options{.restarts = {.restarts = 10, .within = 1min, .first_backoff = 1ms}};
  options.journal.directory = journal;
  return options;
}

std::vector<journal::stored_recording> recordings(const std::string& directory) {
  return journal::list_recordings(directory).value();
}
std::unique_ptr<journal::recording> opened(const journal::stored_recording& r) {
  return journal::open_recording_at(r.path).value();
}

struct outcome {
  std::uint64_t steps = 0;
  std::uint64_t dead_letters = 0;
  std::vector<std::string> failures;
  std::string difference;
  std::string note;
};
outcome repeated(const journal::stored_recording& r, pipeline p) {
  repeat again{opened(r), std::move(p)};
  outcome all;
  while (const auto at = again.step()) {
    all.dead_letters += at->dead_letters;
    all.failures.insert(all.failures.end(), at->failures.begin(), at->failures.end());
    if (!at->difference.empty())
      all.difference = at->stage + " " + std::to_string(at->number) + ": " + at->difference;
  }
  all.steps = again.steps();
  all.note = again.note();
  return all;
}

/// Cuts a recording's first file of entries.
void cut(const std::string& path, std::uint64_t at) {
  std::filesystem::resize_file(path + "/entries-000001", at);
}

}  // namespace

TEST_CASE("a run that was recorded is repeated with the same effects at each step") {
  const temporary_directory dir;
  runtime_options options = journaled(dir / "journal");
  options.checkpoints.store = directory_store::open(dir / "state").value();
  options.checkpoints.timing.interval = 5ms;
  const settings how{.rate = 100'000};
  const run_summary done = start(watched(dir / "out", how), std::move(options)).wait();
  REQUIRE_FALSE(done.failure);
  REQUIRE(done.checkpoints >= 1);
  std::filesystem::remove_all(dir / "out");

  const auto all = recordings(dir / "journal");
  REQUIRE(all.size() == 1);
  const outcome again = repeated(all[0], watched(dir / "out", how));
  CHECK(again.difference == "");
  CHECK(again.note == "");
  CHECK(again.steps > 20);
  CHECK(again.dead_letters == done.dead_letters);
  CHECK(again.dead_letters == 1);
  // Nothing was written anew.
  CHECK_FALSE(std::filesystem::exists(dir / "out"));
}

TEST_CASE("an event that fails is found at its step, with what was sent and held by then") {
  const temporary_directory dir;
  const settings how{.events = 9'000};
  CHECK_FALSE(start(watched(dir / "out", how), journaled(dir / "journal")).wait().failure);
  const auto all = recordings(dir / "journal");
  REQUIRE(all.size() == 1);
  repeat again{opened(all[0]), watched(dir / "out", how)};
  const auto at = again.to_failure();
  REQUIRE(at);
  CHECK(at->dead_letters == 1);
  CHECK(at->difference == "");
  const std::uint64_t steps = again.steps();
  std::uint64_t saved = 0;
  for (const snapshot_part& p : again.state(at->stage, at->instance)) saved += p.data.size();
  CHECK(saved > 0);
  CHECK(again.metrics(at->stage, at->instance).events_in.get() > 0);
  // It goes on as it was recorded.
  CHECK(again.to_end() == "");
  CHECK(again.steps() > steps);

  repeat once_more{opened(all[0]), watched(dir / "out", how)};
  const auto same = once_more.to(at->number);
  REQUIRE(same);
  CHECK(same->number == at->number);
  CHECK(same->stage == at->stage);
  CHECK(same->dead_letters == 1);
}

TEST_CASE("each restart has a recording of its own, which begins with what was restored") {
  const temporary_directory dir;
  runtime_options options = journaled(dir / "journal");
  options.checkpoints.store = directory_store::open(dir / "state").value();
  options.checkpoints.timing.interval = 5ms;
  options.log = [](const std::string&) {};
  const settings how{.events = 20'000};
  const push_source<reading> pushed;
  auto running = start(watched(dir / "out", how, &pushed), std::move(options));
  for (std::uint64_t i = 0; i < 100; ++i) REQUIRE(pushed.push(reading_of(i)));
  while (running.summary().checkpoints == 0) REQUIRE_FALSE(running.wait_for(1ms));
  REQUIRE(pushed.push(reading_of(poison)));
  REQUIRE(pushed.push(reading_of(101)));
  pushed.close();
  const run_summary done = running.wait();
  REQUIRE_FALSE(done.failure);
  REQUIRE(done.restarts == 1);
  const auto all = recordings(dir / "journal");
  REQUIRE(all.size() == 2);
  const push_source<reading> unread;
  const outcome first = repeated(all[0], watched(dir / "out", how, &unread));
  CHECK(first.difference == "");
  REQUIRE(first.failures.size() == 1);
  CHECK_THAT(first.failures[0], ContainsSubstring("poison at 15000"));
  CHECK(opened(all[0])->start().checkpoint == 0);
  CHECK(opened(all[1])->start().checkpoint > 0);
  CHECK(opened(all[1])->start().attempt == 1);
  const outcome second = repeated(all[1], watched(dir / "out", how, &unread));
  CHECK(second.difference == "");
  // The list of poison says that it has failed before: this time it is put aside.
  CHECK(second.failures.empty());
  CHECK(second.dead_letters >= 1);
}

TEST_CASE("what is pushed and what services answer is in the journal") {
  const temporary_directory dir;
  const auto make = [](const push_source<number>& in, const memory_sink<std::int64_t>& out) {
    pipeline p{"asking"};
    p.from(in)
        .stage("ask", {.parallelism = 2})
        .with_operator<std::int64_t>("asker", asker{})
        .to(out);
    return p;
  };
  const push_source<number> in;
  const memory_sink<std::int64_t> out;
  runtime_options options = journaled(dir / "journal");
  options.services["double"] = [](std::span<const std::byte> request, auto answer) {
    std::int64_t value = 0;
    byte_reader from{request};
    bytes doubled;
    if (decode(from, value)) encode(2 * value, doubled);
    answer(std::move(doubled));
  };
  auto running = start(make(in, out), std::move(options));
  for (std::int64_t i = 0; i < 500; ++i) REQUIRE(in.push({i}));
  running.drain();
  CHECK_FALSE(running.wait().failure);
  REQUIRE(out.values().size() == 500);

  const memory_sink<std::int64_t> again;
  repeat r{opened(recordings(dir / "journal").at(0)), make(push_source<number>{}, again)};
  std::vector<std::int64_t> sent;
  while (const auto at = r.step()) {
    REQUIRE(at->difference == "");
    if (at->stage != "ask") continue;
    for (const std::int64_t n : r.sent<std::int64_t>()) sent.push_back(n);
  }
  std::vector<std::int64_t> wanted = out.values();
  std::sort(wanted.begin(), wanted.end());
  std::sort(sent.begin(), sent.end());
  CHECK(sent == wanted);
  CHECK(again.values().empty());
}

TEST_CASE("what a sink is answered later is in the journal, and when") {
  const temporary_directory dir;
  const auto make = [](const late_sink& out) {
    pipeline p{"late"};
    p.from(generator{reading_of, {.events = 5'000, .rate = 50'000}})
        .map([](const reading& r) { return r.number; })
        .to(out)
        .on_error(directive::retry(3, 0ms))
        .named("out");
    return p;
  };
  const late_sink out;
  CHECK_FALSE(start(make(out), journaled(dir / "journal")).wait().failure);
  CHECK(out.taken->size() == 5'000);

  const late_sink unused;
  const outcome again = repeated(recordings(dir / "journal").at(0), make(unused));
  CHECK(again.difference == "");
  CHECK(again.note == "");
  CHECK(again.steps > 20);
  CHECK(unused.taken->empty());
}

TEST_CASE("a journal that was cut anywhere is repeated up to there") {
  const temporary_directory dir;
  const settings how{.events = 3'000, .rate = 30'000};
  CHECK_FALSE(start(watched(dir / "out", how), journaled(dir / "journal")).wait().failure);
  const auto all = recordings(dir / "journal");
  const outcome whole = repeated(all[0], watched(dir / "out", how));
  REQUIRE(whole.difference == "");
  const std::uint64_t size = std::filesystem::file_size(all[0].path + "/entries-000001");
  std::uint64_t last = whole.steps + 1;
  for (std::uint64_t part = 9; part != 0; --part) {
    cut(all[0].path, size * part / 10 + part);
    const outcome some = repeated(all[0], watched(dir / "out", how));
    INFO("cut to " << part << " tenths");
    CHECK(some.difference == "");
    CHECK(some.steps <= last);
    CHECK(some.steps < whole.steps);
    CHECK_THAT(some.note, ContainsSubstring("torn at byte"));
    last = some.steps;
  }
  CHECK(last < whole.steps / 2);
}

TEST_CASE("a bit that was flipped ends the journal before it") {
  const temporary_directory dir;
  const settings how{.events = 3'000, .rate = 30'000};
  CHECK_FALSE(start(watched(dir / "out", how), journaled(dir / "journal")).wait().failure);
  const auto all = recordings(dir / "journal");
  const std::string path = all[0].path + "/entries-000001";
  const auto flip = [](const std::string& file, std::uint64_t at) {
    std::fstream f{file, std::ios::in | std::ios::out | std::ios::binary};
    f.seekg(static_cast<std::streamoff>(at));
    const char c = static_cast<char>(f.get() ^ 4);
    f.seekp(static_cast<std::streamoff>(at));
    f.put(c);
  };
  flip(path, std::filesystem::file_size(path) / 2);
  const outcome some = repeated(all[0], watched(dir / "out", how));
  CHECK(some.difference == "");
  CHECK_THAT(some.note, ContainsSubstring("torn at byte"));
  flip(all[0].path + "/start", 100);
  const auto damaged = journal::open_recording_at(all[0].path);
  REQUIRE_FALSE(damaged);
  CHECK_THAT(damaged.error().message, ContainsSubstring("is damaged"));
}

TEST_CASE(
    "another pipeline is refused, and another function is found where it does something else") {
  const temporary_directory dir;
  const settings how{.events = 5'000};
  CHECK_FALSE(start(watched(dir / "out", how), journaled(dir / "journal")).wait().failure);
  const auto all = recordings(dir / "journal");
  settings wider = how;
  wider.parallelism = 3;
  CHECK_THROWS_WITH((repeat{opened(all[0]), watched(dir / "out", wider)}),
                    ContainsSubstring("is of another graph of 'watched'"));
  pipeline other{"other"};
  other.from(generator{reading_of, {.events = 1}}).to(memory_sink<reading>{});
  CHECK_THROWS_WITH((repeat{opened(all[0]), std::move(other)}),
                    ContainsSubstring("is of pipeline 'watched', and this is 'other'"));
  settings adding = how;
  adding.added = 1;
  repeat changed{opened(all[0]), watched(dir / "out", adding)};
  CHECK_THAT(changed.to_end(), ContainsSubstring("as many effects, but others"));
  CHECK_FALSE(changed.step());
}

TEST_CASE("a journal that has come to its bound ends its recording, and the run goes on") {
  const temporary_directory dir;
  runtime_options options = journaled(dir / "journal");
  options.journal.max_bytes = 600'000;
  options.journal.segment_bytes = 100'000;
  std::vector<std::string> lines;
  std::mutex mutex;
  options.log = [&](const std::string& line) {
    const std::lock_guard lock{mutex};
    lines.push_back(line);
  };
  const settings how{.events = 60'000, .rate = 200'000};
  const run_summary done = start(watched(dir / "out", how), options).wait();
  CHECK_FALSE(done.failure);
  REQUIRE(lines.size() == 1);
  CHECK_THAT(lines[0], ContainsSubstring("recording 1 ends here: it has come to its bound"));
  auto all = recordings(dir / "journal");
  REQUIRE(all.size() == 1);
  CHECK(all[0].size <= 600'000);
  CHECK(std::filesystem::exists(all[0].path + "/entries-000002"));
  const outcome some = repeated(all[0], watched(dir / "out", how));
  CHECK(some.difference == "");
  CHECK(some.steps > 10);

  // The next run's recording takes the place of the older one.
  const settings few{.events = 100};
  CHECK_FALSE(start(watched(dir / "out", few), options).wait().failure);
  all = recordings(dir / "journal");
  REQUIRE(all.size() == 1);
  CHECK(all[0].number == 2);
  CHECK(repeated(all[0], watched(dir / "out", few)).difference == "");
}

TEST_CASE("a second run can't record into a journal that is in use") {
  const temporary_directory dir;
  const settings how{.events = 1'000'000, .rate = 1'000};
  auto running = start(watched(dir / "out", how), journaled(dir / "journal"));
  const auto second = runtime::start(watched(dir / "out2", how), journaled(dir / "journal"));
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, ContainsSubstring(std::to_string(getpid())));
  running.abort();
  running.wait();
}

TEST_CASE("what a process that is killed had recorded is repeated") {
  const temporary_directory dir;
  const settings how{.events = 10'000'000, .rate = 100'000};
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto running = start(watched(dir / "out", how), journaled(dir / "journal"));
    running.wait();
    _exit(0);
  }
  const auto written = [&] {
    std::error_code none;
    const auto n = std::filesystem::file_size(dir / "journal/recording-1/entries-000001", none);
    return none ? std::uintmax_t{0} : n;
  };
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (written() < 500'000 && std::chrono::steady_clock::now() < end)
    std::this_thread::sleep_for(5ms);
  kill(child, SIGKILL);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFSIGNALED(status));
  const auto all = recordings(dir / "journal");
  REQUIRE(all.size() == 1);
  const outcome some = repeated(all[0], watched(dir / "out", how));
  CHECK(some.difference == "");
  CHECK(some.steps > 10);
}
