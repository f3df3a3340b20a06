// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <optional>

namespace weir {

/// How an event came by its fact, or why it has none.
enum class fact_source : std::uint8_t {
  found,      ///< Looked up, or in the cache.
  missing,    ///< There is none of that key.
  timed_out,  ///< No answer came in time: `fact` is what `on_timeout` says, or none.
  failed,     ///< The look-up failed: `fact` is what `on_error` says, or none.
};
BOOST_DESCRIBE_ENUM(fact_source, found, missing, timed_out, failed)

/// An event with what was looked up for it.
template <class T, class R>
struct enriched {
  T event{};
  std::optional<R> fact{};
  fact_source source = fact_source::missing;

  friend bool operator==(const enriched&, const enriched&) = default;
  BOOST_DESCRIBE_CLASS(enriched, (), (event, fact, source), (), ())
};

}  // namespace weir
