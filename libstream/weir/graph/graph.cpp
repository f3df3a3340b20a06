// SPDX-License-Identifier: BSD-3-Clause
#include "weir/graph/graph.hpp"

#include "weir/codec/binary.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/graph/check.hpp"
#include "weir/state/key_groups.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>

namespace weir {

namespace {

/// Gives each connected region a dead-letter stage of its own, so that a region can be restarted
/// alone.
void add_dead_letters(build::graph_draft& draft) {
  const std::size_t user_stages = draft.stages.size();
  plan shape;
  for (std::size_t i = 0; i < user_stages; ++i) shape.stages.emplace_back();
  for (const auto& e : draft.edges)
    shape.edges.push_back({e.from, e.from_port, e.to, e.to_port, e.how});
  const std::vector<std::uint32_t> regions = shape.regions();
  std::map<std::uint32_t, std::uint32_t> sinks;
  for (std::uint32_t stage = 0; stage < user_stages; ++stage) {
    const std::uint32_t port = draft.add_output<dead_letter>(stage);
    if (!draft.add_dead_letter_sink) continue;
    auto [at, fresh] = sinks.try_emplace(regions[stage], 0);
    if (fresh) {
      at->second = draft.add_dead_letter_sink(draft, static_cast<std::uint32_t>(sinks.size()));
      build::stage_draft& made = draft.stages[at->second];
      made.name =
          sinks.size() == 1 ? "dead-letters" : "dead-letters-" + std::to_string(sinks.size());
      made.named = true;
      made.dead_letters = true;
      made.operators.front().id = made.name;
      made.operators.front().named = true;
    }
    draft.edges.push_back({stage, port, at->second, 0, partition::round_robin});
  }
}

plan make_plan(const build::graph_draft& draft) {
  plan p;
  p.name = draft.name();
  p.key_groups = draft.options.key_groups;
  for (const build::stage_draft& s : draft.stages) {
    stage_plan& made = p.stages.emplace_back();
    made.name = s.name;
    made.kind = s.dead_letters ? "dead letters" : s.kind;
    made.parallelism = *s.parallelism;
    made.blocking = s.blocking;
    for (const auto& op : s.operators)
      made.operators.push_back({op.id, op.kind, op.named, op.stateful});
    made.inputs = s.inputs;
    for (const auto& out : s.outputs) made.outputs.push_back(out.type);
  }
  for (const build::edge_draft& e : draft.edges) {
    const bool even = p.stages[e.from].parallelism == p.stages[e.to].parallelism;
    const partition how = e.how == partition::round_robin && even ? partition::forward : e.how;
    p.edges.push_back({e.from, e.from_port, e.to, e.to_port, how});
  }
  return p;
}

std::string list_of(const std::string& name, const std::vector<std::string>& mistakes) {
  std::string text = "pipeline '" + name + "' has " + std::to_string(mistakes.size()) +
                     (mistakes.size() == 1 ? " mistake:" : " mistakes:");
  for (const std::string& m : mistakes) text += "\n  - " + m;
  return text;
}

}  // namespace

result<graph> graph::from_draft(const build::graph_draft& original) {
  build::graph_draft draft = original;
  build::complete(draft);
  if (auto mistakes = build::find_mistakes(draft); !mistakes.empty())
    return error{errc::invalid_pipeline, list_of(draft.name(), mistakes)};
  auto warnings = build::find_warnings(draft);
  add_dead_letters(draft);
  build::complete(draft);
  auto in = std::make_shared<inside>();
  in->plan = make_plan(draft);
  in->options = draft.options;
  in->stages = std::move(draft.stages);
  in->channels = in->plan.channels();
  in->warnings = std::move(warnings);
  return graph{std::move(in)};
}

namespace {

error at_source(const build::stage_draft& stage, const error& why) {
  return {why.code, "source '" + stage.operators.front().id + "': " + why.message};
}

/// A run that is to begin in a split that isn't there would read all of another.
result<void> check_splits(const pipeline_options& options, const split_list& found) {
  std::set<std::string> there;
  for (const auto& of_stage : found.by_stage)
    for (const split_position& s : of_stage) there.insert(s.id);
  for (const auto& [id, offset] : options.from_offsets) {
    if (there.contains(id)) continue;
    std::string why = "the run is to begin at offset " + std::to_string(offset) +
                      " of the split '" + id + "', which no source has; there are: ";
    const std::size_t before = why.size();
    for (const std::string& s : there) {
      if (why.size() != before) why += ", ";
      why += s;
    }
    return error{errc::invalid_argument, std::move(why)};
  }
  return {};
}

/// Where a run that begins anew begins to read a split.
result<std::uint64_t> first_offset(const build::stage_draft& stage, const pipeline_options& options,
                                   const std::string& split, bool check) {
  const auto at = options.from_offsets.find(split);
  if (stage.finds_offsets || at == options.from_offsets.end()) return std::uint64_t{0};
  if (check && stage.check_offset)
    if (auto fits = stage.check_offset(split, at->second); !fits)
      return at_source(stage, fits.error());
  return at->second;
}

}  // namespace

result<split_list> graph::find_splits(std::span<const snapshot_part> restored,
                                      const std::set<std::uint32_t>* of) const {
  split_list list;
  list.by_stage.resize(plan().stages.size());
  for (std::size_t i = 0; i < plan().stages.size(); ++i) {
    const build::stage_draft& stage = inside_->stages[i];
    if (!stage.make_enumerator || (of && !of->contains(static_cast<std::uint32_t>(i)))) continue;
    std::map<std::string, split_position> known;
    snapshot_reader from{restored};
    from.bind(stage.operators.front().id);
    from.each("@split", [&](key_group, std::span<const std::byte> data) {
      split_position at;
      byte_reader in{data};
      if (decode(in, at)) known[at.id] = at;
    });
    auto found = stage.make_enumerator()->discover();
    if (!found) return at_source(stage, found.error());
    for (const split& s : *found) {
      if (known.contains(s.id)) continue;
      result<std::uint64_t> offset = std::uint64_t{0};
      // Not checked again for a region that begins once more: a followed file may have gone on.
      if (restored.empty()) offset = first_offset(stage, options(), s.id, of == nullptr);
      if (!offset) return offset.error();
      known[s.id] = split_position{s.id, *offset, false};
    }
    for (auto& [id, at] : known) list.by_stage[i].push_back(at);
  }
  if (restored.empty() && of == nullptr)
    if (auto there = check_splits(options(), list); !there) return there.error();
  return list;
}

result<void> graph::reach_outside() const {
  for (const build::stage_draft& stage : inside_->stages)
    for (const build::operator_draft& op : stage.operators)
      if (auto reached = op.reach ? op.reach() : result<void>{}; !reached)
        return error{reached.error().code, "operator '" + op.id + "': " + reached.error().message};
  return {};
}

/// The instance that a replayed event goes to; nothing if its key can't be told.
std::optional<std::uint32_t> graph::instance_for(std::uint32_t stage, const dead_letter& letter,
                                                 const split_list& splits) const {
  const build::stage_draft& draft = inside_->stages[stage];
  const stage_plan& planned = plan().stages[stage];
  if (planned.parallelism == 1) return 0;
  if (draft.make_enumerator) {
    const auto& all = splits.by_stage[stage];
    for (std::uint32_t i = 0; i < all.size(); ++i)
      if (all[i].id == letter.source) return i % planned.parallelism;
    return 0;
  }
  if (!draft.keyed) return 0;
  if (letter.input < draft.instance_of.size() && draft.instance_of[letter.input])
    if (const auto at =
            draft.instance_of[letter.input](letter, planned.parallelism, plan().key_groups))
      return at;
  // What came of keyed events has no key any more, unless the operator is the keyed one itself.
  const auto is_its = [&](const operator_plan& o) { return o.id == letter.operator_name; };
  const auto op = std::find_if(planned.operators.begin(), planned.operators.end(), is_its);
  const bool keyless = letter.at_operator && (op == planned.operators.end() || !op->stateful);
  return keyless ? std::optional{0U} : std::nullopt;
}

result<void> graph::check_replay(const dead_letter& letter) const {
  const auto refused = [&](const std::string& why) {
    return error{errc::unsupported, "the letter of stage '" + letter.stage + "', operator '" +
                                        letter.operator_name + "', can't be replayed: " + why};
  };
  const auto& stages = plan().stages;
  const auto at = std::find_if(stages.begin(), stages.end(),
                               [&](const stage_plan& s) { return s.name == letter.stage; });
  if (at == stages.end()) return refused("the pipeline has no stage of that name");
  const auto stage = static_cast<std::uint32_t>(at - stages.begin());
  const build::stage_draft& draft = inside_->stages[stage];
  if (letter.event.empty()) {
    const bool record = draft.make_enumerator && at->operators.front().id == letter.operator_name;
    if (!record) return refused("there is no event in it; a window's or timer's own call failed");
    if (!draft.decodes_records) return refused("its source can't decode single records");
    if (letter.text.size() >= kept_of_a_record) return refused("its record was cut off");
    return {};
  }
  if (!instance_for(stage, letter,
                    split_list{std::vector<std::vector<split_position>>(stages.size())}))
    return refused("the key of a '" + letter.type +
                   "' can't be told any more; run the stage with "
                   "parallelism 1");
  return {};
}

namespace {

/// The key groups that an instance owns.
std::pair<std::uint32_t, std::uint32_t> groups_of(std::uint32_t instance, std::uint32_t instances,
                                                  std::uint32_t groups) {
  std::uint32_t first = 0;
  while (first < groups && instance_of_group(first, instances, groups) < instance) ++first;
  std::uint32_t end = first;
  while (end < groups && instance_of_group(end, instances, groups) == instance) ++end;
  return {first, end};
}

/// Opens the cold store of an instance that has one, with what `restored` has for it.
std::shared_ptr<cold_store> open_cold(const stage_plan& planned, const std::string& name,
                                      std::pair<std::uint32_t, std::uint32_t> groups,
                                      std::span<const snapshot_part> restored,
                                      state_backend& backend) {
  std::vector<snapshot_part> own;
  for (const snapshot_part& p : restored) {
    if (p.kind != state_kind::files) continue;
    const cold_part head = read_cold_part(p);
    const bool asked_for =
        std::any_of(head.tables.begin(), head.tables.end(), [&](const saved_table& t) {
          return std::any_of(planned.operators.begin(), planned.operators.end(),
                             [&](const operator_plan& o) { return o.id == t.operator_id; });
        });
    if (asked_for && head.first_group < groups.second && groups.first < head.end_group)
      own.push_back(p);
  }
  instance_place where{name, {}, groups.first, groups.second};
  for (const operator_plan& o : planned.operators) where.operators.push_back(o.id);
  return backend.open(std::move(where), std::move(own));
}

/// Tells the outputs of a stage which others lead where they do: to the same instances of the same
/// stage.
void tell_which_go_together(std::span<const std::unique_ptr<flow::output_port>> outputs,
                            std::span<const std::vector<flow::channel_id>> ids,
                            const std::vector<bool>& broadcast,
                            std::span<const std::optional<std::uint32_t>> leads_to) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    std::vector<flow::output_port*> others;
    for (std::size_t j = 0; j < outputs.size(); ++j)
      if (j != i && leads_to[i] && leads_to[j] == leads_to[i] && !broadcast[i] && !broadcast[j] &&
          ids[i].size() == ids[j].size())
        others.push_back(outputs[j].get());
    outputs[i]->goes_with(std::move(others));
  }
}

