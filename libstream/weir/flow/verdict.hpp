// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace weir::flow {

/// What a piece of resumable work answers: who acts next.
enum class verdict : std::uint8_t {
  done,     ///< Worked off; bring the next input.
  more,     ///< The step's budget is spent; call again with the same input.
  blocked,  ///< An output is full (or a wait is on); call again with the same input once something
            ///< has changed.
};

}  // namespace weir::flow
