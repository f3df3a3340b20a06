// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint_store.hpp"
#include "weir/runtime/state_options.hpp"
#include "weir/state/cold_store.hpp"

#include <memory>

namespace weir {

/// The backend of a run, and the directory that it works in; the directory is removed with this.
class state_place {
public:
  /// An error if the setting asks for what is not in this build, or the directory is in use.
  [[nodiscard]] static result<state_place> open(const state_options& how,
                                                const checkpoint_store* checkpoints);
  state_place(state_place&&) noexcept;
  state_place& operator=(state_place&&) noexcept;
  ~state_place();

  /// Null if all state is in memory.
  [[nodiscard]] const std::shared_ptr<state_backend>& backend() const noexcept { return backend_; }

private:
  struct working_directory;
  state_place();

  std::unique_ptr<working_directory> directory_;
  std::shared_ptr<state_backend> backend_;
};

/// Makes parts for memory of those that have files.
void bring_into_memory(std::vector<snapshot_part>& parts);

}  // namespace weir
