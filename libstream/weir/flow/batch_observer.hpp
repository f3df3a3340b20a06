// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/event/batch.hpp"

namespace weir::flow {

/// Sees each batch that comes into a stage, once, before its consumers.
template <class T>
class batch_observer {
public:
  batch_observer() = default;
  batch_observer(const batch_observer&) = delete;
  batch_observer& operator=(const batch_observer&) = delete;
  virtual ~batch_observer() = default;

  virtual void on_batch(const batch<T>& events) = 0;
};

}  // namespace weir::flow
