// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/checkpoint_writer.hpp"

namespace weir::actors {

caf::behavior checkpoint_writer::make_behavior() {
  return {
      [this](const store_order& order) {
        store_outcome outcome = write(order);
        if (const auto supervisor = caf::actor_cast<caf::actor>(supervisor_))
          caf_compat::send_anonymous(supervisor, std::move(outcome));
      },
      [this](quit_atom) { self_->quit(); },
  };
}

store_outcome checkpoint_writer::write(const store_order& order) {
  store_outcome outcome{
      order.barrier, {}, 0, order.whole.manifest.kind == flow::checkpoint_kind::savepoint};
  try {
    const auto written = where_.store->write(order.whole);
    // Behind it, and before anybody is told: until then nobody else uses the store.
    if (written) remove_old(*where_.store, where_.retained + 1, where_.log);
    if (written)
      outcome.size = *written;
    else
      outcome.failure = written.error().message;
  } catch (const std::exception& e) {  // a store of the user's own
    outcome.failure = e.what();
  } catch (...) {
    outcome.failure = "an exception that is no std::exception";
  }
  return outcome;
}

}  // namespace weir::actors
