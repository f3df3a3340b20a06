// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "unit/one_stage.hpp"

#include <cstdint>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::test {

using total = std::tuple<std::uint64_t, std::int64_t>;
using row = window_result<std::string, total>;
using sales = std::vector<std::pair<sale, timestamp>>;
inline const side_output<sale> late{"late"};

struct as_they_are {
  template <class W>
  auto operator()(W windowed) const {
    return windowed;
  }
};
struct leniently {
  template <class W>
  auto operator()(W windowed) const {
    return windowed.allowed_lateness(std::chrono::milliseconds{5});
  }
};

/// source -> "near": gathers -> "far": merges -> sink
template <class Windows, class How = as_they_are>
pipeline two_phases(Windows windows, pre_aggregation options = {}, bool with_side = true,
                    std::uint32_t parallelism = 1, How how = {}) {
  pipeline p{"p"};
  const auto keyed = p.from(memory_source{std::vector<sale>{}})
                         .event_time(&sale::at, monotonous_timestamps{})
                         .stage("near", {.parallelism = parallelism})
                         .key_by(&sale::shop);
  auto in = how(keyed.local_pre_aggregate(options).window(windows));
  auto far =
      (with_side ? in.late_to(late) : in).aggregate(count{}, sum{&sale::amount}).named("far");
  if (with_side) far.side(late).to(memory_sink<sale>{});
  far.to(memory_sink<row>{});
  return p;
}

inline std::vector<snapshot_part> state_of(one_stage& s) {
  std::vector<snapshot_part> parts;
  snapshot_writer to{parts};
  s.machine().read_state(to);
  return parts;
}

}  // namespace weir::test
