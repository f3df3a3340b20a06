// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Kafka: topics as sources and sinks.

#include "weir/connectors/kafka/avro_values.hpp"
#include "weir/connectors/kafka/embedded.hpp"
#include "weir/connectors/kafka/sink.hpp"
#include "weir/connectors/kafka/source.hpp"
#include "weir/source/history_then.hpp"
