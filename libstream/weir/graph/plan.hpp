// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/time.hpp"
#include "weir/flow/frame.hpp"

#include <boost/describe/class.hpp>
#include <boost/describe/enum.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// How the events on an edge are dealt to the instances of the stage they go to.
enum class partition : std::uint8_t {
  forward,      ///< Instance i to instance i.
  round_robin,  ///< Batch by batch, in turn.
  hash,         ///< By the key's group.
  broadcast,    ///< To every instance.
};
BOOST_DESCRIBE_ENUM(partition, forward, round_robin, hash, broadcast)
std::string_view to_string(partition p) noexcept;

struct operator_plan {
  std::string id;      ///< Unique in the pipeline; state belongs to it.
  std::string kind;    ///< "map", "window"
  bool named = false;  ///< By the user; a made-up id changes with the graph.
  bool stateful = false;
};
BOOST_DESCRIBE_STRUCT(operator_plan, (), (id, kind, named, stateful))

struct stage_plan {
  std::string name;
  std::string kind;  ///< "source", "operators", "sink" or "dead letters".
  std::uint32_t parallelism = 1;
  bool blocking = false;  ///< Gets a thread of its own.
  std::vector<operator_plan> operators;
  std::vector<std::string> inputs;   ///< Event type of each input port.
  std::vector<std::string> outputs;  ///< Event type of each output port; dead letters are the last.
};
BOOST_DESCRIBE_STRUCT(stage_plan, (),
                      (name, kind, parallelism, blocking, operators, inputs, outputs))

struct edge_plan {
  std::uint32_t from = 0;
  std::uint32_t from_port = 0;
  std::uint32_t to = 0;
  std::uint32_t to_port = 0;
  partition how = partition::forward;
};
BOOST_DESCRIBE_STRUCT(edge_plan, (), (from, from_port, to, to_port, how))

/// One channel of an edge, between two instances.
struct channel_plan {
  flow::channel_id id = 0;
  std::uint32_t edge = 0;
  std::uint32_t from_instance = 0;
  std::uint32_t to_instance = 0;
};

/// A pipeline as data: what is shown, compared and sent to other nodes. The same program with the
/// same arguments gives the same plan.
struct plan {
  std::string name;
  std::uint32_t key_groups = 128;
  std::vector<stage_plan> stages;
  std::vector<edge_plan> edges;

  /// Lists all channels; their ids count from 0 in the order of edges, senders and receivers.
  [[nodiscard]] std::vector<channel_plan> channels() const;
  /// The connected region that each stage belongs to, by the number of the region's first stage. A
  /// region restarts as one.
  [[nodiscard]] std::vector<std::uint32_t> regions() const;
  [[nodiscard]] std::string to_json() const;
  [[nodiscard]] std::uint64_t fingerprint() const;
};
BOOST_DESCRIBE_STRUCT(plan, (), (name, key_groups, stages, edges))

/// Draws the plan for Mermaid, or for Graphviz.
std::string to_mermaid(const plan& p);
std::string to_dot(const plan& p);

}  // namespace weir
