// SPDX-License-Identifier: BSD-3-Clause
#include "simulation/scenario.hpp"

#include <set>
#include <stdexcept>

namespace weir::test {

using namespace std::chrono_literals;

pipeline_options narrow(dice& d) {
  pipeline_options o;
  o.batches.events = d.one_of<std::uint32_t>({1, 2, 3, 7, 64, 1024});
  o.batches.bytes = d.one_of<std::size_t>({1, 100, 64 * 1024, 64 * 1024});
  o.credits.frames = d.one_of<std::uint32_t>({1, 1, 2, 3, 32});
  o.credits.max_events = d.one_of<std::uint32_t>({1, 2, 4, 64, 1024});
  o.key_groups = d.one_of<std::uint32_t>({4, 7, 128});
  return o;
}

outlet reluctant(dice& d) {
  outlet o;
  if (d.chance(0.2)) o.how.refusals = static_cast<std::uint32_t>(d.between(1, 8));
  if (d.chance(0.3)) o.how.at_most = static_cast<std::uint32_t>(d.between(1, 3));
  o.in_files = d.large();
  return o;
}

std::size_t usual_size(dice& d) {
  if (d.large()) return static_cast<std::size_t>(d.between(500, 900));
  return d.chance(0.03) ? static_cast<std::size_t>(d.between(0, 1))
                        : static_cast<std::size_t>(d.between(30, 150));
}

std::vector<std::vector<reading>> readings(dice& d, std::size_t n, std::size_t splits,
                                           duration disorder) {
  std::vector<std::vector<reading>> all(splits);
  const std::uint64_t keys =
      d.large() ? d.one_of<std::uint64_t>({50, 80, 300}) : d.one_of<std::uint64_t>({1, 2, 5, 40});
  const bool skewed = d.chance(0.3);
  const auto step = static_cast<std::int64_t>(d.between(0, 200));
  const auto begin = d.one_of<std::int64_t>({-5'000, 0, 1'700'000'000'000'000});
  const auto late = static_cast<std::uint64_t>(disorder.count());
  for (std::size_t i = 0; i < n; ++i) {
    reading r;
    r.key = skewed && d.chance(0.9) ? 0 : d.between(0, keys - 1);
    r.value = static_cast<std::int64_t>(i);
    r.at = timestamp{duration{begin + static_cast<std::int64_t>(i) * step -
                              static_cast<std::int64_t>(d.between(0, late))}};
    all[i % splits].push_back(r);
  }
  spread_keys(d, all, keys);
  return all;
}

void spread_keys(const dice& d, std::vector<std::vector<reading>>& splits, std::uint64_t keys) {
  if (!d.large()) return;
  std::set<std::uint64_t> met;
  std::uint64_t n = 0;
  for (auto& split : splits)
    for (reading& r : split) {
      if (n++ % 8 == 7) r.key = n / 8 % keys;
      met.insert(r.key);
    }
  if (n < 500 || met.size() < 50)
    throw std::logic_error("a large schedule has " + std::to_string(n) + " events of " +
                           std::to_string(met.size()) + " keys");
}

script<reading> read_by(dice& d, std::vector<std::vector<reading>> splits) {
  script<reading> s;
  s.splits = std::move(splits);
  s.seed = d.number() >> 8;
  s.largest_batch = d.one_of<std::size_t>({1, 5, 30, 1024});
  s.pause = d.one_of({0.0, 0.0, 0.2});
  s.pause_after = d.one_of({0.0, 0.0, 0.2});
  return s;
}

window_totals sum_up(const std::vector<std::vector<reading>>& splits, duration size) {
  window_totals all;
  for (const auto& split : splits)
    for (const reading& r : split) {
      const auto t = r.at.time_since_epoch();
      auto start = t - t % size;
      if (start > t) start -= size;
      totals& w = all[{r.key, timestamp{start}}];
      ++w.events;
      w.sum += r.value;
    }
  return all;
}

std::string differ(const std::vector<window_row>& got, const window_totals& wanted) {
  window_totals seen;
  for (const window_row& r : got)
    if (!seen.emplace(std::pair{r.key, r.window.start}, r.value).second)
      return "a window of key " + std::to_string(r.key) + " came twice";
  if (seen == wanted) return {};
  std::uint64_t events = 0;
  std::uint64_t wanted_events = 0;
  for (const auto& [at, t] : seen) events += t.events;
  for (const auto& [at, t] : wanted) wanted_events += t.events;
  return std::to_string(seen.size()) + " windows of " + std::to_string(wanted.size()) + ", with " +
         std::to_string(events) + " events of " + std::to_string(wanted_events);
}

scenario make(std::string shape, const pipeline& p) {
  scenario s;
  s.shape = std::move(shape);
  s.built = p.build().value();
  return s;
}

std::uint32_t few(dice& d, std::uint32_t most) {
  return static_cast<std::uint32_t>(d.between(1, most));
}

scenario linear(dice& d) {
  pipeline p{"linear", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  std::size_t n = usual_size(d);
  if (!d.large() && d.chance(0.03)) {  // more than a stage may do in a step
    p.options() = {};
    n = 40'000;
  }
  const auto splits = readings(d, n, few(d, 3), duration{0});
  const std::uint32_t sources = few(d, 3);
  const std::uint32_t middle = few(d, 3);
  const std::uint32_t sinks = few(d, 2);
  p.from(scripted_source{read_by(d, splits)})
      .parallelism(sources)
      .map([](const reading& r) {
        return reading{r.key, 3 * r.value, r.at};
      })
      .filter([](const reading& r) { return r.value % 2 == 0; })
      .stage("middle", {.parallelism = middle})
      .filter([](const reading& r) { return r.value % 5 != 0; })
      .to(out)
      .parallelism(sinks);

  std::vector<reading> wanted;
  for (const reading& r : joined(splits))
    if (3 * r.value % 2 == 0 && 3 * r.value % 5 != 0) wanted.push_back({r.key, 3 * r.value, r.at});
  scenario s = make("linear", p, out);
  const bool in_order = splits.size() == 1 && sources * middle * sinks == 1;
  s.check = [out, wanted, in_order](const tallies&) -> std::string {
    if (in_order && out.rows() != wanted) return "rows are not those of the split in order";
    return differ(out.rows(), wanted, "rows");
  };
  return s;
}

scenario flat(dice& d) {
  pipeline p{"flat", narrow(d)};
  if (d.chance(0.05)) p.options().batches.events = p.options().credits.max_events = 64;
  const bool wide = p.options().credits.max_events >= 64 && p.options().batches.events >= 64 &&
                    p.options().batches.bytes > 1000;
  transactional_sink<reading> out{reluctant(d)};
  auto splits = readings(d, usual_size(d), few(d, 2), duration{0});
  const std::uint64_t most = wide ? 5000 : 40;
  for (auto& split : splits)
    for (reading& r : split) r.key = d.chance(0.02) ? most : d.between(0, 4);
  const auto many = [](const reading& r, auto emit) {
    for (std::uint64_t i = 0; i < r.key; ++i) emit(reading{i, r.value, r.at});
  };
  p.from(scripted_source{read_by(d, splits)})
      .flat_map<reading>(many)
      .stage("middle", {.parallelism = few(d, 3)})
      .map([](const reading& r) { return r; })
      .to(out);

  std::vector<reading> wanted;
  for (const reading& r : joined(splits))
    for (std::uint64_t i = 0; i < r.key; ++i) wanted.push_back({i, r.value, r.at});
  scenario s = make("flat", p, out);
  s.options.outputs_of_one_event = most;
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted, "rows"); };
  return s;
}

