// SPDX-License-Identifier: BSD-3-Clause
#include "weir/windows/pane_queue.hpp"
#include "windows/play.hpp"

#include <map>
#include <optional>
#include <stdexcept>

using namespace weir;
using namespace weir::test;

namespace {

/// Strings values together, so that a merge in the wrong order shows; throws when told to.
struct string_fold {
  using accumulator = std::string;
  mutable std::int64_t merges = 0;
  std::int64_t throws_at = -1;

  [[nodiscard]] accumulator init() const { return {}; }
  void add(accumulator& acc, const blip& b, timestamp) const {
    acc += std::to_string(b.value) + ",";
  }
  void merge(accumulator& acc, const accumulator& other) const {
    acc += other;
    if (++merges == throws_at) throw std::runtime_error{"cannot merge"};
  }
};
using queue = operators::pane_queue<blip, string_fold>;

/// The panes, and the values of each.
struct model {
  std::map<std::int64_t, std::string> panes;

  [[nodiscard]] std::optional<std::string> between(std::int64_t from, std::int64_t to) const {
    std::optional<std::string> all;
    for (const auto& [start, values] : panes)
      if (start >= from && start < to) all = all.value_or("") + values;
    return all;
  }
  [[nodiscard]] timestamp first_from(std::int64_t t) const {
    const auto at = panes.lower_bound(t);
    return at == panes.end() ? max_timestamp : tick(at->first);
  }
};

/// What a window that moves on by one at each firing gives; `late` of 100 events go to panes that
/// firings have passed.
void play_queue(std::uint64_t seed, std::uint32_t early, std::uint64_t late) {
  std::mt19937_64 random{seed};
  const std::int64_t size = 1 + static_cast<std::int64_t>(random() % 200);
  const string_fold fold;
  queue q;
  model m;
  q.turn_early(early);
  std::int64_t value = 0;
  const auto add = [&](std::int64_t at) {
    q.add(fold, tick(at), tick(at), {0, ++value}, tick(at));
    m.panes[at] += std::to_string(value) + ",";
  };
  for (std::int64_t end = 1; end < 600; ++end) {
    INFO("seed " << seed << ", early " << early << ", window [" << end - size << "," << end << ")");
    while (random() % 3 != 0) add(end - 1);
    if (random() % 100 < late)
      add(end - 1 - static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(size)));
    const std::int64_t from = end - size;
    const auto some = from + static_cast<std::int64_t>(random() % 210);
    REQUIRE(q.first_from(tick(some)) == m.first_from(some));
    std::optional<std::string> fired;
    q.fire(fold, tick(from), tick(end), [&](const std::string& all) { fired = all; });
    m.panes.erase(m.panes.begin(), m.panes.lower_bound(from));
    REQUIRE(fired == m.between(from, end));
    if (random() % 100 != 0) continue;
    bytes saved;
    q.save(saved);
    q = {};
    q.turn_early(early);
    byte_reader reader{saved};
    REQUIRE(q.load(reader));
  }
}

}  // namespace

TEST_CASE("a queue of panes gives each window its panes in order, turned over early or not") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    play_queue(seed, 0, 0);
    play_queue(seed, static_cast<std::uint32_t>(seed % 70), 0);
    play_queue(seed, static_cast<std::uint32_t>(seed % 70), 5);
  }
}

TEST_CASE("queues that turn early do so at different times") {
  // The most merges of one firing, summed over queues that began together.
  const auto most_at_once = [](bool early) {
    const string_fold fold;
    std::vector<queue> queues(100);
    for (std::uint32_t i = 0; early && i < 100; ++i) queues[i].turn_early(i * 5);
    std::int64_t most = 0;
    for (std::int64_t end = 1; end < 1'200; ++end) {
      const std::int64_t before = fold.merges;
      for (queue& q : queues) {
        q.add(fold, tick(end - 1), tick(end - 1), {0, 1}, tick(end - 1));
        q.fire(fold, tick(end - 500), tick(end), [](const std::string&) {});
      }
      most = std::max(most, fold.merges - before);
    }
    return most;
  };
  CHECK(most_at_once(false) > 45'000);  // all turn over 500 panes
  CHECK(most_at_once(true) < 2'000);    // one does, perhaps two
}

TEST_CASE("a merge that throws costs a firing and not the panes") {
  for (std::int64_t at = 1; at < 40; ++at) {
    INFO("merge " << at << " throws");
    string_fold fold;
    fold.throws_at = at;
    queue q;
    model m;
    q.turn_early(4);
    for (std::int64_t end = 1; end < 30; ++end) {
      q.add(fold, tick(end - 1), tick(end - 1), {0, end}, tick(end - 1));
      m.panes[end - 1] = std::to_string(end) + ",";
      std::optional<std::string> fired;
      try {
        q.fire(fold, tick(end - 10), tick(end), [&](const std::string& all) { fired = all; });
      } catch (const std::runtime_error&) {
        continue;
      }
      REQUIRE(fired == m.between(end - 10, end));
    }
    REQUIRE(fold.merges >= at);
  }
}
