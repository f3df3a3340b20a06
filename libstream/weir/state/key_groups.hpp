// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>

namespace weir {

/// Groups that keys are dealt to; state moves by the group, so a savepoint's number can't be
/// changed.
inline constexpr std::uint32_t default_key_groups = 128;

/// Returns the group of a key's hash. Uses bits that hash tables over the same hash don't: their
/// slots come from the low bits and their tags from others, and a table whose keys share those bits
/// degenerates.
[[nodiscard]] constexpr std::uint32_t group_of_hash(std::uint64_t hash,
                                                    std::uint32_t groups) noexcept {
  return static_cast<std::uint32_t>(hash >> 32) % groups;
}

/// `group_of_hash` for a number of groups that is fixed for a while: a mask where a division is not
/// needed.
class key_grouper {
public:
  explicit constexpr key_grouper(std::uint32_t groups) noexcept
      : groups_(groups), mask_((groups & (groups - 1)) == 0 ? groups - 1 : 0) {}

  [[nodiscard]] constexpr std::uint32_t operator()(std::uint64_t hash) const noexcept {
    return mask_ != 0 ? static_cast<std::uint32_t>(hash >> 32) & mask_
                      : group_of_hash(hash, groups_);
  }

private:
  std::uint32_t groups_;
  std::uint32_t mask_;
};

/// Returns the instance, of `instances`, that owns a group. @pre instances <= groups
[[nodiscard]] constexpr std::uint32_t instance_of_group(std::uint32_t group,
                                                        std::uint32_t instances,
                                                        std::uint32_t groups) noexcept {
  return static_cast<std::uint32_t>(static_cast<std::uint64_t>(group) * instances / groups);
}

}  // namespace weir
