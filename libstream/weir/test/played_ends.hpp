// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/error.hpp"
#include "weir/graph/pipeline.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace weir::test {

/// A sink that the test plays itself: it stands in the graph, and no instance of it is ever made.
template <class T>
class played_sink {
public:
  template <class U>
  requires std::same_as<U, T>
  [[nodiscard]] std::unique_ptr<sink_writer<U>> make_writer(const sink_instance&) const {
    throw exception({errc::unsupported, "a sink that the test plays has no writer"});
  }
  [[nodiscard]] std::string kind() const { return "played"; }
  [[nodiscard]] bool blocking() const { return false; }
};

/// What a function that builds the operators under test says besides its result: which side outputs
/// the test reads.
class side_outputs {
public:
  /// Lets the test read the side output with `side(output)`; goes right behind the operator whose
  /// output it is.
  template <class U, class Chain>
  void collect(const side_output<U>& output, Chain& behind) {
    behind.side(output).to(played_sink<U>{}).named("@side " + output.name);
  }
};

/// Adds an input to a draft: a source with `splits` instances that the test plays, before a stage
/// of one instance. Answers the stream that comes of it, which has event time.
template <class T>
stream<T> add_played_input(const std::shared_ptr<build::graph_draft>& draft, std::size_t number,
                           std::uint32_t splits) {
  const std::string name = "@input " + std::to_string(number);
  const std::uint32_t source = draft->add_stage("source");
  auto& played = draft->stages[source];
  played.parallelism = splits;
  played.name = name;
  played.named = true;
  const std::uint32_t port = draft->template add_output<T>(source);
  auto first = build::begin_stage<T>(*draft, "operators", "input");
  auto& behind = draft->stages[first->stage()];
  behind.parallelism = 1;
  behind.name = "behind " + name;
  behind.named = true;
  draft->edges.push_back({source, port, first->stage(), 0, partition::round_robin});
  return {std::move(first), {draft, true, {}}};
}

}  // namespace weir::test
