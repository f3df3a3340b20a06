// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/flow/frame.hpp"
#include "weir/graph/plan.hpp"
#include "weir/state/snapshot.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weir {

namespace flow {
BOOST_DESCRIBE_ENUM(checkpoint_kind, checkpoint, savepoint, final)
}

/// What a checkpoint is of: enough to tell whether a pipeline can go on from it.
struct checkpoint_manifest {
  std::uint32_t format = 1;  ///< Rises when the files' layout changes; older ones stay readable.
  std::string pipeline;
  std::uint64_t id = 0;
  flow::checkpoint_kind kind = flow::checkpoint_kind::checkpoint;
  timestamp taken_at;         ///< When it was begun, wall clock.
  std::uint32_t attempt = 0;  ///< The highest attempt so far; those that go on have higher ones.
  std::uint32_t key_groups = 0;
  std::uint64_t shape = 0;  ///< `graph_shape` of the plan.
  std::vector<operator_plan> operators;
};
BOOST_DESCRIBE_STRUCT(checkpoint_manifest, (),
                      (format, pipeline, id, kind, taken_at, attempt, key_groups, shape, operators))

/// A checkpoint whole.
struct checkpoint {
  checkpoint_manifest manifest;
  std::vector<snapshot_part> parts;
};

/// A fingerprint of the operators' ids and kinds. Operators are numbered by kind, so in two plans
/// of one shape a made-up id means the same operator; parallelism and how events are dealt may
/// differ.
[[nodiscard]] std::uint64_t graph_shape(const plan& p);

/// What `p` writes into the manifest of a checkpoint.
[[nodiscard]] checkpoint_manifest manifest_of(const plan& p);

}  // namespace weir
