// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

namespace weir {

class snapshot_writer;

/// A part of a snapshot that is written while the stream goes on: what it holds was fixed when it
/// began, and the state it is of writes aside, before a change, what has not been written yet.
/// Belongs to the thread of its stage.
class gradual_save {
public:
  gradual_save() = default;
  gradual_save(const gradual_save&) = delete;
  gradual_save& operator=(const gradual_save&) = delete;
  virtual ~gradual_save() = default;

  /// Encodes about `entries` more; true once all is written. @pre `to` is bound to the operator
  virtual bool write_some(std::size_t entries, snapshot_writer& to) = 0;
  /// Gives the snapshot up: the state needs to write nothing aside any more.
  virtual void cancel() noexcept = 0;
};

}  // namespace weir
