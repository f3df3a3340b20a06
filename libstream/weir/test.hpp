// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// The test kit in one header: operators and whole pipelines in virtual time.

#include "weir/stream.hpp"
#include "weir/test/operator_run.hpp"
#include "weir/test/repeat.hpp"
#include "weir/test/saved_state.hpp"
#include "weir/test/simulate.hpp"
#include "weir/test/stage_run.hpp"
#include "weir/test/test_sink.hpp"
#include "weir/test/test_source.hpp"
