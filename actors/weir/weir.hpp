// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Weir in one header: the stream algebra, the runtime, the command line and the connectors that
/// need no server.

#include "weir/connectors/file/file_sink.hpp"
#include "weir/connectors/file/file_source.hpp"
#include "weir/connectors/file/stdout_sink.hpp"
#include "weir/connectors/paced.hpp"
#include "weir/main/main.hpp"
#include "weir/runtime/explain.hpp"
#include "weir/runtime/push_source.hpp"
#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"
