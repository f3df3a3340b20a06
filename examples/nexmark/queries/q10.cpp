// SPDX-License-Identifier: BSD-3-Clause
#include "queries/logged_bid.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"
#include "weir/connectors/file/file.hpp"

namespace nexmark {

/// All bids in CSV files, with the day and the minute that they belong to.
void q10(weir::pipeline& p, const setting& s, const tally_sink& to) {
  weir::stream<logged_bid> rows = bids(events(p, s), s).map(logged);
  rows.to(weir::to_files(s.directory, {.format = weir::file_format::csv})).named("bids");
  rows.to(to);
}

}  // namespace nexmark
