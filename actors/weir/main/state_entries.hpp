// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/checkpoint/checkpoint.hpp"
#include "weir/codec/schema_tree.hpp"

#include <compare>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir {

/// Operator and state.
using state_name = std::pair<std::string, std::string>;

/// One entry of a state, as JSON.
struct state_entry {
  std::string key;           ///< Empty for state that has no key.
  std::string window_start;  ///< Of a tumbling window's state; else empty.
  std::string value;
};

/// Takes the entries of a checkpoint apart, by the schemas that were saved with them.
class state_entries {
public:
  explicit state_entries(const checkpoint& of);

  /// Calls `take(entry)` for each entry of a part. False if there is no schema of all that is in
  /// it, or if a type in it has a codec of its own: then none is given.
  [[nodiscard]] bool each(const snapshot_part& p,
                          const std::function<void(state_entry)>& take) const;

private:
  [[nodiscard]] bool has_window(const snapshot_part& p) const;

  std::map<state_name, schema> forms_;
  std::map<std::string, std::string> kinds_;  ///< Of operators.
};

/// Whether a part says of which form another state is.
[[nodiscard]] bool is_form(const snapshot_part& p);

}  // namespace weir
