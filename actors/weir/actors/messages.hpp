// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/caf_compat.hpp"
#include "weir/actors/stage_host.hpp"
#include "weir/checkpoint/checkpoint.hpp"
#include "weir/flow/stage.hpp"

#include <optional>
#include <string>
#include <vector>

namespace weir::actors {

/// A user's wish for the whole pipeline.
enum class pipeline_order : std::uint8_t {
  stop,       ///< Sources read no more; with checkpoints a last one is taken, else as `drain`.
  drain,      ///< Sources end; what is in flight is worked off, and all windows fire.
  abort,      ///< Everything ends now.
  savepoint,  ///< A checkpoint that is kept until somebody deletes it.
  stop_with_savepoint,  ///< As `stop`; the last checkpoint is a savepoint.
};

/// What a search for further splits of a source came to.
struct found_splits {
  std::uint32_t stage = 0;
  std::vector<split> splits;
  std::string failure;  ///< Empty if there was none.
};

/// Some parts of a checkpoint that is being taken, to be written.
struct write_order {
  flow::barrier barrier;
  std::vector<snapshot_part> parts;
};

/// A checkpoint that won't be completed: what was written of it goes, what waits to be written is
/// not. Answered by the same.
struct abandon_order {
  flow::barrier barrier;
};

/// The last parts of a checkpoint, to be made durable with those before.
struct store_order {
  write_order rest;
  checkpoint_manifest manifest;
};

/// What became of it.
struct store_outcome {
  flow::barrier barrier;
  std::optional<std::string> failure;  ///< None if it is durable.
  std::uint64_t size = 0;
  bool savepoint = false;
};

}  // namespace weir::actors

// The numbers leave room for an embedding program's own messages.
CAF_BEGIN_TYPE_ID_BLOCK(weir_actors, caf::first_custom_type_id + 1000)
CAF_ADD_TYPE_ID(weir_actors, (weir::flow::command))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::stage_report))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::pipeline_order))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::found_splits))
CAF_ADD_TYPE_ID(weir_actors, (weir::flow::completion))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::write_order))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::abandon_order))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::store_order))
CAF_ADD_TYPE_ID(weir_actors, (weir::actors::store_outcome))
CAF_ADD_ATOM(weir_actors, weir::actors, find_atom)
CAF_ADD_ATOM(weir_actors, weir::actors, checkpoint_atom)
CAF_ADD_ATOM(weir_actors, weir::actors, wake_atom)
CAF_ADD_ATOM(weir_actors, weir::actors, timer_atom)
CAF_ADD_ATOM(weir_actors, weir::actors, quit_atom)
CAF_END_TYPE_ID_BLOCK(weir_actors)

// These never leave the process.
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::flow::command)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::stage_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::pipeline_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::found_splits)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::flow::completion)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::write_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::abandon_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::store_order)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(weir::actors::store_outcome)

namespace weir::actors {

/// Tells CAF of our messages; once a process, before any actor system is made.
void init_messages();

}  // namespace weir::actors
