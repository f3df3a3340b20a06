// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/checkpoint_writer.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace weir::actors {

namespace {

/// Answers what `f` threw, if it did: a store may be a user's own.
template <class F>
std::optional<std::string> failure_of(F f) {
  try {
    f();
    return std::nullopt;
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace

caf::behavior checkpoint_writer::make_behavior() {
  return {
      [this](write_order& some) { add(some); },
      [this](const abandon_order& order) { abandon(order); },
      [this](store_order& order) {
        store_outcome outcome = store(order);
        if (const auto supervisor = caf::actor_cast<caf::actor>(supervisor_))
          caf_compat::send_anonymous(supervisor, std::move(outcome));
      },
      [this](quit_atom) { self_->quit(); },
  };
}

void checkpoint_writer::add(write_order& some) {
  const std::uint64_t id = some.barrier.id;
  if (id <= abandoned_) return;
  if (draft_of_ != id) {
    drop();
    draft_of_ = id;
    failure_ = failure_of([&] {
      draft_ = where_.store->begin(id);
      if (!draft_) throw std::logic_error("the store has begun no draft");
    });
  }
  if (!failure_) failure_ = failure_of([&] { draft_->add(std::move(some.parts)); });
  if (failure_) draft_.reset();
}

/// It comes before what waits to be written, which is left out then.
void checkpoint_writer::abandon(const abandon_order& order) {
  abandoned_ = std::max(abandoned_, order.barrier.id);
  if (draft_of_ == order.barrier.id) drop();
  if (const auto supervisor = caf::actor_cast<caf::actor>(supervisor_))
    caf_compat::send_anonymous(supervisor, order);
}

void checkpoint_writer::drop() {
  draft_.reset();
  draft_of_.reset();
  failure_.reset();
}

store_outcome checkpoint_writer::store(store_order& order) {
  const flow::barrier b = order.rest.barrier;
  store_outcome outcome{b, {}, 0, order.manifest.kind == flow::checkpoint_kind::savepoint};
  add(order.rest);
  const auto commit = [&] {
    const auto written = draft_->commit(order.manifest);
    if (!written) {
      outcome.failure = written.error().message;
      return;
    }
    outcome.size = *written;
    // Behind it, and before anybody is told: until then nobody else uses the store.
    remove_old(*where_.store, where_.retained + 1, where_.log);
  };
  if (!failure_ && !draft_) failure_ = "it was given up";
  if (!failure_) failure_ = failure_of(commit);
  if (failure_) outcome.failure = failure_;
  drop();
  return outcome;
}

}  // namespace weir::actors
