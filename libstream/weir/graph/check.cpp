// SPDX-License-Identifier: BSD-3-Clause
#include "weir/graph/check.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace weir::build {

namespace {

std::string name_stage(const stage_draft& stage, std::size_t number) {
  for (const operator_draft& op : stage.operators)
    if (op.named) return op.id;
  if (stage.kind != "operators" && !stage.operators.empty()) return stage.operators.front().id;
  for (const operator_draft& op : stage.operators)
    if (op.stateful) return op.id;
  return "stage-" + std::to_string(number + 1);
}

void check_parallelism(const graph_draft& draft, const stage_draft& stage,
                       std::vector<std::string>& mistakes) {
  const std::uint32_t n = *stage.parallelism;
  const std::string where = "stage '" + stage.name + "': ";
  if (n > 1024)
    mistakes.push_back(where + "parallelism " + std::to_string(n) + " is more than 1024 instances");
  if (n == 0) mistakes.push_back(where + "parallelism is 0; it needs at least one instance");
  if (stage.keyed && n > draft.options.key_groups)
    mistakes.push_back(where + "parallelism " + std::to_string(n) + " is more than the " +
                       std::to_string(draft.options.key_groups) +
                       " key groups; lower it or raise key_groups");
  if (stage.single_state && n > 1)
    mistakes.push_back(where +
                       "process() or window() without a key has state that can't be dealt out to " +
                       std::to_string(n) + " instances; key the stream, or set parallelism(1)");
}

/// Whether an operator's state is more than where a source or sink stands.
bool holds_users_state(const stage_draft& stage, const operator_draft& op) {
  const bool is_connector = stage.kind != "operators" && &op == &stage.operators.front();
  return op.stateful && !is_connector && op.kind != "event_time";
}

/// Whether an event that is tried again finds an atomic operator's state as it was: nothing that
/// may fail is behind the operator, a key's function neither, and each try hands it one event.
bool is_tried_alone(const graph_draft& draft, const stage_draft& stage, const operator_draft& op) {
  const auto number = static_cast<std::uint32_t>(&stage - draft.stages.data());
  const auto deals = [&](const edge_draft& e) {
    return e.from == number && e.how == partition::hash;
  };
  if (std::any_of(draft.edges.begin(), draft.edges.end(), deals)) return false;
  const auto hands_on_one = [&](const operator_draft& before) {
    const bool is_source = stage.kind != "operators" && &before == &stage.operators.front();
    return is_source || before.kind == "map" || before.kind == "filter" ||
           before.kind == "event_time";
  };
  return &op == &stage.operators.back() &&
         std::all_of(stage.operators.begin(), stage.operators.end() - 1, hands_on_one);
}

void check_retry(const graph_draft& draft, const stage_draft& stage,
                 std::vector<std::string>& mistakes) {
  if (stage.on_error.what != directive::kind::retry) return;
  for (const operator_draft& op : stage.operators) {
    if (!holds_users_state(stage, op) || (op.atomic && is_tried_alone(draft, stage, op))) continue;
    const std::string where =
        "stage '" + stage.name + "': retry would run '" + op.id + "' again on ";
    mistakes.push_back(
        op.atomic ? where +
                        "state that it has changed for the same event; put it into a stage of "
                        "its own: .stage() before and behind it"
                  : where +
                        "state that the failed try may have changed; use another directive, or "
                        "move what can fail to a stage before it");
  }
}

bool has_event_time(const stage_draft& stage) {
  return std::any_of(stage.operators.begin(), stage.operators.end(),
                     [](const operator_draft& op) { return op.kind == "event_time"; });
}

/// A run can begin with a time where events have one, and where what was before can be passed over.
void check_beginning(const graph_draft& draft, std::vector<std::string>& mistakes) {
  if (!draft.options.from) return;
  bool any = false;
  for (const stage_draft& stage : draft.stages) {
    any = any || has_event_time(stage);
    if (stage.kind == "source" && !stage.recorded && has_event_time(stage))
      mistakes.push_back("source '" + stage.operators.front().id +
                         "' can't begin at a time: it does not read what was recorded before; "
                         "leave out --from, or read from files");
  }
  if (!any) mistakes.emplace_back("--from: no stream has event time, so none can begin at a time");
}

/// What is read may be another process's from one moment to the next, so no state could be right.
void check_shared(const graph_draft& draft, std::uint32_t source,
                  std::vector<std::string>& mistakes) {
  std::set<std::uint32_t> reached{source};
  std::vector<std::uint32_t> open{source};
  while (!open.empty()) {
    const std::uint32_t at = open.back();
    open.pop_back();
    const stage_draft& stage = draft.stages[at];
    for (const operator_draft& op : stage.operators)
      if (holds_users_state(stage, op) && op.kind != "enrich")
        mistakes.push_back("source '" + draft.stages[source].operators.front().id +
                           "' shares its topic with other processes, as a consumer group deals it, "
                           "and '" +
                           op.id +
                           "' has state, which would not move with the partitions: leave the "
                           "state out, or have Weir deal the partitions (by_number)");
    for (const edge_draft& e : draft.edges)
      if (e.from == at && reached.insert(e.to).second) open.push_back(e.to);
  }
}

}  // namespace

