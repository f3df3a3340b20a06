// SPDX-License-Identifier: BSD-3-Clause
// Dead letters come back to where they were refused: through running actors.
#include "support/temporary_directory.hpp"
#include "weir/checkpoints/directory_store.hpp"
#include "weir/weir.hpp"

#include <catch2/catch_test_macros.hpp>

#include <algorithm>
#include <map>
#include <stdexcept>

using namespace weir;
using weir::test::temporary_directory;
using namespace std::chrono_literals;

namespace {

struct item {
  std::uint64_t number = 0;
  std::uint64_t key = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(item, (), (number, key, at))

item item_of(std::uint64_t i) {
  return {i, i % 7, timestamp{std::chrono::milliseconds{static_cast<std::int64_t>(i)}}};
}

struct tally {
  std::uint64_t key = 0;
  std::uint64_t sum = 0;
};
BOOST_DESCRIBE_STRUCT(tally, (), (key, sum))

/// The sum of the numbers of each key so far.
struct summing {
  using output = tally;
  value_state<std::uint64_t> sum{"sum"};
  std::uint64_t refuses = 0;  ///< Multiples of it; 0 for none.
  auto states() { return std::tie(sum); }
  void on_event(const item& i, process_context<std::uint64_t, tally>& c) {
    if (refuses != 0 && i.number % refuses == 0) throw std::runtime_error("not this one");
    sum.update([&](std::uint64_t& n) { n += i.number; });
    c.emit({i.key, *sum.get()});
  }
};

using numbers = memory_sink<std::uint64_t>;

run_summary run(pipeline p, runtime_options options = {}) {
  options.log = [](const std::string&) {};
  auto running = runtime::start(std::move(p), std::move(options));
  REQUIRE(running);
  return running->wait();
}

/// Runs a pipeline and returns its dead letters.
std::vector<dead_letter> letters_of(pipeline p) {
  runtime_options options;
  options.log = [](const std::string&) {};
  auto running = runtime::start(std::move(p), std::move(options));
  REQUIRE(running);
  REQUIRE_FALSE(running->wait().failure);
  return running->dead_letters();
}

runtime_options replaying(std::vector<dead_letter> letters) {
  runtime_options options;
  options.replay = std::move(letters);
  return options;
}

std::vector<std::uint64_t> sorted(std::vector<std::uint64_t> v) {
  std::sort(v.begin(), v.end());
  return v;
}

}  // namespace

TEST_CASE("events that a function refused come back to its chain, and nothing is read") {
  const auto make = [](bool broken, const numbers& to) {
    pipeline p{"p"};
    p.from(generator{item_of, {.events = 100}})
        .map([](const item& i) { return i; })
        .map([broken](const item& i) {
          if (broken && i.number % 30 == 0) throw std::runtime_error("no");
          return i.number;
        })
        .named("fails")
        .to(to);
    return p;
  };
  numbers first;
  const auto letters = letters_of(make(true, first));
  REQUIRE(letters.size() == 4);
  CHECK(letters[1].source == "generator-0");
  CHECK(letters[1].offset == 30);
  CHECK_FALSE(letters[1].at_operator);
  numbers second;
  const run_summary done = run(make(false, second), replaying(letters));
  REQUIRE_FALSE(done.failure);
  CHECK(done.events_read == 0);
  CHECK(done.replayed == 4);
  CHECK(done.dead_letters == 0);
  CHECK(second.values() == std::vector<std::uint64_t>{0, 30, 60, 90});
}

TEST_CASE("what fails again is a dead letter again, where it was read the first time") {
  const auto make = [](std::uint64_t refused) {
    pipeline p{"p"};
    p.from(generator{item_of, {.events = 100}})
        .map([refused](const item& i) {
          if (i.number % refused == 0) throw std::runtime_error("no");
          return i.number;
        })
        .named("fails")
        .to(numbers{});
    return p;
  };
  auto options = replaying(letters_of(make(30)));
  options.log = [](const std::string&) {};
  auto running = runtime::start(make(60), std::move(options)).value();
  const run_summary done = running.wait();
  CHECK(done.replayed == 4);
  CHECK(done.dead_letters == 2);
  const auto again = running.dead_letters();
  REQUIRE(again.size() == 2);
  CHECK(again[1].offset == 60);
  CHECK(again[1].source == "generator-0");
}

TEST_CASE("a result that fails behind its window comes back behind the window") {
  const auto make = [](bool broken, const numbers& to) {
    pipeline p{"p", {.parallelism = 2}};
    p.from(generator{item_of, {.events = 100}})
        .event_time(&item::at, bounded_out_of_orderness{0s})
        .key_by(&item::key)
        .window(tumbling{10ms})
        .aggregate(sum(&item::number))
        .named("sums")
        .map([broken](const window_result<std::uint64_t, std::uint64_t>& r) {
          if (broken && r.key == 3) throw std::runtime_error("three");
          return r.value;
        })
        .named("fails")
        .to(to);
    return p;
  };
  numbers all, most, rest;
  REQUIRE_FALSE(run(make(false, all)).failure);
  const auto letters = letters_of(make(true, most));
  REQUIRE_FALSE(letters.empty());
  CHECK(letters[0].operator_name == "fails");
  CHECK(letters[0].at_operator);
  const run_summary done = run(make(false, rest), replaying(letters));
  CHECK(done.replayed == letters.size());
  CHECK(done.window_results == 0);
  std::vector<std::uint64_t> both = most.values();
  for (const std::uint64_t v : rest.values()) both.push_back(v);
  CHECK(sorted(both) == sorted(all.values()));
}

TEST_CASE("with checkpoints, state goes on with what is replayed, once, at any parallelism") {
  const temporary_directory dir;
  const auto make = [](std::uint64_t refuses, std::uint32_t parallelism,
                       const memory_sink<tally>& to) {
    pipeline p{"p", {.parallelism = parallelism}};
    p.from(generator{item_of, {.events = 1'000}})
        .named("items")
        .key_by(&item::key)
        .process(summing{.refuses = refuses})
        .named("summing")
        .to(to)
        .named("out");
    return p;
  };
  const auto sums = [](const memory_sink<tally>& of) {
    std::map<std::uint64_t, std::uint64_t> last;
    for (const tally& t : of.values()) last[t.key] = std::max(last[t.key], t.sum);
    return last;
  };
  memory_sink<tally> all;
  REQUIRE_FALSE(run(make(0, 1, all)).failure);

  const auto with_store = [&](std::vector<dead_letter> letters = {}) {
    runtime_options options = replaying(std::move(letters));
    options.log = [](const std::string&) {};
    options.checkpoints.store = directory_store::open(dir / "state").value();
    return options;
  };
  std::vector<dead_letter> letters;
  {
    auto running = runtime::start(make(10, 2, {}), with_store()).value();
    REQUIRE_FALSE(running.wait().failure);
    letters = running.dead_letters();
    REQUIRE(letters.size() == 100);
  }
  // The last twelve are of all keys.
  std::sort(letters.begin(), letters.end(), [](const dead_letter& a, const dead_letter& b) {
    return from_json<item>(a.text)->number < from_json<item>(b.text)->number;
  });
  for (const std::uint32_t parallelism : {3U, 1U, 4U}) {
    const std::size_t half = letters.size() / 2;
    const std::vector now(letters.begin(), letters.begin() + static_cast<std::ptrdiff_t>(half));
    letters.erase(letters.begin(), letters.begin() + static_cast<std::ptrdiff_t>(half));
    const run_summary done = run(make(0, parallelism, {}), with_store(now));
    REQUIRE_FALSE(done.failure);
    CHECK(done.checkpoints == 1);
    CHECK(done.replayed == now.size());
  }
  memory_sink<tally> last;
  const run_summary done = run(make(0, 2, last), with_store(letters));
  REQUIRE_FALSE(done.failure);
  CHECK(sums(last) == sums(all));
}

TEST_CASE("a replay that fails leaves nothing behind, and can be done again") {
  const temporary_directory dir;
  const auto make = [](int how, const memory_sink<tally>& to) {
    pipeline p{"p"};
    p.from(generator{item_of, {.events = 100}})
        .named("items")
        .key_by(&item::key)
        .process(summing{.refuses = how == 0 ? 10U : 0U})
        .named("summing")
        .map([how](const tally& t) {
          if (how == 1 && t.key == 6) throw std::runtime_error("worse");
          return t;
        })
        .named("checked")
        .on_error(how == 1 ? directive::stop() : directive::to_dead_letters())
        .to(to)
        .named("out");
    return p;
  };
  const auto with_store = [&](std::vector<dead_letter> letters = {}) {
    runtime_options options = replaying(std::move(letters));
    options.log = [](const std::string&) {};
    options.checkpoints.store = directory_store::open(dir / "state").value();
    return options;
  };
  std::vector<dead_letter> letters;
  {
    auto running = runtime::start(make(0, {}), with_store()).value();
    REQUIRE_FALSE(running.wait().failure);
    letters = running.dead_letters();
    REQUIRE(letters.size() == 10);
  }
  const run_summary broken = run(make(1, {}), with_store(letters));
  REQUIRE(broken.failure);
  CHECK(broken.checkpoints == 0);
  memory_sink<tally> out;
  REQUIRE_FALSE(run(make(2, out), with_store(letters)).failure);
  std::map<std::uint64_t, std::uint64_t> sums, wanted;
  for (std::uint64_t i = 0; i < 100; ++i) wanted[i % 7] += i;
  for (const tally& t : out.values()) sums[t.key] = std::max(sums[t.key], t.sum);
  for (const auto& [key, sum] : sums) CHECK(sum == wanted[key]);
  CHECK(out.values().size() == 10);
}

namespace later {
/// `item` as a later version of the program has it.
struct item {
  std::uint64_t number = 0;
  double weight = 2.5;
  std::uint64_t key = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(item, (), (number, weight, key, at))
}  // namespace later

TEST_CASE("an event comes back though its type has got a member since") {
  pipeline before{"p"};
  before.from(generator{item_of, {.events = 3}})
      .map([](const item& i) -> std::uint64_t { throw std::runtime_error(std::to_string(i.key)); })
      .named("fails")
      .to(numbers{});
  auto letters = letters_of(std::move(before));
  REQUIRE(letters.size() == 3);
  for (dead_letter& l : letters) l.type = type_name<later::item>();  // only its members changed
  memory_sink<double> out;
  pipeline after{"p"};
  after.from(generator{[](std::uint64_t i) {
                         return later::item{i, 0, 0, {}};
                       },
                       {.events = 3}})
      .map([](const later::item& i) { return i.weight + static_cast<double>(i.number); })
      .named("fails")
      .to(out);
  CHECK(run(std::move(after), replaying(letters)).replayed == 3);
  CHECK(out.values() == std::vector{2.5, 3.5, 4.5});
}

TEST_CASE("what has no place any more is refused before anything starts, or kept with the reason") {
  const auto make = [](const std::string& name) {
    pipeline p{"p"};
    p.from(generator{item_of, {.events = 3}})
        .named("items")
        .map(
            [](const item& i) -> std::uint64_t { throw std::runtime_error(std::to_string(i.key)); })
        .named(name)
        .to(numbers{});
    return p;
  };
  auto letters = letters_of(make("fails"));
  REQUIRE(letters.size() == 3);
  // The stage is there, the operator isn't.
  runtime_options options = replaying(letters);
  options.log = [](const std::string&) {};
  pipeline renamed{"p"};
  renamed.from(generator{item_of, {.events = 3}})
      .named("items")
      .map([](const item& i) { return i.number; })
      .named("other")
      .to(numbers{});
  for (dead_letter& l : options.replay) l.stage = renamed.build().value().plan().stages[0].name;
  auto running = runtime::start(std::move(renamed), std::move(options)).value();
  CHECK(running.wait().dead_letters == 3);
  const auto again = running.dead_letters();
  REQUIRE(again.size() == 3);
  CHECK(again[0].error.find("can't be replayed: nothing in the stage takes") == 0);
  CHECK(again[0].event == letters[0].event);
  CHECK(again[0].offset == letters[0].offset);

  for (dead_letter& l : letters) l.stage = "gone";
  const auto refused = runtime::start(make("fails"), replaying(letters));
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message.find("the pipeline has no stage of that name") !=
        std::string::npos);
}

namespace {

/// A sink that refuses what is not allowed.
struct picky {
  std::shared_ptr<std::vector<std::uint64_t>> taken =
      std::make_shared<std::vector<std::uint64_t>>();
  bool strict = true;

  struct writer final : plain_writer<std::uint64_t> {
    writer(std::shared_ptr<std::vector<std::uint64_t>> to, bool how)
        : to_(std::move(to)), strict_(how) {}
    written write(std::span<const std::uint64_t> events, std::span<const timestamp>) override {
      return write_each(events, [&](std::uint64_t n) {
        if (strict_ && n % 4 == 0) throw std::runtime_error("a multiple of four");
        to_->push_back(n);
      });
    }
    std::shared_ptr<std::vector<std::uint64_t>> to_;
    bool strict_;
  };
  template <class T>
  [[nodiscard]] std::unique_ptr<sink_writer<T>> make_writer(const sink_instance&) const {
    return std::make_unique<writer>(taken, strict);
  }
  [[nodiscard]] std::string kind() const { return "picky"; }
  [[nodiscard]] bool blocking() const { return false; }
};

}  // namespace

TEST_CASE("what a sink refused comes back to the sink") {
  const auto make = [](const picky& to) {
    pipeline p{"p"};
    p.from(generator{[](std::uint64_t i) { return i; }, {.events = 10}}).to(to).named("picky");
    return p;
  };
  const auto letters = letters_of(make({}));
  REQUIRE(letters.size() == 3);
  picky mended{.strict = false};
  CHECK(run(make(mended), replaying(letters)).replayed == 3);
  CHECK(*mended.taken == std::vector<std::uint64_t>{0, 4, 8});
}

TEST_CASE("late events are dead letters where that is configured, and only there") {
  const auto make = [](bool configured) {
    pipeline p{"p"};
    std::vector<item> items;
    for (std::uint64_t i = 0; i < 3'000; ++i) items.push_back(item_of(i));
    items.push_back(item_of(5));
    auto keyed = p.from(memory_source{items})
                     .event_time(&item::at, bounded_out_of_orderness{0s})
                     .key_by(&item::key);
    const auto write = [](auto windowed) {
      windowed.aggregate(count{})
          .named("counts")
          .map([](const window_result<std::uint64_t, std::uint64_t>& r) { return r.value; })
          .to(numbers{});
    };
    if (configured)
      write(keyed.window(tumbling{10ms}).late_to(as_dead_letters));
    else
      write(keyed.window(tumbling{10ms}));
    return p;
  };
  CHECK(letters_of(make(false)).empty());
  const auto letters = letters_of(make(true));
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].operator_name == "counts");
  CHECK(letters[0].error.find("late: its time is 1970-01-01T00:00:00.005Z") == 0);
  CHECK(letters[0].at_operator);
  // Without a checkpoint the windows are empty, and time has not begun.
  const run_summary done = run(make(true), replaying(letters));
  CHECK(done.replayed == 1);
  CHECK(done.window_results == 1);
  CHECK(done.late_events == 0);
}

TEST_CASE("an event of a join comes back by the input that it came by") {
  const auto make = [](bool broken, const memory_sink<std::uint64_t>& to) {
    pipeline p{"p", {.parallelism = 2}};
    auto left = p.from(generator{item_of, {.events = 20}})
                    .named("left")
                    .event_time(&item::at, bounded_out_of_orderness{0s})
                    .key_by(&item::key);
    auto right = p.from(generator{item_of, {.events = 20}})
                     .named("right")
                     .event_time(&item::at, bounded_out_of_orderness{0s})
                     .key_by(&item::key);
    left.join(right)
        .within(0ms, 0ms)
        .apply([broken](const item& a, const item& b) {
          if (broken && a.number % 5 == 0) throw std::runtime_error("five");
          return a.number + b.number;
        })
        .named("joined")
        .to(to);
    return p;
  };
  memory_sink<std::uint64_t> all, most, rest;
  REQUIRE_FALSE(run(make(false, all)).failure);
  const auto letters = letters_of(make(true, most));
  REQUIRE(letters.size() == 4);
  for (const dead_letter& l : letters) CHECK(l.input <= 1);
  // Its partner is in the state of the join, which a run without checkpoints begins without.
  const run_summary done = run(make(false, rest), replaying(letters));
  CHECK(done.replayed == 4);
  CHECK(done.dead_letters == 0);
}
