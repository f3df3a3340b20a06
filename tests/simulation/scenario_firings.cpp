// SPDX-License-Identifier: BSD-3-Clause
// Shapes in which a watermark leads to many results, of operators that a barrier may find in the
// middle of them.
#include "simulation/scenario.hpp"

namespace weir::test {

using namespace std::chrono_literals;

namespace {

/// Readings of many keys, one split a source instance, whose windows mostly complete at the end.
struct crowd {
  duration disorder;
  std::vector<std::vector<reading>> splits;

  explicit crowd(dice& d)
      : disorder(d.one_of<std::int64_t>({0, 2'000, 3'600'000'000})),
        splits(readings(d, usual_size(d), few(d, 3), std::min(disorder, duration{2'000}))) {
    const std::uint64_t keys =
        d.large() ? d.one_of<std::uint64_t>({55, 80, 500}) : d.one_of<std::uint64_t>({3, 60, 500});
    for (auto& split : splits)
      for (reading& r : split) r.key = d.between(0, keys);
    spread_keys(d, splits, keys + 1);
  }
  auto from(pipeline& p, dice& d) const {
    return p.from(scripted_source{read_by(d, splits)})
        .parallelism(static_cast<std::uint32_t>(splits.size()))
        .event_time(&reading::at, bounded_out_of_orderness{disorder});
  }
  template <class F>
  void each(F f) const {
    for (const auto& split : splits)
      for (const reading& r : split) f(r);
  }
};

void add(totals& t, const reading& r) {
  ++t.events;
  t.sum += r.value;
}

}  // namespace

scenario overlapping_windows(dice& d) {
  pipeline p{"overlapping windows", narrow(d)};
  transactional_sink<window_row> out{reluctant(d)};
  const crowd all{d};
  const duration every{d.one_of<std::int64_t>({500, 3'000})};
  const duration size = every * static_cast<std::int64_t>(d.between(1, 5));
  all.from(p, d)
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .window(hopping{size, every})
      .aggregate<totals>(count{}, sum{&reading::value})
      .to(out);
  window_totals wanted;
  all.each([&](const reading& r) {
    const auto t = r.at.time_since_epoch();
    auto start = t - t % every;
    if (start > t) start -= every;
    for (; start + size > t; start -= every) add(wanted[{r.key, timestamp{start}}], r);
  });
  scenario s = make("overlapping windows", p, out);
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted); };
  return s;
}

scenario sessions(dice& d) {
  pipeline p{"sessions", narrow(d)};
  transactional_sink<window_row> out{reluctant(d)};
  const crowd all{d};
  const duration gap{d.one_of<std::int64_t>({200, 2'000, 20'000})};
  all.from(p, d)
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .window(session{gap})
      .aggregate<totals>(count{}, sum{&reading::value})
      .to(out);
  std::map<std::uint64_t, std::vector<reading>> by_key;
  all.each([&](const reading& r) { by_key[r.key].push_back(r); });
  window_totals wanted;
  for (auto& [key, of_key] : by_key) {
    std::sort(of_key.begin(), of_key.end(),
              [](const reading& a, const reading& b) { return a.at < b.at; });
    timestamp start = of_key.front().at;
    timestamp last = start;
    for (const reading& r : of_key) {
      if (r.at - last > gap) start = r.at;
      last = r.at;
      add(wanted[{key, start}], r);
    }
  }
  scenario s = make("sessions", p, out);
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted); };
  return s;
}

/// A stream that is sorted, and goes on beside that, within the stage of its source.
scenario sorted_beside_others(dice& d) {
  pipeline p{"sorted", narrow(d)};
  transactional_sink<reading> in_order{reluctant(d)};
  transactional_sink<reading> beside{reluctant(d)};
  const crowd all{d};
  stream<reading> in = all.from(p, d).named("in");
  in.sort_by_time().to(in_order);
  in.stage("beside").map([](const reading& r) { return r; }).to(beside);
  std::vector<reading> wanted;
  all.each([&](const reading& r) { wanted.push_back(r); });
  scenario s = make("sorted", p, in_order, beside);
  s.options.streams_in_a_stage = 2;
  s.check = [in_order, beside, wanted](const tallies&) {
    const std::string wrong = differ(in_order.rows(), wanted, "sorted");
    return wrong.empty() ? differ(beside.rows(), wanted, "beside") : wrong;
  };
  return s;
}

}  // namespace weir::test
