// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/test/test_sink.hpp"

namespace weir::test {

template <class T>
using transactional_sink = test_sink<T>;

}  // namespace weir::test
