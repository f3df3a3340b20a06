// SPDX-License-Identifier: BSD-3-Clause
#include "weir/codec/key_hash.hpp"
#include "weir/patterns/automaton.hpp"

namespace weir::patterns {

std::uint64_t fingerprint(const automaton& a) {
  std::string text;
  const auto add = [&](auto n) { text += std::to_string(n) + ','; };
  for (const std::string& s : a.steps) text += s + ':';
  for (const state& s : a.states) {
    add(s.edges);
    add(s.step);
    add(static_cast<int>(s.end));
  }
  for (const edge& e : a.edges) {
    add(e.to);
    add(e.step);
    add(static_cast<int>(e.how));
    add(e.take);
    add(e.forbidden | e.not_next | e.not_passed);
  }
  for (const duration gap : a.gaps) add(gap.count());
  add(a.within ? a.within->count() : 0);
  return key_hash(std::string_view{text});
}

}  // namespace weir::patterns
