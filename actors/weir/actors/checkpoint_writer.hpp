// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/messages.hpp"
#include "weir/checkpoint/checkpoint_store.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace weir::actors {

/// Where a run keeps its checkpoints, and what is told of them.
struct checkpoint_place {
  std::shared_ptr<checkpoint_store> store;  ///< Null for a run without.
  std::size_t retained = 3;                 ///< Besides the newest.
  std::function<void(const std::string&)> log;
};

/// Writes checkpoints while they are taken, and makes them durable, one after the other, on a
/// thread of its own: disks are slow.
class checkpoint_writer {
public:
  static inline const char* name = "weir.checkpoint_writer";

  checkpoint_writer(caf::event_based_actor* self, checkpoint_place where,
                    caf::actor_addr supervisor)
      : self_(self), where_(std::move(where)), supervisor_(std::move(supervisor)) {}

  caf::behavior make_behavior();

private:
  void add(write_order& some);
  void abandon(const abandon_order& order);
  void drop();
  [[nodiscard]] store_outcome store(store_order& order);

  caf::event_based_actor* self_;
  checkpoint_place where_;
  caf::actor_addr supervisor_;
  std::unique_ptr<checkpoint_draft> draft_;
  std::optional<std::uint64_t> draft_of_;  ///< The checkpoint's number.
  std::optional<std::string> failure_;     ///< Of that one: what an exception said.
  std::uint64_t abandoned_ = 0;            ///< None up to that number will be completed.
};

}  // namespace weir::actors
