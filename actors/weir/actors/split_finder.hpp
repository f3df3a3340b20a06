// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/messages.hpp"
#include "weir/source/source.hpp"

#include <memory>

namespace weir::actors {

/// Looks for further splits of one source while it is read, and tells the supervisor what is there.
/// Has a thread of its own, since a search may wait for files or servers.
class split_finder {
public:
  static inline const char* name = "weir.split_finder";

  split_finder(caf::event_based_actor* self, std::uint32_t stage,
               std::shared_ptr<source_enumerator> of, caf::actor_addr supervisor)
      : self_(self),
        stage_(stage),
        of_(std::move(of)),
        every_(of_->find_again_every()),
        supervisor_(std::move(supervisor)) {}

  caf::behavior make_behavior();

private:
  void find();

  caf::event_based_actor* self_;
  std::uint32_t stage_;
  std::shared_ptr<source_enumerator> of_;
  duration every_;
  caf::actor_addr supervisor_;
};

}  // namespace weir::actors
