// SPDX-License-Identifier: BSD-3-Clause
#pragma once

/// The stream algebra in one header: pipelines, streams, windows, sources and sinks that need no
/// runtime.

#include "weir/aggregates/approximate_count_distinct.hpp"
#include "weir/aggregates/basic.hpp"
#include "weir/aggregates/by_time.hpp"
#include "weir/aggregates/collect.hpp"
#include "weir/aggregates/count_distinct.hpp"
#include "weir/aggregates/histogram_of.hpp"
#include "weir/aggregates/quantiles.hpp"
#include "weir/aggregates/ranked.hpp"
#include "weir/aggregates/variance.hpp"
#include "weir/enrich/look_up.hpp"
#include "weir/event/text_ref.hpp"
#include "weir/graph/pipeline.hpp"
#include "weir/patterns/detect_options.hpp"
#include "weir/patterns/pattern.hpp"
#include "weir/patterns/pattern_rule.hpp"
#include "weir/sink/keyed_sink.hpp"
#include "weir/sink/memory_sink.hpp"
#include "weir/sink/write_ahead_sink.hpp"
#include "weir/source/generator.hpp"
#include "weir/source/memory_source.hpp"
#include "weir/windows/window_kinds.hpp"
