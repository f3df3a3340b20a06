// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// Kafka: topics as sources and sinks.

#include "weir/connectors/kafka/embedded.hpp"
#include "weir/connectors/kafka/sink.hpp"
#include "weir/connectors/kafka/source.hpp"
