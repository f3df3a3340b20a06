// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/messages.hpp"

#include <mutex>

namespace weir::actors {

void init_messages() {
  static std::once_flag once;  // CAF's registry of messages is global
  std::call_once(once, [] {
    caf::init_global_meta_objects<caf::id_block::weir_actors>();
    caf::core::init_global_meta_objects();
  });
}

}  // namespace weir::actors
