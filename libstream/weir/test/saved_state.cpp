// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/saved_state.hpp"

#include <utility>

namespace weir::test {

std::vector<state_size> state_sizes(std::span<const snapshot_part> saved) {
  std::map<std::pair<std::string, std::string>, state_size> by_name;
  for (const snapshot_part& p : saved) {
    state_size& s = by_name[{p.operator_id, p.state}];
    s.operator_id = p.operator_id;
    s.state = p.state;
    ++s.parts;
    s.bytes += p.data.size();
  }
  std::vector<state_size> all;
  all.reserve(by_name.size());
  for (auto& [name, s] : by_name) all.push_back(std::move(s));
  return all;
}

}  // namespace weir::test
