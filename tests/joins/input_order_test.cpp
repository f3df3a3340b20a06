// SPDX-License-Identifier: BSD-3-Clause
// How far two inputs of a stage come apart that were read together.
#include "joins/play.hpp"
#include "weir/test/stage_run.hpp"

#include <set>

using namespace weir;
using namespace weir::test;

namespace {

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

struct nothing {
  using output = note;
  using context = process_context<std::int64_t, note>;
  void on_event(const opening&, context&) {}
  void on_event(const note&, context&) {}
};

/// A source whose events go two ways to one stage: cases that are opened, and notes, each of a case
/// that was opened `age` events before.
pipeline cases(std::int64_t age) {
  pipeline p{"cases", {.parallelism = 2}};
  stream<numbered> all =
      p.from(generator{[](std::uint64_t i) { return numbered{static_cast<std::int64_t>(i)}; },
                       {.events = 100'000}})
          .named("all");
  auto notes =
      all.filter([age](const numbered& n) { return n.number % each != 0 && n.number > age; })
          .map([age](const numbered& n) { return note{(n.number - age) / each}; });
  all.filter([](const numbered& n) { return n.number % each == 0; })
      .map([](const numbered& n) { return opening{n.number / each}; })
      .key_by(&opening::id)
      .connect(std::move(notes).key_by(&note::id))
      .process(nothing{})
      .named("cases")
      .to(test_sink<note>{});
  return p;
}

/// How many notes a source sends before their case.
std::size_t count_early(std::int64_t age, std::size_t& frames) {
  stage_run source{cases(age), "all"};
  source.grant_all();
  source.work();
  std::set<std::int64_t> open;
  std::size_t early = 0;
  for (const flow::frame& f : source.effects().frames) {
    if (!f.body) continue;
    ++frames;
    if (const auto* made = dynamic_cast<const flow::batch_body<opening>*>(f.body.get()))
      for (const opening& o : made->events.values) open.insert(o.id);
    else
      for (const note& n : dynamic_cast<const flow::batch_body<note>&>(*f.body).events.values)
        early += !open.contains(n.id);
  }
  REQUIRE(open.size() == 100'000 / each);
  return early;
}

}  // namespace

TEST_CASE("the few events that a source has for a stage come with the many of the same time") {
  std::size_t frames = 0;
  // What is handed from consumer to consumer is a batch, and another may be in the source.
  CHECK(count_early(2'100, frames) == 0);
  CHECK(frames >= 2 * 85);  // of notes; as many of cases go with them
  CHECK(frames < 2 * 2 * 105);
}
