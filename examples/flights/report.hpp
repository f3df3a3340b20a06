// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "flight.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace flights {

/// The newest hour of each airport, for the live table. Written by a sink's thread, read by the one
/// that draws.
class newest_hours {
public:
  void take(const origin_hour& h);
  [[nodiscard]] std::string text() const;

private:
  mutable std::mutex mutex_;
  std::map<std::string, origin_hour> newest_;
};

}  // namespace flights
