// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoints/running_sum.hpp"

#ifndef XXH_INLINE_ALL
#define XXH_INLINE_ALL
#endif
#include <xxhash.h>

namespace weir::checkpoints {

struct running_sum::state {
  XXH3_state_t of;
};

running_sum::running_sum() : state_(std::make_unique<state>()) { XXH3_64bits_reset(&state_->of); }
running_sum::running_sum(running_sum&&) noexcept = default;
running_sum& running_sum::operator=(running_sum&&) noexcept = default;
running_sum::~running_sum() = default;

void running_sum::add(const void* from, std::size_t n) {
  XXH3_64bits_update(&state_->of, from, n);
  size_ += n;
}

file_sum running_sum::sum() const { return {size_, XXH3_64bits_digest(&state_->of)}; }

}  // namespace weir::checkpoints
