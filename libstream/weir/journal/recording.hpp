// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/flow/split.hpp"
#include "weir/state/snapshot.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir {

BOOST_DESCRIBE_ENUM(state_kind, keyed, list, union_list)
BOOST_DESCRIBE_STRUCT(snapshot_part, (), (operator_id, state, kind, group, data))

}  // namespace weir

namespace weir::journal {

/// What the instances of an attempt were made with: a recording begins so.
struct recorded_start {
  std::uint32_t format = 4;  ///< Rises when the layout changes, or what is compared.
  std::string pipeline;
  std::string plan;                   ///< As JSON.
  std::string letters_kind;           ///< Of the sink for dead letters that the runtime added.
  std::vector<std::uint32_t> stages;  ///< Those that were made.
  std::uint32_t attempt = 0;
  std::uint64_t checkpoint = 0;  ///< The one it went on from; 0 for none.
  std::optional<std::uint8_t> sinks;
  std::optional<std::int64_t> checkpoint_interval;  ///< In µs.
  std::vector<std::vector<split_position>> splits;  ///< Of each stage.
  std::vector<snapshot_part> state;
  std::map<std::uint64_t, std::uint32_t> poison;  ///< How often events had failed before.
  std::optional<std::vector<dead_letter>> replays;
  std::string began_at;  ///< Wall clock, RFC 3339.
};
BOOST_DESCRIBE_STRUCT(recorded_start, (),
                      (format, pipeline, plan, letters_kind, stages, attempt, checkpoint, sinks,
                       checkpoint_interval, splits, state, poison, replays, began_at))

/// What one instance did at a time: made, took a message, or took what lay in its channels and
/// worked a step.
struct recorded_entry {
  std::uint64_t number =
      0;  ///< Counts from 0 over all instances; an effect's is after its cause's.
  std::uint32_t instance = 0;  ///< Among all of the pipeline.
  bytes data;                  ///< A tape.
};

/// Where entries go. Safe to call from any thread.
class entry_sink {
public:
  virtual ~entry_sink() = default;
  /// Gives the next entry its number: before the instance works, and after it took its input.
  [[nodiscard]] virtual std::uint64_t next_number() = 0;
  /// Keeps an entry. False if nothing more is kept.
  virtual bool append(std::uint64_t number, std::uint32_t instance, const bytes& data) = 0;
};

/// A recording that is read: the entries in the order of their numbers, without gaps.
class recording {
public:
  virtual ~recording() = default;
  [[nodiscard]] virtual const recorded_start& start() const = 0;
  /// False at the end.
  virtual bool next(recorded_entry& out) = 0;
  /// Why it ends where it does, if not for its end: "torn at ...". Empty else.
  [[nodiscard]] virtual std::string note() const { return {}; }
};

}  // namespace weir::journal
