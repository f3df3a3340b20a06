// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstdint>
#include <optional>

namespace weir {

/// How much memory a run may use.
struct memory_options {
  enum class at_limit : std::uint8_t {
    hold,  ///< Sources read nothing until there is less, and a line says so.
    fail,  ///< The run ends with an error.
  };
  /// Resident bytes of the process, of all that is in it; 0 for no limit.
  std::uint64_t limit = 0;
  at_limit policy = at_limit::hold;
};

/// What is to be done as memory fills and empties: sources are held at the limit, and released at
/// nine tenths of it. Plain data in, plain data out.
class memory_watch {
public:
  enum class verdict : std::uint8_t {
    go_on,
    hold,     ///< Tell the sources to wait.
    release,  ///< Tell them to go on.
    fail,
  };

  explicit memory_watch(memory_options how) : how_(how) {}

  /// Takes what is used now.
  verdict note(std::uint64_t used) noexcept {
    if (how_.limit == 0) return verdict::go_on;
    if (used > how_.limit && how_.policy == memory_options::at_limit::fail) return verdict::fail;
    const bool holds = holds_ ? used > how_.limit / 10 * 9 : used > how_.limit;
    if (holds == holds_) return verdict::go_on;
    holds_ = holds;
    return holds ? verdict::hold : verdict::release;
  }
  [[nodiscard]] bool holds() const noexcept { return holds_; }
  [[nodiscard]] const memory_options& options() const noexcept { return how_; }

private:
  memory_options how_;
  bool holds_ = false;
};

/// Resident bytes of the process; nothing where the system does not tell.
[[nodiscard]] std::optional<std::uint64_t> resident_bytes();
/// Gives what was freed back to the system, as far as the allocator can. Takes a while: for a time
/// when memory is short.
void return_free_memory();

}  // namespace weir
