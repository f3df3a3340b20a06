// SPDX-License-Identifier: BSD-3-Clause
// Who applies the changes that windows emit must have the table of results that the windows would
// have in the end.
#include "windows/shapes.hpp"

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

constexpr int plays = 700;

std::string row_text(const bag_row& r) { return say(r.key, r.window, r.value) + say(r.pane); }

/// Applies changes strictly: what is inserted must not be there, what goes must be there.
class table {
public:
  void apply(const change<bag_row>& c) {
    if (c.kind == change_kind::update) {
      take_out(c.previous ? row_text(*c.previous) : "nothing");
      put_in(row_text(c.value));
    } else if (c.kind == change_kind::insert) {
      put_in(row_text(c.value));
    } else {
      take_out(row_text(c.value));
    }
  }
  /// Without their panes.
  [[nodiscard]] std::multiset<std::string> rows() const {
    std::multiset<std::string> all;
    for (const std::string& r : rows_) all.insert(r.substr(0, r.find(" #")));
    return all;
  }
  [[nodiscard]] const std::string& wrong() const { return wrong_; }

private:
  void put_in(const std::string& r) {
    if (rows_.contains(r)) wrong_ += "inserted twice: " + r + "\n";
    rows_.insert(r);
  }
  void take_out(const std::string& r) {
    if (!rows_.contains(r)) wrong_ += "not there: " + r + "\n";
    rows_.erase(r);
  }
  std::multiset<std::string> rows_;
  std::string wrong_;
};

template <class Make>
void compare_tables(int n, std::uint64_t first_seed, Make make) {
  for (std::uint64_t seed = first_seed; seed < first_seed + static_cast<std::uint64_t>(n); ++seed) {
    std::mt19937_64 random{seed};
    const std::vector<act> play = random_play(random, {});
    auto [build, model] = make(random);
    operator_options options;
    options.pipeline.key_groups = 8;
    subject s{std::move(build), options, late_blips};
    auto run = s.run();
    table t;
    for (const act& a : play) {
      if (const auto* e = std::get_if<arrival>(&a)) run.push(e->event, e->at);
      if (const auto* w = std::get_if<watermark_at>(&a)) run.push_watermark(w->at);
      if (const auto* r = std::get_if<restart>(&a)) {
        options.pipeline.parallelism = r->parallelism;
        auto next = run.restarted(options);
        run = std::move(next);
      }
      for (const auto& o : run.outputs()) t.apply(o.value);
    }
    INFO("seed " << seed << "\n" << t.wrong());
    REQUIRE(t.wrong().empty());
    static_cast<void>(model(play));
    REQUIRE(t.rows() == model.table);
  }
}

}  // namespace

TEST_CASE("changes of sessions that late events merge add up to the sessions") {
  compare_tables(plays, 50000, [](std::mt19937_64& random) {
    const std::int64_t gap = pick(random, 1, 25);
    naive_windows model = model_of_sessions(touching::merge, [=](const blip&) { return gap; });
    const duration lateness = random_lateness(random, model, 80);
    model.early_events = pick(random, 1, 4);
    const every_events early{static_cast<std::uint64_t>(model.early_events)};
    return std::pair{[=](stream<blip> in) {
                       return in.key_by(&blip::key)
                           .window(session{duration{gap}})
                           .allowed_lateness(lateness)
                           .early(early)
                           .late_to(late_blips)
                           .aggregate_changes(bag{});
                     },
                     model};
  });
}

TEST_CASE("changes of hopping windows with late events add up to the windows") {
  compare_tables(plays, 52000, [](std::mt19937_64& random) {
    const hopping_shape shape = random_hopping(random);
    naive_windows model = model_of(shape);
    const duration lateness = random_lateness(random, model, 80);
    return std::pair{[=](stream<blip> in) {
                       return in.key_by(&blip::key)
                           .window(shape.windows())
                           .allowed_lateness(lateness)
                           .late_to(late_blips)
                           .aggregate_changes(bag{});
                     },
                     model};
  });
}
