// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Redis: look-ups for `enrich`, sinks, sources of tables, and a connection for coroutines.

#include "weir/connectors/redis/client.hpp"
#include "weir/connectors/redis/look_ups.hpp"
#include "weir/connectors/redis/sinks.hpp"
#include "weir/connectors/redis/table_source.hpp"
