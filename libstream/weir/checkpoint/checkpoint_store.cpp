// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/checkpoint_store.hpp"

namespace weir {

result<std::optional<checkpoint>> read_newest(checkpoint_store& from,
                                              const std::function<void(const std::string&)>& warn) {
  const auto stored = from.list();
  if (!stored) return stored.error();
  for (const stored_checkpoint& s : *stored) {
    auto read = from.read(s);
    if (read) return std::optional{*std::move(read)};
    warn("checkpoint " + std::to_string(s.id) +
         " is not used, but the one before it: " + read.error().message);
  }
  if (stored->empty()) return std::optional<checkpoint>{};
  // To begin anew would do again what was committed.
  return error{errc::incompatible,
               "no checkpoint is whole: begin without them (--fresh), or bring back one that is"};
}

void remove_old(checkpoint_store& from, std::size_t keep,
                const std::function<void(const std::string&)>& warn) {
  const auto stored = from.list();
  if (!stored) return warn(stored.error().message);
  std::size_t kept = 0;
  for (const stored_checkpoint& s : *stored)
    if (s.kind != flow::checkpoint_kind::savepoint && ++kept > keep)
      if (auto removed = from.remove(s); !removed) warn(removed.error().message);
}

}  // namespace weir