void complete(graph_draft& draft) {
  std::map<std::string, int> counts;
  for (stage_draft& stage : draft.stages)
    for (operator_draft& op : stage.operators) {
      const int number = ++counts[op.kind];
      if (!op.named) op.id = op.kind + "-" + std::to_string(number);
    }
  for (stage_draft& stage : draft.stages)
    for (operator_draft& op : stage.operators)
      if (op.gathers_for)
        op.id = draft.stages[*op.gathers_for].operators.front().id + ": gathering";
  for (std::size_t i = 0; i < draft.stages.size(); ++i) {
    stage_draft& stage = draft.stages[i];
    if (!stage.named) stage.name = name_stage(stage, i);
    if (!stage.parallelism)
      stage.parallelism =
          stage.kind == "operators" && !stage.single_state ? draft.options.parallelism : 1;
  }
}

std::vector<std::string> find_mistakes(const graph_draft& draft) {
  std::vector<std::string> mistakes = draft.mistakes;
  if (draft.stages.empty())
    mistakes.emplace_back("the pipeline is empty: begin with p.from(source)");
  std::set<std::uint32_t> begun;
  for (const auto& node : draft.nodes) {
    const stage_draft& stage = draft.stages[node->stage()];
    const bool is_first = begun.insert(node->stage()).second;
    if (node->consumed()) continue;
    // Operators that follow a stage's first stream but were never closed by a sink hang in the air.
    const std::string& last =
        is_first && !stage.operators.empty() ? stage.operators.back().id : node->label();
    mistakes.push_back("the stream after '" + last + "' in stage '" + stage.name +
                       "' goes nowhere: end it with .to(sink)");
  }
  check_beginning(draft, mistakes);
  std::map<std::string, std::string> targets;
  for (const stage_draft& stage : draft.stages)
    if (!stage.target.empty() && !targets.try_emplace(stage.target, stage.name).second)
      mistakes.push_back("sinks '" + targets[stage.target] + "' and '" + stage.name +
                         "' both write to '" + stage.target + "'; give one of them another name");
  std::map<std::string, int> operators;
  std::map<std::string, int> stages;
  for (const stage_draft& stage : draft.stages) {
    ++stages[stage.name];
    for (const operator_draft& op : stage.operators) {
      ++operators[op.id];
      if (op.id.empty())
        mistakes.push_back("stage '" + stage.name + "': named(\"\") gives a " + op.kind +
                           " an empty name");
    }
    check_parallelism(draft, stage, mistakes);
    if (stage.shared)
      check_shared(draft, static_cast<std::uint32_t>(&stage - draft.stages.data()), mistakes);
    check_retry(draft, stage, mistakes);
  }
  for (const auto& [id, n] : operators)
    if (n > 1)
      mistakes.push_back("operator name '" + id + "' is used " + std::to_string(n) +
                         " times; state could not be told apart");
  for (const auto& [name, n] : stages)
    if (n > 1)
      mistakes.push_back("stage name '" + name + "' is used " + std::to_string(n) + " times");
  if (draft.options.key_groups == 0 || draft.options.key_groups > 32768)
    mistakes.push_back("key_groups is " + std::to_string(draft.options.key_groups) +
                       "; it must be between 1 and 32768");
  if (draft.options.batches.events == 0 || draft.options.credits.frames == 0 ||
      draft.options.credits.max_events == 0)
    mistakes.emplace_back(
        "batches.events, credits.frames and credits.max_events must be at least 1");
  return mistakes;
}

std::vector<std::string> find_warnings(const graph_draft& draft) {
  std::vector<std::string> warnings = draft.warnings;
  for (const stage_draft& stage : draft.stages)
    for (const operator_draft& op : stage.operators)
      if (holds_users_state(stage, op) && !op.named && !op.gathers_for)
        warnings.push_back("'" + op.id +
                           "' has state under a made-up name; give it one with .named(), or a "
                           "savepoint will resume only on this same graph");
  return warnings;
}

}  // namespace weir::build
