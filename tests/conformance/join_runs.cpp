// SPDX-License-Identifier: BSD-3-Clause
// Cases whose events run through a join.
#include "conformance/windows.hpp"
#include "weir/test.hpp"

#include <stdexcept>
#include <utility>

namespace weir::conformance {

namespace json = boost::json;

namespace {

const side_output<element> late{"late"};

struct pair_of_ids {
  std::string left;
  std::string right;
};
BOOST_DESCRIBE_STRUCT(pair_of_ids, (), (left, right))

/// The interval as the case gives it; bounds that don't belong to it are left to the library.
struct bounds {
  explicit bounds(const json::object& join)
      : lower(time_of(join.at("lower")).time_since_epoch()),
        upper(time_of(join.at("upper")).time_since_epoch()),
        lower_inclusive(join.at("lower_inclusive").as_bool()),
        upper_inclusive(join.at("upper_inclusive").as_bool()) {}

  [[nodiscard]] auto join(const stream<element>& left, const stream<element>& right) const {
    auto l = left;
    auto r = right;
    auto joined = l.key_by(&element::key)
                      .join(r.key_by(&element::key))
                      .within(lower, upper)
                      .late_left_to(late)
                      .late_right_to(late);
    if (!lower_inclusive) joined = joined.lower_exclusive();
    if (!upper_inclusive) joined = joined.upper_exclusive();
    return joined.apply([](const element& a, const element& b) { return pair_of_ids{a.id, b.id}; });
  }

  duration lower;
  duration upper;
  bool lower_inclusive;
  bool upper_inclusive;
};

template <class Run>
void feed(Run& run, const json::object& r) {
  if (r.contains("snapshot_restore")) {
    auto next = run.restarted();
    run = std::move(next);
    return;
  }
  const std::string side = json::value_to<std::string>(r.at("side"));
  if (side != "left" && side != "right") throw std::invalid_argument("no side is called " + side);
  const auto input = side == "left" ? run.template input<0>() : run.template input<1>();
  if (r.contains("watermark"))
    input.push_watermark(time_of(r.at("watermark")));
  else
    input.push({json::value_to<std::string>(r.at("id")), json::value_to<std::string>(r.at("key"))},
               time_of(r.at("ts")));
}

}  // namespace

void answer_interval_join(const json::object& c, json::object& result) {
  const bounds b{c.at("join").as_object()};
  test::subject subject{
      [=](stream<element> left, stream<element> right) { return b.join(left, right); }, late};
  auto run = subject.run();
  json::array pairs;
  json::array refused;
  for (const json::value& v : c.at("input").as_array()) {
    const json::object& r = v.as_object();
    feed(run, r);
    if (!run.failure().empty()) throw std::runtime_error(run.failure());
    for (const auto& o : run.outputs())
      pairs.push_back({{"left", o.value.left},
                       {"right", o.value.right},
                       {"ts", json_of(o.at)},
                       {"emitted_at", r.at("id")}});
    for (const auto& e : run.side(late)) refused.push_back(json::value(e.value.id));
  }
  result["pairs"] = std::move(pairs);
  result["late"] = std::move(refused);
}

}  // namespace weir::conformance
