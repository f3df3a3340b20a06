// SPDX-License-Identifier: BSD-3-Clause
#include "weir/checkpoint/restore_check.hpp"

#include <algorithm>
#include <map>

namespace weir {

namespace {

/// The operators' state by id; that of stages themselves, whose ids begin with '@', is left out: it
/// is made up anew.
std::map<std::string, std::uint64_t> bytes_by_operator(const checkpoint& c) {
  std::map<std::string, std::uint64_t> bytes;
  for (const snapshot_part& p : c.parts)
    if (!p.operator_id.starts_with('@')) bytes[p.operator_id] += p.data.size();
  return bytes;
}

std::map<std::string, operator_plan> by_id(const std::vector<operator_plan>& all) {
  std::map<std::string, operator_plan> ids;
  for (const operator_plan& o : all) ids[o.id] = o;
  return ids;
}

std::string listed(const std::vector<std::string>& ids) {
  std::string text;
  for (const std::string& id : ids) text += (text.empty() ? "'" : ", '") + id + "'";
  return text;
}

error refused(std::string why) { return {errc::incompatible, std::move(why)}; }

}  // namespace

std::string restored_operator::text() const {
  const std::string size = std::to_string(bytes) + " bytes of state";
  return id + " (" + kind +
         "): " + (!in_checkpoint ? "begins empty" : size + (dropped ? " dropped" : ""));
}

std::string restore_report::text() const {
  std::string lines;
  for (const restored_operator& o : operators) lines += "  " + o.text() + "\n";
  for (const std::string& n : notes) lines += "  note: " + n + "\n";
  return lines;
}

result<restore_report> check_restore(const plan& p, const checkpoint& from,
                                     bool allow_dropped_state) {
  const checkpoint_manifest& m = from.manifest;
  const std::string which = "checkpoint " + std::to_string(m.id);
  if (m.pipeline != p.name)
    return refused(which + " is of the pipeline '" + m.pipeline + "', not of '" + p.name +
                   "': give each pipeline a directory of its own");
  if (m.key_groups != p.key_groups)
    return refused(which + " has " + std::to_string(m.key_groups) + " key groups, the pipeline " +
                   std::to_string(p.key_groups) +
                   ": the number is fixed for the life of its state");
  const checkpoint_manifest now = manifest_of(p);
  const auto then = by_id(m.operators);
  const auto here = by_id(now.operators);
  const auto sizes = bytes_by_operator(from);

  restore_report report;
  std::vector<std::string> made_up;
  std::vector<std::string> left_over;
  for (const operator_plan& o : now.operators) {
    if (!o.stateful) continue;
    const auto saved = sizes.find(o.id);
    const bool known = saved != sizes.end();
    if (!o.named && known) made_up.push_back(o.id);
    const bool changed = known && then.contains(o.id) && then.at(o.id).kind != o.kind;
    if (changed && !allow_dropped_state)
      return refused(which + ": '" + o.id + "' was a " + then.at(o.id).kind + ", and is a " +
                     o.kind +
                     " now: name it differently, or say --allow-dropped-state for it to begin "
                     "empty");
    report.operators.push_back({o.id, o.kind, known ? saved->second : 0, known, true, changed});
  }
  for (const auto& [id, size] : sizes) {
    if (here.contains(id)) continue;
    left_over.push_back(id);
    report.operators.push_back(
        {id, then.contains(id) ? then.at(id).kind : "operator", size, true, false, true});
  }
  if (!made_up.empty() && m.shape != now.shape)
    return refused(which + " has state of operators without a name (" + listed(made_up) +
                   "), and the pipeline's graph has changed since: name them with .named(\"…\") "
                   "before the checkpoint is taken");
  if (!made_up.empty())
    report.notes.push_back("operators without a name (" + listed(made_up) +
                           ") can be restored on this very graph only: name them");
  if (!left_over.empty() && !allow_dropped_state)
    return refused(which + " has state that no operator of the pipeline takes: " +
                   listed(left_over) + "; bring them back or say --allow-dropped-state");
  return report;
}

}  // namespace weir
