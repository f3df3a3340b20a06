// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/runtime/runtime.hpp"
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace weir::test {

struct reading {
  std::uint64_t number = 0;
  std::uint64_t key = 0;
  timestamp at;
};
BOOST_DESCRIBE_STRUCT(reading, (), (number, key, at))

inline reading reading_of(std::uint64_t i) {
  return {i, i * 7919 % 20, timestamp{duration{static_cast<duration::rep>(i) * 1000}}};
}

inline auto readings(std::uint64_t n, std::uint32_t splits = 1) {
  return generator{reading_of, {.events = n, .splits = splits}};
}

/// Starts a pipeline that must be right, without a word on standard error.
inline runtime start(pipeline p, runtime_options options = {}) {
  if (!options.log) options.log = [](const std::string&) {};
  return runtime::start(std::move(p), std::move(options)).value();
}

}  // namespace weir::test