scenario keyed_windows(dice& d) {
  pipeline p{"windows", narrow(d)};
  transactional_sink<window_row> out{reluctant(d)};
  const duration disorder{d.one_of<std::int64_t>({0, 50, 2000})};
  const auto splits = readings(d, usual_size(d), few(d, 3), disorder);
  const duration size{d.one_of<std::int64_t>({100, 1000, 100'000})};
  // One split an instance: then a split can't be late by another one's first events.
  const auto sources = static_cast<std::uint32_t>(splits.size()) + few(d, 2) - 1;
  p.from(scripted_source{read_by(d, splits)})
      .parallelism(sources)
      .event_time(&reading::at, bounded_out_of_orderness{disorder})
      .key_by(&reading::key)
      .parallelism(few(d, 4))
      .window(tumbling{size})
      .aggregate<totals>(count{}, sum{&reading::value})
      .to(out);
  scenario s = make("keyed windows", p, out);
  s.check = [out, wanted = sum_up(splits, size)](const tallies&) {
    return differ(out.rows(), wanted);
  };
  return s;
}

/// Several splits an instance, which go idle: then events may be late, but each is in one window
/// or among the late ones.
scenario windows_of_split_sources(dice& d) {
  pipeline p{"split sources", narrow(d)};
  transactional_sink<window_row> out{reluctant(d)};
  transactional_sink<reading> late_out{reluctant(d)};
  const auto splits = readings(d, usual_size(d), few(d, 6), duration{300});
  const duration size{d.one_of<std::int64_t>({100, 1000})};
  auto how = read_by(d, splits);
  how.idle_mark = 0.1;
  if (d.chance(0.3)) how.found_first = d.between(1, splits.size());
  event_time_options idle_and_ahead;
  if (d.chance(0.5)) idle_and_ahead.idle_after = 2ms;
  if (d.chance(0.5)) idle_and_ahead.max_drift = duration{d.one_of<std::int64_t>({1, 500, 5000})};
  const side_output<reading> late{"late"};
  auto windows =
      p.from(scripted_source{std::move(how)})
          .parallelism(few(d, 3))
          .event_time(&reading::at, bounded_out_of_orderness{duration{100}}, idle_and_ahead)
          .key_by(&reading::key)
          .parallelism(few(d, 3))
          .window(tumbling{size})
          .late_to(late)
          .aggregate<totals>(count{}, sum{&reading::value});
  windows.side(late).to(late_out);
  windows.to(out);
  scenario s = make("windows of split sources", p, out, late_out);
  s.options.streams_in_a_stage = 2;
  s.check = [out, late_out, wanted = sum_up(splits, size), size](const tallies&) -> std::string {
    window_totals got = sum_up({late_out.rows()}, size);
    std::set<std::pair<std::uint64_t, timestamp>> emitted;
    for (const window_row& r : out.rows()) {
      if (!emitted.emplace(r.key, r.window.start).second)
        return "a window of key " + std::to_string(r.key) + " came twice";
      totals& t = got[{r.key, r.window.start}];
      t.events += r.value.events;
      t.sum += r.value.sum;
    }
    return got == wanted ? "" : "an event is lost, or was counted twice";
  };
  return s;
}

/// Numbers the events of each key.
struct numbering {
  using output = reading;
  value_state<std::int64_t> seen{"seen"};
  auto states() { return std::tie(seen); }
  void on_event(const reading& r, process_context<std::uint64_t, reading>& c) {
    seen.update([](std::int64_t& n) { ++n; });
    c.emit({r.key, *seen.get(), timestamp{}});
  }
};

/// Sums up the values of a key as an aggregate state.
struct four_alike {
  using output = reading;
  aggregate_state<sum<std::int64_t reading::*>, reading> total{"total", sum{&reading::value}};
  auto states() { return std::tie(total); }
  void on_event(const reading& r, process_context<std::int64_t, reading>& c) {
    total.add(r);
    c.emit({0, total.get(), r.at});
  }
};

/// Hands on what it gets.
struct passing {
  using output = reading;
  void on_event(const reading& r, process_context<std::uint64_t, reading>& c) { c.emit(r); }
};

scenario counted_by_key(dice& d) {
  pipeline p{"counted", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const auto splits = readings(d, usual_size(d), few(d, 4), duration{0});
  p.from(scripted_source{read_by(d, splits)})
      .parallelism(few(d, 3))
      .key_by(&reading::key)
      .parallelism(few(d, 4))
      .process(numbering{})
      .to(out);
  std::map<std::uint64_t, std::int64_t> counts;
  std::vector<reading> wanted;
  for (const reading& r : joined(splits)) wanted.push_back({r.key, ++counts[r.key], timestamp{}});
  scenario s = make("counted by key", p, out);
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted, "numbers"); };
  return s;
}

scenario diamond(dice& d) {
  pipeline p{"diamond", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const auto splits = readings(d, usual_size(d), few(d, 2), duration{0});
  auto all =
      p.from(scripted_source{read_by(d, splits)}).parallelism(few(d, 2)).map([](const reading& r) {
        return reading{r.key, r.value + 1, r.at};
      });
  auto even = all.filter([](const reading& r) { return r.value % 2 == 0; })
                  .stage("even", {.parallelism = few(d, 3)})
                  .map([](const reading& r) {
                    return reading{r.key, -r.value, r.at};
                  });
  auto third = all.filter([](const reading& r) { return r.value % 3 == 0; });
  auto united = even.union_with(third, all).parallelism(few(d, 2)).filter([](const reading& r) {
    return r.value % 7 != 0;
  });
  united.to(out);
  std::vector<reading> wanted;
  for (const reading& r : joined(splits)) {
    const std::int64_t v = r.value + 1;
    if (v % 7 == 0) continue;
    if (v % 2 == 0) wanted.push_back({r.key, -v, r.at});
    if (v % 3 == 0) wanted.push_back({r.key, v, r.at});
    wanted.push_back({r.key, v, r.at});
  }
  scenario s = make("diamond", p, out);
  s.options.streams_in_a_stage = 2;
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted, "rows"); };
  return s;
}

/// The results of windows and of a processor as named streams: each has two consumers in its stage.
scenario shared_results(dice& d) {
  pipeline p{"shared", narrow(d)};
  transactional_sink<window_row> all{reluctant(d)};
  transactional_sink<window_row> even{reluctant(d)};
  transactional_sink<reading> numbers{reluctant(d)};
  const auto splits = readings(d, usual_size(d), 1, duration{0});
  const duration size{d.one_of<std::int64_t>({100, 5000})};
  auto in =
      p.from(scripted_source{read_by(d, splits)}).event_time(&reading::at, monotonous_timestamps{});
  auto windows = in.key_by(&reading::key)
                     .parallelism(few(d, 3))
                     .window(tumbling{size})
                     .aggregate<totals>(count{}, sum{&reading::value});
  windows.to(all);
  auto doubled = windows.flat_map<window_row>([](const window_row& r, auto emit) {
    if (r.key % 2 != 0) return;
    emit(r);
    emit(r);
  });
  doubled.filter([](const window_row&) { return true; }).to(even);
  in.key_by([](const reading& r) { return r.value % 4; }).process(four_alike{}).to(numbers);

  const window_totals wanted = sum_up(splits, size);
  std::vector<window_row> wanted_even;
  for (const auto& [at, t] : wanted)
    if (at.first % 2 == 0)
      wanted_even.insert(wanted_even.end(), 2, {at.first, {at.second, at.second + size}, t});
  std::vector<std::int64_t> wanted_sums;
  std::map<std::int64_t, std::int64_t> sums;
  for (const reading& r : splits[0]) wanted_sums.push_back(sums[r.value % 4] += r.value);
  scenario s = make("shared results", p, all, even, numbers);
  s.options.streams_in_a_stage = 2;
  s.options.outputs_of_one_event = 2;
  s.check = [=](const tallies&) -> std::string {
    if (auto text = differ(all.rows(), wanted); !text.empty()) return text;
    const auto by_key = [](const window_row& a, const window_row& b) {
      return std::tie(a.key, a.window) < std::tie(b.key, b.window);
    };
    auto got = even.rows();
    auto should = wanted_even;
    std::sort(got.begin(), got.end(), by_key);
    std::sort(should.begin(), should.end(), by_key);
    if (got != should) return "the second consumer saw other results";
    std::vector<std::int64_t> got_sums;
    for (const reading& r : numbers.rows()) got_sums.push_back(r.value);
    return differ(got_sums, wanted_sums, "sums");
  };
  return s;
}

/// One source is idle for an hour, behind a stage of its own; the other's windows must not wait
/// for it.
scenario union_with_idle_source(dice& d) {
  pipeline p{"idle", narrow(d)};
  transactional_sink<window_row> out{reluctant(d)};
  const timestamp hour{std::chrono::hours{1}};
  const auto splits = readings(d, usual_size(d), 1, duration{0});
  const duration size{100};
  script<reading> nothing;
  nothing.idle_until = hour;
  auto how = read_by(d, splits);
  how.idle_until = hour;
  how.ends_late = true;
  auto idle = p.from(scripted_source{std::move(nothing)})
                  .event_time(&reading::at, monotonous_timestamps{})
                  .stage("behind", {.parallelism = few(d, 2)})
                  .map([](const reading& r) { return r; });
  auto busy = p.from(scripted_source{std::move(how)})
                  .parallelism(few(d, 3))
                  .event_time(&reading::at, monotonous_timestamps{});
  busy.union_with(idle)
      .parallelism(few(d, 2))
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .window(tumbling{size})
      .aggregate<totals>(count{}, sum{&reading::value})
      .to(out);
  scenario s = make("union with an idle source", p, out);
  s.options.streams_in_a_stage = 1;
  timestamp newest = min_timestamp;
  for (const reading& r : splits[0]) newest = std::max(newest, r.at);
  s.check = [out, wanted = sum_up(splits, size), hour, newest](const tallies& run) -> std::string {
    const auto& seen = out.seen();
    const bool in_time = run[met::crash] == 0;  // a crash after that hour writes again, later
    for (std::size_t i = 0; i < seen.rows.size() && in_time; ++i)
      if (seen.rows[i].window.end <= newest && seen.written[i] >= hour)
        return "a window waited for the idle source";
    return differ(out.rows(), wanted);
  };
  return s;
}

/// Sets a timer at the end of the stretch of time that an event falls in; emits once a stretch.
struct alarms {
  using output = reading;
  list_state<std::int64_t> values{"values"};
  map_state<std::int64_t, std::uint64_t> stretches{"stretches"};
  auto states() { return std::tie(values, stretches); }

  void on_event(const reading& r, process_context<std::uint64_t, reading>& c) {
    values.append(r.value);
    const timestamp end = tumbling{duration{500}}.at(r.at).end;
    stretches.update(end.time_since_epoch().count(), [](std::uint64_t& n) { ++n; });
    c.set_event_timer(end);
    c.set_processing_timer(c.now() + duration{100});
  }
  void on_timer(timestamp at, process_context<std::uint64_t, reading>& c) {
    const std::int64_t stretch = at.time_since_epoch().count();
    const std::uint64_t* n = stretches.get(stretch);
    if (n == nullptr) return;  // a processing timer
    c.emit({c.key(), static_cast<std::int64_t>(*n), at});
    stretches.erase(stretch);
    if (stretches.get() == nullptr) values.erase();
  }
};

scenario timers(dice& d) {
  pipeline p{"timers", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  auto splits = readings(d, usual_size(d), few(d, 2), duration{100});
  for (auto& split : splits)
    for (reading& r : split) r.at += std::chrono::hours{20'000 * 24};  // apart from the run's clock
  p.from(scripted_source{read_by(d, splits)})
      .parallelism(static_cast<std::uint32_t>(splits.size()))
      .event_time(&reading::at, bounded_out_of_orderness{duration{100}})
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .process(alarms{})
      .to(out);
  std::vector<reading> wanted;
  for (const auto& [at, t] : sum_up(splits, duration{500}))
    wanted.push_back({at.first, static_cast<std::int64_t>(t.events), at.second + duration{500}});
  scenario s = make("timers", p, out);
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted, "alarms"); };
  return s;
}

/// Events that fail in the middle of their outputs are dead letters, once each, and leave nothing
/// else behind.
scenario failing_events(dice& d) {
  pipeline p{"failing", narrow(d)};
  p.options().batches.events = 64;  // the outputs of an event must be in the stage still
  p.options().batches.bytes = 64 * 1024;
  p.options().credits.max_events = 64;
  transactional_sink<reading> out{reluctant(d)};
  transactional_sink<dead_letter> letters{reluctant(d)};
  const auto splits = readings(d, usual_size(d), few(d, 2), duration{0});
  const auto fails = [](const reading& r) { return r.value % 7 == 3; };
  const auto halves = [fails](const reading& r, auto emit) {
    if (r.value % 7 != 3) emit(r);
    if (fails(r)) throw std::runtime_error("value " + std::to_string(r.value));
    emit(reading{r.key, -r.value - 1, r.at});
  };
  const directive what =
      d.one_of({directive::to_dead_letters(), directive::retry(2, std::chrono::milliseconds{3})});
  p.from(scripted_source{read_by(d, splits)})
      .stage("halves", {.parallelism = few(d, 2), .on_error = what})
      .flat_map<reading>(halves)
      .to(out);
  p.dead_letters_to(letters);
  std::vector<reading> wanted;
  std::vector<std::string> failed;
  for (const reading& r : joined(splits)) {
    if (fails(r)) {
      failed.push_back("value " + std::to_string(r.value));
      continue;
    }
    wanted.push_back(r);
    wanted.push_back({r.key, -r.value - 1, r.at});
  }
  scenario s = make("failing events", p, out, letters);
  s.options.outputs_of_one_event = 2;
  s.check = [out, letters, wanted, failed](const tallies&) -> std::string {
    std::vector<std::string> got;
    for (const dead_letter& l : letters.rows()) got.push_back(l.error);
    if (auto text = differ(got, failed, "dead letters"); !text.empty()) return text;
    return differ(out.rows(), wanted, "rows");
  };
  return s;
}

/// All windows fire at the end, through channels that take an event or two.
scenario many_windows_at_once(dice& d) {
  pipeline p{"many windows", narrow(d)};
  p.options().credits.frames = few(d, 2);
  p.options().credits.max_events = few(d, 2);
  transactional_sink<window_row> out{reluctant(d)};
  const auto n = static_cast<std::size_t>(d.between(100, 300));
  auto splits = readings(d, n, few(d, 2), duration{0});
  const std::uint64_t keys = d.one_of<std::uint64_t>({20, 1000});
  for (auto& split : splits)
    for (reading& r : split) r.key = d.between(0, keys);
  const duration size{d.one_of<std::int64_t>({200, 5000})};
  p.from(memory_source{splits})
      .event_time(&reading::at, bounded_out_of_orderness{std::chrono::hours{100}})
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .window(tumbling{size})
      .aggregate<totals>(count{}, sum{&reading::value})
      .map([](const window_row& r) { return r; })
      .to(out);
  scenario s = make("many windows at once", p, out);
  s.check = [out, wanted = sum_up(splits, size)](const tallies&) {
    return differ(out.rows(), wanted);
  };
  return s;
}

/// Pairs of a key's events, one even and the next one odd, by a pattern; and by a loop over the
/// events of each key.
scenario matched(dice& d) {
  pipeline p{"matched", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  auto splits = readings(d, usual_size(d), few(d, 2), duration{0});
  for (auto& split : splits)  // no two at one time: their order would be anybody's guess
    for (reading& r : split) r.at = timestamp{duration{10 * r.value}};
  const auto even = [](const reading& r) { return r.value / 2 % 2 == 0; };
  const auto pairs = pattern<reading>("even").where(even).next("odd").where(
      [even](const reading& r) { return !even(r); });
  p.from(scripted_source{read_by(d, splits)})
      .parallelism(static_cast<std::uint32_t>(splits.size()))
      .event_time(&reading::at, monotonous_timestamps{})
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .detect(pairs)
      .select([](const match<reading>& m) {
        const reading& last = m["odd"].front();
        return reading{last.key, m["even"].front().value, last.at};
      })
      .to(out);
  std::vector<reading> all = joined(splits);
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.at < b.at; });
  std::map<std::uint64_t, reading> before;
  std::vector<reading> wanted;
  for (const reading& r : all) {
    const auto last = before.find(r.key);
    if (last != before.end() && even(last->second) && !even(r))
      wanted.push_back({r.key, last->second.value, r.at});
    before[r.key] = r;
  }
  scenario s = make("matched", p, out);
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted, "matches"); };
  return s;
}

