// SPDX-License-Identifier: BSD-3-Clause
#include "queries/joined.hpp"
#include "queries/queries.hpp"
#include "streams.hpp"

#include <string>
#include <vector>

namespace nexmark {

namespace {

constexpr std::int64_t side_rows = 10'000;

struct side_row {
  std::int64_t key = 0;
  weir::text_ref value;
};
BOOST_DESCRIBE_STRUCT(side_row, (), (key, value))

std::vector<side_row> side_input() {
  std::vector<side_row> rows;
  for (std::int64_t i = 0; i < side_rows; ++i)
    rows.push_back({i, weir::text_ref{}.assign(std::to_string(i))});
  return rows;
}

}  // namespace

/// Bids with the row of a small table that their auction says.
void q13(weir::pipeline& p, const setting& s, const tally_sink& to) {
  auto side = p.from(weir::memory_source{side_input()}).key_by(&side_row::key).to_table();
  bids(events(p, s), s)
      .key_by([](const bid& b) { return b.auction % side_rows; })
      .join(side)
      .once_loaded()
      .apply([](const bid& b, const side_row& r) {
        return side_bid{b.auction, b.bidder, b.price, b.date_time, r.value};
      })
      .named("bids with side input")
      .to(to);
}

}  // namespace nexmark
