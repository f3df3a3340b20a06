// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// The test kit in one header: operators and whole pipelines in virtual time.

#include "weir/stream.hpp"
#include "weir/test/operator_run.hpp"
