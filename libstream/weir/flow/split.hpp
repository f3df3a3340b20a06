// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>

namespace weir {

/// A part of a source that is read in order and by one reader at a time: a file, a partition.
struct split {
  std::string id;  ///< Unique within the source and stable over restarts; shown to people.
};

/// Where the reading of a split stands: what a checkpoint keeps of it.
struct split_position {
  std::string id;
  std::uint64_t offset = 0;
  bool ended = false;
  bool idle = false;  ///< It had had nothing for a while.
};
BOOST_DESCRIBE_STRUCT(split_position, (), (id, offset, ended, idle))

}  // namespace weir
