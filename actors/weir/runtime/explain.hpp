// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/runtime/status.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// A stage instance on the way from a result back to what its watermark waits for.
struct watermark_hold {
  std::string stage;
  std::uint32_t instance = 0;
  timestamp watermark;  ///< Of its inputs, merged.
  timestamp since;      ///< Wall-clock time at which it came to this.
  std::string split;    ///< Of a source: the split that it waits for. Else the next one tells.
};
BOOST_DESCRIBE_STRUCT(watermark_hold, (), (stage, instance, watermark, since, split))

/// Tells what holds event time back: from the instance of `stage` whose watermark is the lowest, or
/// of any sink if `stage` is empty, back to the split that it waits for. Ends earlier where nothing
/// is waited for: everything before has ended or is idle. Empty if there is no such stage.
[[nodiscard]] std::vector<watermark_hold> explain_watermark(
    const std::vector<instance_status>& status, std::string_view stage = {});

}  // namespace weir
