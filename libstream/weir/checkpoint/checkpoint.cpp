// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/checkpoint.hpp"

#include "weir/codec/key_hash.hpp"

#include <algorithm>
#include <utility>

namespace weir {

std::uint64_t graph_shape(const plan& p) {
  std::vector<std::pair<std::string, std::string>> operators;
  for (const stage_plan& s : p.stages)
    for (const operator_plan& o : s.operators) operators.emplace_back(o.id, o.kind);
  std::sort(operators.begin(), operators.end());
  return key_hash(operators);
}

checkpoint_manifest manifest_of(const plan& p) {
  checkpoint_manifest m;
  m.pipeline = p.name;
  m.key_groups = p.key_groups;
  m.shape = graph_shape(p);
  for (const stage_plan& s : p.stages)
    m.operators.insert(m.operators.end(), s.operators.begin(), s.operators.end());
  return m;
}

}  // namespace weir
