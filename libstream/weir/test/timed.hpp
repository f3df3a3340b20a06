// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"

namespace weir::test {

/// An event with its timestamp, as a test pushes and reads them.
template <class T>
struct timed {
  T value;
  timestamp at;

  friend bool operator==(const timed&, const timed&) = default;
};

}  // namespace weir::test
