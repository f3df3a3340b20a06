// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"

#include <functional>
#include <map>
#include <span>
#include <string>

namespace weir {

/// Answers requests that operators make of something outside their stage. Called in the stage's
/// thread, so it must not block, and by several instances at a time, so it must be safe for that;
/// `answer` may be called from any thread, once, and at any time: an
/// answer that comes after the stage has restarted is ignored.
using service =
    std::function<void(std::span<const std::byte> request, std::function<void(bytes)> answer)>;

/// Services by the name that requests call them by.
using service_map = std::map<std::string, service, std::less<>>;

}  // namespace weir
