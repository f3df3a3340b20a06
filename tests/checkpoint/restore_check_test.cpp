// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/restore_check.hpp"

#include "weir/stream.hpp"

#include <catch2/catch_test_macros.hpp>

#include <boost/describe/class.hpp>

using namespace weir;

namespace {

struct sale {
  std::string shop;
  double price = 0;
};
BOOST_DESCRIBE_STRUCT(sale, (), (shop, price))

struct names {
  std::string pipeline = "sales";
  std::string totals = "totals";
  bool another_map = false;
  std::uint32_t groups = 128;
  std::uint32_t parallelism = 1;
};

plan plan_of(const names& n) {
  pipeline p{n.pipeline, {.parallelism = n.parallelism, .key_groups = n.groups}};
  auto sold = p.from(memory_source{std::vector<sale>{}}).named("sales").filter([](const sale& s) {
    return s.price > 0;
  });
  stream<sale> all = std::move(sold);
  if (n.another_map) all = all.map([](const sale& s) { return s; }).stage("further", {});
  auto keyed = all.key_by(&sale::shop);
  auto reduced = keyed.reduce([](const sale& a, const sale& b) {
    return sale{a.shop, a.price + b.price};
  });
  if (n.totals.empty())
    std::move(reduced).to(memory_sink<sale>{}).named("out");
  else
    std::move(reduced).named(n.totals).to(memory_sink<sale>{}).named("out");
  return p.build().value().plan();
}

checkpoint taken_of(const plan& p) {
  checkpoint c{manifest_of(p), {}};
  c.manifest.id = 5;
  for (const stage_plan& s : p.stages)
    for (const operator_plan& o : s.operators)
      if (o.stateful) c.parts.push_back({o.id, "state", state_kind::list, 0, bytes(10)});
  return c;
}

std::string refusal(const names& before, const names& after, bool drop = false) {
  const auto checked = check_restore(plan_of(after), taken_of(plan_of(before)), drop);
  return checked ? "" : checked.error().message;
}

bool mentions(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

}  // namespace

TEST_CASE("the same pipeline goes on from its checkpoint, whatever its parallelism") {
  CHECK(refusal({}, {}) == "");
  CHECK(refusal({.parallelism = 2}, {.parallelism = 4}) == "");
}

TEST_CASE("named operators find their state on a changed graph") {
  CHECK(refusal({}, {.another_map = true}) == "");
}

TEST_CASE("operators without a name are restored on the same graph only") {
  CHECK(refusal({.totals = ""}, {.totals = ""}) == "");
  CHECK(mentions(refusal({.totals = ""}, {.totals = "", .another_map = true}), ".named("));
}

TEST_CASE("another pipeline's checkpoint, and another number of key groups, are refused") {
  CHECK(mentions(refusal({.pipeline = "stocks"}, {}), "'stocks'"));
  CHECK(mentions(refusal({.groups = 64}, {}), "64 key groups"));
}

TEST_CASE(
    "state that nobody takes is refused unless it may be dropped, and the report says what "
    "becomes of what") {
  const std::string text = refusal({.totals = "sums"}, {});
  CHECK(mentions(text, "'sums'"));
  CHECK(mentions(text, "--allow-dropped-state"));
  const auto report = check_restore(plan_of({}), taken_of(plan_of({.totals = "sums"})), true);
  REQUIRE(report);
  const std::string all = report->text();
  CHECK(mentions(all, "sums (reduce): 10 bytes of state dropped"));
  CHECK(mentions(all, "totals (reduce): begins empty"));
  CHECK(mentions(all, "out (memory-sink): 10 bytes of state"));
}

TEST_CASE("a name that means another kind of operator now is refused") {
  CHECK(mentions(refusal({.totals = "sums"}, {.totals = "totals"}), "'sums'"));
  plan changed = plan_of({});
  for (stage_plan& s : changed.stages)
    for (operator_plan& o : s.operators)
      if (o.id == "totals") o.kind = "window";
  const auto checked = check_restore(changed, taken_of(plan_of({})), false);
  REQUIRE(!checked);
  CHECK(mentions(checked.error().message, "was a reduce, and is a window now"));
}
