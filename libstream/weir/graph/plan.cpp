// SPDX-License-Identifier: BSD-3-Clause
#include "weir/graph/plan.hpp"

#include "weir/codec/json.hpp"
#include "weir/codec/key_hash.hpp"

#include <algorithm>
#include <numeric>

namespace weir {

std::string_view to_string(partition p) noexcept {
  switch (p) {
    case partition::forward:
      return "forward";
    case partition::round_robin:
      return "round robin";
    case partition::hash:
      return "by key";
    case partition::broadcast:
      return "broadcast";
  }
  return "unknown";
}

std::vector<channel_plan> plan::channels() const {
  std::vector<channel_plan> all;
  for (std::uint32_t e = 0; e < edges.size(); ++e) {
    const std::uint32_t senders = stages[edges[e].from].parallelism;
    const std::uint32_t receivers = stages[edges[e].to].parallelism;
    for (std::uint32_t i = 0; i < senders; ++i)
      for (std::uint32_t j = 0; j < receivers; ++j)
        if (edges[e].how != partition::forward || i == j)
          all.push_back({static_cast<flow::channel_id>(all.size()), e, i, j});
  }
  return all;
}

std::vector<std::uint32_t> plan::regions() const {
  std::vector<std::uint32_t> region(stages.size());
  std::iota(region.begin(), region.end(), 0U);
  for (bool changed = true; changed;) {
    changed = false;
    for (const edge_plan& e : edges) {
      const std::uint32_t lower = std::min(region[e.from], region[e.to]);
      changed = changed || region[e.from] != lower || region[e.to] != lower;
      region[e.from] = region[e.to] = lower;
    }
  }
  return region;
}

std::string plan::to_json() const { return weir::to_json(*this); }

std::uint64_t plan::fingerprint() const { return key_hash(to_json()); }

namespace {

std::string title(const stage_plan& s, std::string_view line_break) {
  std::string text = s.name;
  if (s.parallelism != 1) text += " ×" + std::to_string(s.parallelism);
  std::string operators;
  for (const operator_plan& op : s.operators)
    if (op.id != s.name) operators += (operators.empty() ? "" : " → ") + op.id;
  if (!operators.empty()) text += std::string{line_break} + operators;
  return text;
}

/// Escapes what ends a quoted label in Mermaid or DOT.
std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) out += c == '"' ? '\'' : c;
  return '"' + out + '"';
}

}  // namespace

std::string to_mermaid(const plan& p) {
  std::string out = "flowchart LR\n";
  for (std::size_t i = 0; i < p.stages.size(); ++i) {
    const stage_plan& s = p.stages[i];
    const std::string label = quoted(title(s, "<br/>"));
    out += "  s" + std::to_string(i);
    if (s.kind == "source")
      out += "([" + label + "])\n";
    else if (s.kind == "operators")
      out += "[" + label + "]\n";
    else
      out += "[/" + label + "/]\n";
  }
  for (const edge_plan& e : p.edges) {
    const bool letters = p.stages[e.to].kind == "dead letters";
    out += "  s" + std::to_string(e.from) +
           (letters ? " -.-> " : " -->|" + std::string{to_string(e.how)} + "| ") + "s" +
           std::to_string(e.to) + "\n";
  }
  return out;
}

std::string to_dot(const plan& p) {
  std::string out = "digraph " + quoted(p.name) + " {\n  rankdir=LR;\n  node [shape=box];\n";
  for (std::size_t i = 0; i < p.stages.size(); ++i) {
    const stage_plan& s = p.stages[i];
    const std::string shape = s.kind == "source"      ? ", shape=ellipse"
                              : s.kind == "operators" ? ""
                                                      : ", shape=cds";
    out += "  s" + std::to_string(i) + " [label=" + quoted(title(s, "\\n")) + shape + "];\n";
  }
  for (const edge_plan& e : p.edges) {
    const bool letters = p.stages[e.to].kind == "dead letters";
    out += "  s" + std::to_string(e.from) + " -> s" + std::to_string(e.to) +
           (letters ? " [style=dotted];\n"
                    : " [label=" + quoted(std::string{to_string(e.how)}) + "];\n");
  }
  return out + "}\n";
}

}  // namespace weir
