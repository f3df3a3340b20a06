// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/scenario.hpp"

#include <algorithm>

namespace weir::test {

namespace {

using splits = std::vector<std::vector<reading>>;

struct bounds {
  duration lower;
  duration upper;

  [[nodiscard]] bool hold(const reading& a, const reading& b) const {
    return a.key == b.key && a.at + lower <= b.at && b.at <= a.at + upper;
  }
};

/// A pair as one event. Values are less than a million.
reading pair_of(const reading& a, const reading* b) {
  return {a.key, a.value * 1'000'000 + (b == nullptr ? 999'999 : b->value), a.at};
}

/// What a left join is: a loop in a loop.
std::vector<reading> pairs_of(const splits& left, const splits& right, const bounds& within) {
  std::vector<reading> pairs;
  for (const reading& a : joined(left)) {
    bool alone = true;
    for (const reading& b : joined(right)) {
      if (!within.hold(a, b)) continue;
      pairs.push_back(pair_of(a, &b));
      alone = false;
    }
    if (alone) pairs.push_back(pair_of(a, nullptr));
  }
  return pairs;
}

/// How many partners an event has at most.
std::uint64_t most_partners(const splits& left, const splits& right, const bounds& within) {
  std::uint64_t most = 1;
  const auto look = [&](const reading& of, const splits& others, auto fits) {
    std::uint64_t n = 0;
    for (const reading& other : joined(others)) n += fits(of, other) ? 1 : 0;
    most = std::max(most, n);
  };
  for (const reading& a : joined(left))
    look(a, right, [&](const reading& x, const reading& y) { return within.hold(x, y); });
  for (const reading& b : joined(right))
    look(b, left, [&](const reading& x, const reading& y) { return within.hold(y, x); });
  return most;
}

/// The events of two streams, each with splits of its own.
struct two_sides {
  splits left;
  splits right;
};
two_sides both(dice& d, std::uint32_t of_a_side, duration disorder) {
  two_sides all{readings(d, usual_size(d), 2 * of_a_side, disorder), {}};
  // Time goes on by 50 µs an event at least, so that no event has a great many partners.
  for (auto& split : all.left)
    for (reading& r : split) r.at += duration{50 * r.value};
  const auto half = all.left.begin() + static_cast<std::ptrdiff_t>(of_a_side);
  all.right = {half, all.left.end()};
  all.left.erase(half, all.left.end());
  return all;
}

/// One split an instance: then a split can't be late by another one's first events.
auto side(dice& d, pipeline& p, const splits& of, duration disorder) {
  return p.from(scripted_source{read_by(d, of)})
      .parallelism(static_cast<std::uint32_t>(of.size()) + few(d, 2) - 1)
      .event_time(&reading::at, bounded_out_of_orderness{disorder})
      .key_by(&reading::key);
}

/// No two events have one time then, and their order is as before. Values are less than 1,000.
void spread(splits& of) {
  for (auto& split : of)
    for (reading& r : split) r.at = timestamp{r.at.time_since_epoch() * 1'000 + duration{r.value}};
}

scenario finish(std::string name, const pipeline& p, const transactional_sink<reading>& out,
                std::vector<reading> wanted) {
  scenario s = make(std::move(name), p, out);
  s.options.streams_in_a_stage = 1;  // what goes to a join
  s.check = [out, wanted = std::move(wanted)](const tallies&) {
    return differ(out.rows(), wanted, "pairs");
  };
  return s;
}

}  // namespace

scenario joined_by_window(dice& d) {
  pipeline p{"join", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const duration disorder{d.one_of<std::int64_t>({0, 50, 2000})};
  const two_sides in = both(d, few(d, 2), disorder);
  const duration size{d.one_of<std::int64_t>({100, 700, 2000})};
  const auto lefts = side(d, p, in.left, disorder).parallelism(few(d, 3));
  lefts.join(side(d, p, in.right, disorder)).window(tumbling{size}).left().apply(pair_of).to(out);

  const auto window_of = [size](const reading& r) {
    const auto since = r.at.time_since_epoch();
    return since / size - (since % size < duration{0} ? 1 : 0);
  };
  std::vector<reading> wanted;
  for (const reading& a : joined(in.left)) {
    bool alone = true;
    for (const reading& b : joined(in.right)) {
      if (a.key != b.key || window_of(a) != window_of(b)) continue;
      wanted.push_back(pair_of(a, &b));
      alone = false;
    }
    if (alone) wanted.push_back(pair_of(a, nullptr));
  }
  return finish("joined by window", p, out, std::move(wanted));
}

scenario joined_with_versions(dice& d) {
  pipeline p{"join", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const duration disorder{d.one_of<std::int64_t>({0, 50, 2000})};
  two_sides in = both(d, few(d, 2), disorder);
  spread(in.left);
  spread(in.right);
  const duration late = (disorder + duration{1}) * 1'000;
  const auto lefts = side(d, p, in.left, late).parallelism(few(d, 3));
  lefts.join(side(d, p, in.right, late).to_table()).as_of().left().apply(pair_of).to(out);

  std::vector<reading> wanted;
  for (const reading& a : joined(in.left)) {
    const auto versions = joined(in.right);
    const reading* valid = nullptr;
    for (const reading& b : versions)
      if (a.key == b.key && b.at <= a.at && (valid == nullptr || valid->at < b.at)) valid = &b;
    wanted.push_back(pair_of(a, valid));
  }
  return finish("joined with versions", p, out, std::move(wanted));
}

scenario joined_by_interval(dice& d) {
  pipeline p{"join", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const duration disorder{d.one_of<std::int64_t>({0, 50, 2000})};
  const std::uint32_t of_a_side = few(d, 2);
  splits left = readings(d, usual_size(d), 2 * of_a_side, disorder);
  // Time goes on by 50 µs an event at least, so that no event has a great many partners.
  for (auto& split : left)
    for (reading& r : split) r.at += duration{50 * r.value};
  const auto half = left.begin() + static_cast<std::ptrdiff_t>(of_a_side);
  const splits right{half, left.end()};
  left.erase(half, left.end());

  const bounds within{duration{-d.one_of<std::int64_t>({0, 100, 1000})},
                      duration{d.one_of<std::int64_t>({0, 100, 1000})}};
  // One split an instance: then a split can't be late by another one's first events.
  const auto side = [&](const splits& of) {
    return p.from(scripted_source{read_by(d, of)})
        .parallelism(of_a_side + few(d, 2) - 1)
        .event_time(&reading::at, bounded_out_of_orderness{disorder})
        .key_by(&reading::key);
  };
  const auto lefts = side(left).parallelism(few(d, 3));
  const auto rights = side(right);
  lefts.join(rights).within(within.lower, within.upper).left().apply(pair_of).to(out);

  scenario s = make("joined by interval", p, out);
  s.options.streams_in_a_stage = 1;  // what goes to a join
  s.options.outputs_of_one_event = most_partners(left, right, within);
  s.check = [out, wanted = pairs_of(left, right, within)](const tallies&) {
    return differ(out.rows(), wanted, "pairs");
  };
  return s;
}

}  // namespace weir::test
