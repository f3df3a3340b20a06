// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/schema.hpp"
#include "weir/flow/directive.hpp"
#include "weir/flow/typed_output_port.hpp"
#include "weir/graph/assembly.hpp"
#include "weir/graph/plan.hpp"
#include "weir/graph/settings.hpp"
#include "weir/source/source.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace weir::build {

/// A side output that somebody consumes.
struct side_draft {
  std::string name;
  std::function<std::unique_ptr<flow::fan_out_base>(assembly&)> make;
};

struct operator_draft {
  std::string kind;
  std::string id;  ///< Empty until the user or the check names it.
  bool named = false;
  bool stateful = false;
  bool atomic = false;  ///< An event that fails has changed no state, so that a retry is safe.
  /// The stage whose window gets what this one gathers; it is called like that window.
  std::optional<std::uint32_t> gathers_for{};
  std::vector<side_draft> sides;
  /// Tries what it needs of the world outside before the pipeline starts; may block. May be empty.
  std::function<result<void>()> reach{};
};

inline flow::operator_environment assembly::environment(std::size_t op) const {
  return {(*operators)[op].id, instance, parallelism, key_groups, around.metrics.get(), {}, cold};
}

struct output_draft {
  std::string type;
  std::function<std::unique_ptr<flow::output_port>(
      const std::vector<flow::channel_id>&, flow::attempt_id, flow::batch_limits, bool broadcast)>
      make;
};

struct stage_draft {
  std::string name;
  bool named = false;
  std::string kind = "operators";
  std::optional<std::uint32_t> parallelism;
  bool blocking = false;
  bool keyed = false;
  bool single_state = false;  ///< Holds state without a key, which can't be dealt out.
  bool dead_letters = false;  ///< Takes the dead letters of a region.
  std::string target;         ///< What a sink writes to, where it must be the only one.
  directive on_error;
  event_time_options event_time;
  std::vector<operator_draft> operators;
  std::vector<std::string> inputs;
  std::optional<std::uint32_t> untimed_input;  ///< A port whose watermarks say nothing.
  std::vector<output_draft> outputs;
  std::function<std::unique_ptr<flow::stage_body>(assembly&)> make_body;
  std::function<std::unique_ptr<source_enumerator>()> make_enumerator;
  bool recorded = false;       ///< A source that a run may begin with a later time of.
  bool finds_offsets = false;  ///< A source that begins at the run's offsets by itself.
  /// Whether a split of the source can be read from an offset; may be empty.
  std::function<result<void>(const std::string& split, std::uint64_t offset)> check_offset;
  bool shared = false;           ///< A source whose splits other processes read, too.
  bool decodes_records = false;  ///< A source that can decode a single record.
  /// By input: the instance that has the key of a dead letter's event; nothing if it can't be told.
  std::vector<std::function<std::optional<std::uint32_t>(
      const dead_letter&, std::uint32_t instances, std::uint32_t groups)>>
      instance_of;
  std::function<void()> close_source;  ///< Lets go of those who wait for the source; may be empty.
};

struct edge_draft {
  std::uint32_t from = 0;
  std::uint32_t from_port = 0;
  std::uint32_t to = 0;
  std::uint32_t to_port = 0;
  partition how =
      partition::round_robin;  ///< Round robin becomes forward where the parallelism is the same.
};

/// A stream while the pipeline is being written down.
class node_base {
public:
  node_base(std::uint32_t stage, std::string label) : stage_(stage), label_(std::move(label)) {}
  node_base(const node_base&) = delete;
  node_base& operator=(const node_base&) = delete;
  virtual ~node_base() = default;

  [[nodiscard]] virtual bool consumed() const = 0;
  [[nodiscard]] std::uint32_t stage() const noexcept { return stage_; }
  [[nodiscard]] const std::string& label() const noexcept { return label_; }

private:
  std::uint32_t stage_;
  std::string label_;
};

/// A pipeline while it is being written down: what the streams' member functions write to.
class graph_draft {
public:
  explicit graph_draft(std::string name) : name_(std::move(name)) {}

  std::uint32_t add_stage(std::string kind) {
    stages.emplace_back().kind = std::move(kind);
    return static_cast<std::uint32_t>(stages.size() - 1);
  }

  std::size_t add_operator(std::uint32_t stage, std::string kind, bool stateful) {
    operator_draft op;
    op.kind = std::move(kind);
    op.stateful = stateful;
    stages[stage].operators.push_back(std::move(op));
    return stages[stage].operators.size() - 1;
  }

  template <class T>
  std::uint32_t add_output(std::uint32_t stage) {
    stages[stage].outputs.push_back(
        {std::string{type_name<T>()},
         [](const auto& ids, auto attempt, auto limits, bool broadcast) {
           return std::make_unique<flow::typed_output_port<T>>(ids, attempt, limits, broadcast);
         }});
    return static_cast<std::uint32_t>(stages[stage].outputs.size() - 1);
  }

  template <class T>
  std::uint32_t add_input(std::uint32_t stage) {
    stages[stage].inputs.emplace_back(type_name<T>());
    return static_cast<std::uint32_t>(stages[stage].inputs.size() - 1);
  }

  /// Sets how a source's stage treats splits that are idle or ahead.
  void set_event_time(std::uint32_t stage, event_time_options rules) {
    if (stages[stage].kind != "source")
      mistake(
          "event_time(): idle_after and max_drift are about the splits of a source; call "
          "event_time() in the source's own stage, before key_by(), union_with() and stage()");
    stages[stage].event_time = rules;
  }

  /// Notes a mistake for the whole-graph check.
  void mistake(std::string what) { mistakes.push_back(std::move(what)); }

  /// Notes what works, but may not be what was meant.
  void warning(std::string what) { warnings.push_back(std::move(what)); }

  [[nodiscard]] const std::string& name() const noexcept { return name_; }

  pipeline_options options;
  std::vector<stage_draft> stages;
  std::vector<edge_draft> edges;
  std::vector<std::shared_ptr<node_base>> nodes;
  std::vector<std::string> mistakes;
  std::vector<std::string> warnings;
  /// Adds a stage for the dead letters of the region of that number, from 1; empty to only count
  /// them.
  std::function<std::uint32_t(graph_draft&, std::uint32_t number)> add_dead_letter_sink;

private:
  std::string name_;
};

}  // namespace weir::build