/// Whether an item says whose it is, and that was another instance. At another parallelism than
/// then, items are everybody's.
bool is_of_another(const snapshot_part& p, std::span<const snapshot_part> all,
                   std::uint32_t instance, std::uint32_t parallelism) {
  if (p.group == 0) return false;
  std::set<key_group> whose;
  for (const snapshot_part& q : all)
    if (q.kind == p.kind && q.operator_id == p.operator_id && q.state == p.state)
      whose.insert(q.group);
  return whose.size() == parallelism && *std::next(whose.begin(), instance) != p.group;
}

}  // namespace

std::unique_ptr<flow::stage> graph::make_stage(std::uint32_t stage, std::uint32_t instance,
                                               flow::attempt_id attempt, const split_list& splits,
                                               std::span<const snapshot_part> restored,
                                               const build::surroundings& around) const {
  const build::stage_draft& draft = inside_->stages[stage];
  const stage_plan& planned = plan().stages[stage];
  flow::stage_parts parts;
  parts.name = planned.name;
  parts.attempt = attempt;
  parts.is_source = static_cast<bool>(draft.make_enumerator);
  parts.credits = options().credits;
  parts.metrics = around.metrics;
  parts.aligns = options().guarantee == processing_guarantee::exactly_once;
  if (around.budget) parts.budget = *around.budget;
  if (around.snapshot_piece) parts.snapshot_piece = *around.snapshot_piece;

  std::vector<std::vector<flow::channel_id>> out_ids(draft.outputs.size());
  std::vector<bool> broadcast(draft.outputs.size());
  std::vector<std::optional<std::uint32_t>> leads_to(draft.outputs.size());
  for (const channel_plan& c : channels()) {
    const edge_plan& e = plan().edges[c.edge];
    if (e.to == stage && c.to_instance == instance)
      parts.inputs.push_back({c.id, static_cast<std::uint16_t>(e.to_port),
                              e.to_port != draft.untimed_input, plan().stages[e.from].name,
                              c.from_instance});
    if (e.from != stage || c.from_instance != instance) continue;
    out_ids[e.from_port].push_back(c.id);
    broadcast[e.from_port] = e.how == partition::broadcast;
    leads_to[e.from_port] = e.to;
  }
  for (std::size_t i = 0; i < draft.outputs.size(); ++i)
    parts.outputs.push_back(
        draft.outputs[i].make(out_ids[i], attempt, options().batches, broadcast[i]));
  tell_which_go_together(parts.outputs, out_ids, broadcast, leads_to);

  flow::typed_output_port<dead_letter>* letters = nullptr;
  if (!draft.dead_letters && !out_ids.back().empty())
    letters = static_cast<flow::typed_output_port<dead_letter>*>(parts.outputs.back().get());
  parts.sends_dead_letters = letters != nullptr;
  parts.errors = std::make_unique<flow::event_errors>(planned.name, draft.on_error, letters,
                                                      around.metrics, around.poison);

  build::assembly a;
  a.instance = instance;
  a.parallelism = planned.parallelism;
  a.key_groups = plan().key_groups;
  a.attempt = attempt;
  a.limits = options().batches;
  a.hot_keys = options().hot_keys;
  a.around = around;
  a.operators = &draft.operators;
  a.ports = &parts.outputs;
  a.event_time = draft.event_time;
  const auto& all = splits.by_stage[stage];
  for (std::size_t i = instance; i < all.size(); i += planned.parallelism)
    a.splits.push_back(all[i]);
  if (around.backend != nullptr && draft.keyed)
    parts.cold = open_cold(
        planned,
        std::to_string(stage) + "-" + std::to_string(instance) + "-" + std::to_string(attempt),
        groups_of(instance, planned.parallelism, plan().key_groups), restored, *around.backend);
  a.cold = parts.cold.get();
  parts.body = draft.make_body(a);

  std::set<std::string> own{"@" + planned.name};
  for (const operator_plan& op : planned.operators) own.insert(op.id);
  std::size_t dealt = 0;
  for (const snapshot_part& p : restored) {
    if (!own.contains(p.operator_id) || p.kind == state_kind::files) continue;
    const bool mine =
        p.kind == state_kind::keyed
            ? instance_of_group(p.group, planned.parallelism, plan().key_groups) == instance
        : p.kind == state_kind::union_list
            ? !is_of_another(p, restored, instance, planned.parallelism)
            : (p.group != 0 ? p.group - 1U : dealt++) % planned.parallelism == instance;
    if (mine) parts.restored.push_back(&p);
  }
  if (around.replays)
    for (const dead_letter& letter : *around.replays)
      if (letter.stage == planned.name && instance_for(stage, letter, splits) == instance)
        parts.replays.push_back(letter);
  auto made = std::make_unique<flow::stage>(std::move(parts), *around.time);
  if (!around.restores_later) made->restore();
  return made;
}

std::unique_ptr<source_enumerator> graph::make_enumerator(std::uint32_t stage) const {
  const build::stage_draft& draft = inside_->stages[stage];
  return draft.make_enumerator ? draft.make_enumerator() : nullptr;
}

void graph::close_sources() const {
  for (const build::stage_draft& stage : inside_->stages)
    if (stage.close_source) stage.close_source();
}

}  // namespace weir