/// A failure that asks for a restart, once.
scenario restarts_on_failure(dice& d) {
  pipeline p{"restarts", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const auto n = static_cast<std::uint64_t>(d.between(30, 150));
  const auto source = generator{[](std::uint64_t i) {
                                  return reading{i % 9, static_cast<std::int64_t>(i), timestamp{}};
                                },
                                {.events = n, .splits = few(d, 3)}};
  const auto fails_at = static_cast<std::int64_t>(d.between(0, n - 1));
  auto failures_left = std::make_shared<int>(static_cast<int>(d.between(1, 2)));
  p.from(source)
      .stage("fragile", {.parallelism = few(d, 2), .on_error = directive::restart()})
      .map([fails_at, failures_left](const reading& r) {
        if (r.value == fails_at && *failures_left > 0) {
          --*failures_left;
          throw std::runtime_error("not today");
        }
        return r;
      })
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .process(numbering{})
      .to(out);
  std::map<std::uint64_t, std::int64_t> counts;
  std::vector<reading> wanted;
  for (std::uint64_t i = 0; i < n; ++i) wanted.push_back({i % 9, ++counts[i % 9], timestamp{}});
  scenario s = make("restarts on failure", p, out);
  s.options.max_restarts = 2;
  s.check = [out, wanted](const tallies&) { return differ(out.rows(), wanted, "numbers"); };
  return s;
}

/// A user's stop: everything that was read comes out, and nothing else.
scenario stopped(dice& d) {
  pipeline p{"stopped", narrow(d)};
  transactional_sink<reading> out{reluctant(d)};
  const auto splits =
      readings(d, static_cast<std::size_t>(d.between(100, 300)), few(d, 3), duration{0});
  const scripted_source source{read_by(d, splits)};
  const auto mirrored = [](const reading& r) { return reading{r.key, -r.value - 1, r.at}; };
  p.from(source)
      .parallelism(few(d, 2))
      .flat_map<reading>([mirrored](const reading& r, auto emit) {
        emit(r);
        emit(mirrored(r));
      })
      .key_by(&reading::key)
      .parallelism(few(d, 3))
      .process(passing{})
      .to(out);
  scenario s = make("stopped", p, out);
  s.options.stop_at = d.between(1, 600);
  s.options.outputs_of_one_event = 2;
  s.check = [out, source, splits, mirrored](const tallies& seen) -> std::string {
    std::vector<std::uint64_t> came(splits.size());
    for (const reading& r : out.rows()) {
      const auto i = static_cast<std::uint64_t>(r.value < 0 ? -r.value - 1 : r.value);
      came[i % splits.size()] = std::max(came[i % splits.size()], i / splits.size() + 1);
    }
    std::vector<reading> wanted;
    for (std::size_t i = 0; i < splits.size(); ++i)
      for (std::size_t k = 0; k < came[i]; ++k) {
        wanted.push_back(splits[i][k]);
        wanted.push_back(mirrored(splits[i][k]));
      }
    if (auto text = differ(out.rows(), wanted, "rows"); !text.empty()) return text;
    // What a crash took back need not be read again.
    if (seen[met::crash] == 0 && came != source.handed_out()) return "something read did not come";
    return {};
  };
  return s;
}

}  // namespace weir::test
