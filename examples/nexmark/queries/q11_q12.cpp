// SPDX-License-Identifier: BSD-3-Clause
#include "queries/queries.hpp"
#include "queries/windows.hpp"
#include "streams.hpp"

#include <functional>

using namespace std::chrono_literals;

namespace nexmark {

namespace {

using bidder_window = weir::window_result<std::int64_t, std::uint64_t>;

}  // namespace

/// How often a bidder bid without a pause of ten seconds.
void q11(weir::pipeline& p, const setting& s, const tally_sink& to) {
  bids(events(p, s), s)
      .map(&bid::bidder)
      .key_by(std::identity{})
      .local_pre_aggregate()
      .window(weir::session{10s})
      .aggregate(weir::count{})
      .named("sessions of a bidder")
      .map([](const bidder_window& w) {
        return bidder_session{w.key, static_cast<std::int64_t>(w.value), w.window.start,
                              w.window.end};
      })
      .to(to);
}

/// How often a bidder bid in every ten seconds on the clock.
void q12(weir::pipeline& p, const setting& s, const tally_sink& to) {
  setting to_the_end = s;
  to_the_end.from.stays_for_window = 10s;
  bids(events(p, to_the_end), s)
      .map(&bid::bidder)
      .key_by(std::identity{})
      .window(weir::processing_time(weir::tumbling{10s}))
      .aggregate(weir::count{})
      .named("bids of a bidder")
      .map([](const bidder_window& w) {
        return bidder_count{w.key, static_cast<std::int64_t>(w.value)};
      })
      .to(to);
}

}  // namespace nexmark
