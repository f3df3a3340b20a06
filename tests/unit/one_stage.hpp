// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "unit/sample.hpp"
#include "weir/test/stage_run.hpp"

namespace weir::test {

using one_stage = stage_run;

}  // namespace weir::test
