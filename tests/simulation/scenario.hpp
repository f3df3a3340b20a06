// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "simulation/scripted_source.hpp"
#include "simulation/transactional_sink.hpp"
#include "weir/stream.hpp"
#include "weir/test/simulator.hpp"

#include <boost/describe/class.hpp>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// The event of the schedules. Its value is unique in a run, so that a loss and a repeat can't
/// cancel out.
struct reading {
  std::uint64_t key = 0;
  std::int64_t value = 0;
  timestamp at;

  friend auto operator<=>(const reading&, const reading&) = default;
};
BOOST_DESCRIBE_STRUCT(reading, (), (key, value, at))

/// What a window of a key sums up to.
struct totals {
  std::uint64_t events = 0;
  std::int64_t sum = 0;

  friend auto operator<=>(const totals&, const totals&) = default;
};
BOOST_DESCRIBE_STRUCT(totals, (), (events, sum))

using window_row = window_result<std::uint64_t, totals>;
using window_totals = std::map<std::pair<std::uint64_t, timestamp>, totals>;

/// Random choices, all from one seed.
class dice {
public:
  explicit dice(std::uint64_t seed, bool large = false) : random_(seed), large_(large) {}

  /// Whether runs are to be long ones, over many keys.
  [[nodiscard]] bool large() const noexcept { return large_; }

  [[nodiscard]] std::uint64_t number() { return random_(); }
  /// Between `low` and `high`, both included.
  [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + random_() % (high - low + 1);
  }
  [[nodiscard]] bool chance(double p) {
    return static_cast<double>(random_() >> 11) * 0x1.0p-53 < p;
  }
  template <class T>
  [[nodiscard]] T one_of(std::initializer_list<T> choices) {
    return choices.begin()[random_() % choices.size()];
  }

private:
  std::mt19937_64 random_;
  bool large_;
};

/// A pipeline, how it is disturbed, and what must come of it.
struct scenario {
  std::string shape;
  std::optional<graph> built;
  simulation_options options;
  std::function<void(const weir::clock&)> watch;     ///< Tells the sinks the clock of the run.
  std::function<std::string(const tallies&)> check;  ///< Compares, and answers what is wrong.
  std::function<std::uint64_t()> put_off;            ///< Writes that sinks have refused.
};

// The shapes.
scenario linear(dice& d);
scenario flat(dice& d);
scenario keyed_windows(dice& d);
scenario windows_of_split_sources(dice& d);
scenario counted_by_key(dice& d);
scenario diamond(dice& d);
scenario shared_results(dice& d);
scenario union_with_idle_source(dice& d);
scenario timers(dice& d);
scenario failing_events(dice& d);
scenario many_windows_at_once(dice& d);
scenario restarts_on_failure(dice& d);
scenario stopped(dice& d);
scenario matched(dice& d);
scenario joined_by_interval(dice& d);
scenario joined_by_window(dice& d);
scenario joined_with_versions(dice& d);
scenario overlapping_windows(dice& d);
scenario sessions(dice& d);
scenario sorted_beside_others(dice& d);

/// Builds a pipeline for a scenario.
scenario make(std::string shape, const pipeline& p);
/// ... and notes how its sinks are looked at.
template <class... T>
scenario make(std::string shape, const pipeline& p, const transactional_sink<T>&... sinks) {
  scenario s = make(std::move(shape), p);
  s.watch = [sinks...](const weir::clock& time) { ((sinks.seen().time = &time), ...); };
  s.put_off = [sinks...] { return (sinks.seen().writes_put_off + ... + 0); };
  return s;
}

/// Between 1 and `most`.
std::uint32_t few(dice& d, std::uint32_t most);

/// The events of all splits.
template <class T>
std::vector<T> joined(const std::vector<std::vector<T>>& splits) {
  std::vector<T> all;
  for (const auto& s : splits) all.insert(all.end(), s.begin(), s.end());
  return all;
}

/// Settings of a pipeline that make its channels narrow.
pipeline_options narrow(dice& d);
/// A sink that is slow at times. Large schedules write files.
outlet reluctant(dice& d);

/// `n` events over `splits` splits. Within a split, events come at most `disorder` late.
std::vector<std::vector<reading>> readings(dice& d, std::size_t n, std::size_t splits,
                                           duration disorder);
/// Makes sure of a large schedule that it has 500 events of 50 keys, those below `keys`.
void spread_keys(const dice& d, std::vector<std::vector<reading>>& splits, std::uint64_t keys);
std::size_t usual_size(dice& d);
script<reading> read_by(dice& d, std::vector<std::vector<reading>> splits);

/// Sums up events as tumbling windows of `size` should.
window_totals sum_up(const std::vector<std::vector<reading>>& splits, duration size);

/// Compares rows with what was expected, in any order, and names the first difference.
template <class T>
std::string differ(std::vector<T> got, std::vector<T> wanted, const std::string& what) {
  std::sort(got.begin(), got.end());
  std::sort(wanted.begin(), wanted.end());
  if (got == wanted) return {};
  std::vector<T> lost;
  std::vector<T> extra;
  std::set_difference(wanted.begin(), wanted.end(), got.begin(), got.end(),
                      std::back_inserter(lost));
  std::set_difference(got.begin(), got.end(), wanted.begin(), wanted.end(),
                      std::back_inserter(extra));
  return what + ": " + std::to_string(lost.size()) + " of " + std::to_string(wanted.size()) +
         " lost, " + std::to_string(extra.size()) + " too many or wrong";
}

/// Compares window results with what was expected; each window of a key must come once.
std::string differ(const std::vector<window_row>& got, const window_totals& wanted);

}  // namespace weir::test
