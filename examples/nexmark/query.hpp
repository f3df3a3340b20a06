// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "source.hpp"
#include "tally.hpp"
#include "weir/graph/pipeline.hpp"

#include <span>
#include <string>
#include <string_view>

namespace nexmark {

/// What a query is asked about.
struct setting {
  input from;
  std::uint32_t parallelism = 1;
  weir::duration out_of_orderness =
      std::chrono::seconds{4};  ///< As the suite's watermarks have it.
  std::string directory;        ///< For queries that write files.
};

/// A query: as a pipeline, and as a loop that somebody might have written instead.
struct query {
  std::string_view name;
  std::string_view what;
  void (*build)(weir::pipeline& p, const setting& s, const tally_sink& to);
  void (*by_hand)(event_feed from, const setting& s, tally& to);
};

[[nodiscard]] std::span<const query> all_queries();
[[nodiscard]] const query* find_query(std::string_view name);

}  // namespace nexmark
