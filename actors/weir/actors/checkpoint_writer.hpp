// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/messages.hpp"
#include "weir/checkpoint/checkpoint_store.hpp"

#include <functional>
#include <memory>
#include <string>

namespace weir::actors {

/// Where a run keeps its checkpoints, and what is told of them.
struct checkpoint_place {
  std::shared_ptr<checkpoint_store> store;  ///< Null for a run without.
  std::size_t retained = 3;                 ///< Besides the newest.
  std::function<void(const std::string&)> log;
};

/// Makes checkpoints durable, one after the other, on a thread of its own: disks are slow.
class checkpoint_writer {
public:
  static inline const char* name = "weir.checkpoint_writer";

  checkpoint_writer(caf::event_based_actor* self, checkpoint_place where,
                    caf::actor_addr supervisor)
      : self_(self), where_(std::move(where)), supervisor_(std::move(supervisor)) {}

  caf::behavior make_behavior();

private:
  [[nodiscard]] store_outcome write(const store_order& order);

  caf::event_based_actor* self_;
  checkpoint_place where_;
  caf::actor_addr supervisor_;
};

}  // namespace weir::actors
