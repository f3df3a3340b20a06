// SPDX-License-Identifier: BSD-3-Clause
// How far two inputs of a stage may come apart that were read together.
#include "joins/play.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr std::uint64_t events = 200'000;
constexpr std::int64_t each = 16;  ///< One event of so many opens a case, the others are of a case.

struct numbered {
  std::int64_t number = 0;
};
BOOST_DESCRIBE_STRUCT(numbered, (), (number))

struct opening {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(opening, (), (id))

struct note {
  std::int64_t id = 0;
};
BOOST_DESCRIBE_STRUCT(note, (), (id))

/// Emits the notes that come before their case was opened.
struct early_notes {
  using output = note;
  using context = process_context<std::int64_t, note>;
  value_state<bool> open{"open"};
  auto states() { return std::tie(open); }

  void on_event(const opening&, context&) { open.put(true); }
  void on_event(const note& n, context& c) {
    if (open.get() == nullptr) c.emit(n);
  }
};

/// How many notes are early, of sources and instances in that number. A note is of a case that was
/// opened `age` events before.
std::size_t count_early(std::uint32_t parallelism, std::int64_t age, std::uint64_t seed) {
  pipeline p{"cases", {.parallelism = parallelism}};
  stream<numbered> all =
      p.from(generator{[](std::uint64_t i) { return numbered{static_cast<std::int64_t>(i)}; },
                       {.events = events, .splits = parallelism}})
          .named("all")
          .parallelism(parallelism)
          .event_time([](const numbered& n) { return timestamp{n.number * 1ms}; },
                      monotonous_timestamps{})
          .named("timed");
  auto notes =
      all.filter([age](const numbered& n) { return n.number % each != 0 && n.number > age; })
          .map([age](const numbered& n) { return note{(n.number - age) / each}; });
  test_sink<note> early;
  all.filter([](const numbered& n) { return n.number % each == 0; })
      .map([](const numbered& n) { return opening{n.number / each}; })
      .key_by(&opening::id)
      .connect(std::move(notes).key_by(&note::id))
      .process(early_notes{})
      .named("early")
      .to(early);
  const auto done = simulate(p, {.seed = seed});
  INFO(done.problem);
  REQUIRE(done.finished());
  return early.values().size();
}

}  // namespace

TEST_CASE("the rare events of a source come with the many that it had with them") {
  // An output has what the source's last batch but one brought, at the least.
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    INFO("seed " << seed);
    CHECK(count_early(1, 2'100, seed) == 0);
  }
}

TEST_CASE("two sources that are read alike stay together in event time") {
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    INFO("seed " << seed);
    CHECK(count_early(2, 2'100, seed) < events / 5);
  }
}
