// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/flow/effects.hpp"
#include "weir/flow/verdict.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace weir::journal {

/// What came of an entry, in few bytes: how many effects of each kind, and a hash of all of them,
/// the events in frames included.
struct digest {
  std::uint32_t frames = 0;
  std::uint32_t grants = 0;
  std::uint32_t requests = 0;
  std::uint32_t notices = 0;
  std::uint32_t failures = 0;
  std::uint8_t verdict = 0;
  std::uint64_t hash = 0;

  friend bool operator==(const digest&, const digest&) = default;
};
BOOST_DESCRIBE_STRUCT(digest, (), (frames, grants, requests, notices, failures, verdict, hash))

/// `scratch` is kept for its memory.
[[nodiscard]] digest digest_of(const flow::effects& e, flow::verdict v, bytes& scratch);
/// How two of them differ, in words; empty if they don't.
[[nodiscard]] std::string difference(const digest& recorded, const digest& repeated);

}  // namespace weir::journal
