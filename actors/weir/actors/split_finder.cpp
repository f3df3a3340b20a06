// SPDX-License-Identifier: BSD-3-Clause
#include "weir/actors/split_finder.hpp"

namespace weir::actors {

namespace {

/// A source's own code may throw.
result<std::vector<split>> search(source_enumerator& of) {
  try {
    return of.discover();
  } catch (const exception& e) {
    return e.why();
  } catch (const std::exception& e) {
    return error{errc::stage_failed, e.what()};
  } catch (...) {
    return error{errc::stage_failed, "an exception that is no std::exception"};
  }
}

}  // namespace

caf::behavior split_finder::make_behavior() {
  caf_compat::send(self_, caf::actor{self_}, find_atom_v);
  return {
      [this](find_atom) { find(); },
      [this](quit_atom) { self_->quit(); },
  };
}

void split_finder::find() {
  auto found = search(*of_);
  const auto supervisor = caf::actor_cast<caf::actor>(supervisor_);
  if (!supervisor) return self_->quit();
  found_splits message{stage_, {}, {}};
  if (found)
    message.splits = *std::move(found);
  else
    message.failure = found.error().message;
  caf_compat::send_anonymous(supervisor, std::move(message));
  caf_compat::send_after(self_, every_, caf::actor{self_}, find_atom_v);
}

}  // namespace weir::actors
