// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/graph/chain.hpp"
#include "weir/graph/graph.hpp"
#include "weir/graph/keyed_stream.hpp"
#include "weir/source/source_root.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir {

/// A sink that a stream ends in; settings go by it.
class sink_handle {
public:
  sink_handle(std::shared_ptr<build::graph_draft> draft, std::uint32_t stage)
      : draft_(std::move(draft)), stage_(stage) {}

  /// Names the sink, for people and for its state in a checkpoint.
  sink_handle& named(std::string name) {
    auto& op = draft_->stages[stage_].operators.front();
    op.id = std::move(name);
    op.named = true;
    return *this;
  }
  /// Sets the number of instances; one unless told.
  sink_handle& parallelism(std::uint32_t n) {
    draft_->stages[stage_].parallelism = n;
    return *this;
  }
  sink_handle& on_error(directive what) {
    draft_->stages[stage_].on_error = what;
    return *this;
  }

private:
  std::shared_ptr<build::graph_draft> draft_;
  std::uint32_t stage_;
};

namespace build {

/// Adds a sink's stage, and answers its first stream.
template <class T, class Sink>
std::uint32_t add_sink(graph_draft& draft, Sink sink) {
  static_assert(sink_of<Sink, T>, "weir: to() wants a sink that takes this stream's event type");
  const std::string kind = sink.kind();
  auto first = begin_stage<T>(draft, "sink", kind);
  auto& stage = draft.stages[first->stage()];
  stage.blocking = sink.blocking();
  const std::size_t op = draft.add_operator(first->stage(), kind, true);
  first->add([sink = std::move(sink), op](assembly& a) -> std::unique_ptr<flow::segment<T>> {
    const flow::operator_environment e = a.environment(op);
    return std::make_unique<flow::sink_segment<T>>(
        e.id,
        sink.template make_writer<T>({e.id, e.instance, e.parallelism, a.attempt, a.around.wake}),
        *a.around.time, *a.around.metrics);
  });
  return first->stage();
}

}  // namespace build

template <class S, class T, class... Ops>
template <class Sink>
sink_handle chain<S, T, Ops...>::to(Sink sink) {
  const std::uint32_t stage = build::add_sink<T>(*state_.draft, std::move(sink));
  join(stage);
  return {state_.draft, stage};
}

/// A pipeline as it is being written down: sources, and what becomes of their streams. Building it
/// runs nothing. Not thread-safe.
class pipeline {
public:
  explicit pipeline(std::string name, pipeline_options options = {})
      : draft_(std::make_shared<build::graph_draft>(std::move(name))) {
    draft_->options = options;
  }

  /// Begins a stream of what a source reads.
  template <source Source>
  chain<typename Source::event_type, typename Source::event_type> from(Source source) {
    using T = typename Source::event_type;
    static_assert(encodable<T>,
                  "weir: a source's events need a codec: describe the type with "
                  "BOOST_DESCRIBE_STRUCT, or specialise "
                  "weir::codec for it");
    const std::uint32_t stage = draft_->add_stage("source");
    auto first = build::add_node<T>(*draft_, stage, source.kind());
    const std::size_t op = draft_->add_operator(stage, source.kind(), true);
    build::stage_draft& made = draft_->stages[stage];
    made.blocking = source.blocking();
    made.make_enumerator = [source] { return source.make_enumerator(); };
    const bool has_event_time = source.gives_event_time();
    made.make_body = [first, source = std::move(source),
                      op](build::assembly& a) -> std::unique_ptr<flow::stage_body> {
      auto reader = source.make_reader();
      reader->on_ready(a.around.wake);
      return std::make_unique<flow::source_root<T>>(
          flow::source_setting{a.environment(op).id, a.splits, a.around.time,
                               a.around.metrics.get(), a.limits.events},
          std::move(reader), first->make_consumers(a));
    };
    return {std::move(first), {}, {draft_, has_event_time, {}, op}};
  }
  template <class Source>
  auto from(Source) {
    static_assert(
        source<Source>,
        "weir: from() wants a source: a connector's, or a type that fits the concept weir::source");
    return stream<int>{nullptr, {}};
  }

  /// Says where dead letters go instead of being kept in memory, newest first out, by the runtime.
  template <sink_of<dead_letter> Sink>
  void dead_letters_to(Sink sink) {
    draft_->add_dead_letter_sink = [sink = std::move(sink)](build::graph_draft& draft) {
      return build::add_sink<dead_letter>(draft, sink);
    };
  }

  [[nodiscard]] bool keeps_dead_letters() const noexcept {
    return static_cast<bool>(draft_->add_dead_letter_sink);
  }

  [[nodiscard]] const std::string& name() const noexcept { return draft_->name(); }
  [[nodiscard]] pipeline_options& options() noexcept { return draft_->options; }

  /// Checks the whole pipeline and makes the graph that a runtime runs. An error lists all
  /// mistakes, a line each.
  [[nodiscard]] result<graph> build() const { return graph::from_draft(*draft_); }

private:
  std::shared_ptr<build::graph_draft> draft_;
};

}  // namespace weir
