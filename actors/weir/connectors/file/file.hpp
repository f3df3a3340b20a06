// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Files and standard output as sources and sinks.

#include "weir/connectors/file/file_sink.hpp"
#include "weir/connectors/file/file_source.hpp"
#include "weir/connectors/file/stdout_sink.hpp"
