// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/result.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/graph/chain.hpp"
#include "weir/graph/graph.hpp"
#include "weir/graph/keyed_stream.hpp"
#include "weir/graph/sink_handle.hpp"
#include "weir/journal/taped_answered_writer.hpp"
#include "weir/journal/taped_reader.hpp"
#include "weir/journal/taped_writer.hpp"
#include "weir/source/source_root.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir {

namespace build {

/// Adds a sink's stage, and answers its first stream.
template <class T, class Sink>
std::uint32_t add_sink(graph_draft& draft, Sink sink) {
  static_assert(any_sink_of<Sink, T>,
                "weir: to() wants a sink that takes this stream's event type");
  const std::string kind = sink.kind();
  auto first = begin_stage<T>(draft, "sink", kind);
  auto& stage = draft.stages[first->stage()];
  stage.blocking = sink.blocking();
  if constexpr (requires { sink.target(); }) stage.target = sink.target();
  const std::size_t op = draft.add_operator(first->stage(), kind, true);
  first->add([sink = std::move(sink), op,
              pipeline = draft.name()](assembly& a) -> std::unique_ptr<flow::segment<T>> {
    const flow::operator_environment e = a.environment(op);
    const sink_instance place{
        e.id,          e.instance,     e.parallelism, a.attempt,
        a.around.wake, a.around.start, pipeline,      a.around.checkpoint_interval};
    const bool writes = !a.around.tape || !a.around.tape->repeats();
    if constexpr (answered_sink_of<Sink, T>) {
      std::unique_ptr<answered_writer<T>> writer;
      if (writes) writer = sink.template make_answered_writer<T>(place);
      if (a.around.tape)
        writer =
            std::make_unique<journal::taped_answered_writer<T>>(std::move(writer), a.around.tape);
      return std::make_unique<flow::answered_sink_segment<T>>(e.id, std::move(writer),
                                                              *a.around.time, *a.around.metrics);
    } else {
      std::unique_ptr<sink_writer<T>> writer;
      if (writes) writer = sink.template make_writer<T>(place);
      if (a.around.tape)
        writer = std::make_unique<journal::taped_writer<T>>(std::move(writer), a.around.tape);
      return std::make_unique<flow::sink_segment<T>>(e.id, e.instance, std::move(writer),
                                                     *a.around.time, *a.around.metrics);
    }
  });
  return first->stage();
}

}  // namespace build

template <class S, class T, class... Ops>
template <class Sink>
sink_handle chain<S, T, Ops...>::to(Sink sink) && {
  const std::uint32_t stage = build::add_sink<T>(*state_.draft, std::move(sink));
  std::move(*this).join(stage);
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
    if constexpr (starts_at_time<Source>)
      if (draft_->options.from) source = source.starting_at(*draft_->options.from);
    if constexpr (starts_at_offsets<Source>) source.start_at_offsets(draft_->options.from_offsets);
    const std::uint32_t stage = draft_->add_stage("source");
    auto first = build::add_node<T>(*draft_, stage, source.kind());
    const std::size_t op = draft_->add_operator(stage, source.kind(), true);
    build::stage_draft& made = draft_->stages[stage];
    made.blocking = source.blocking();
    made.make_enumerator = [source] { return source.make_enumerator(); };
    if constexpr (requires { source.close(); }) made.close_source = [source] { source.close(); };
    made.recorded = recorded<Source>;
    made.finds_offsets = starts_at_offsets<Source>;
    if constexpr (checks_offsets<Source>)
      made.check_offset = [source](const std::string& split, std::uint64_t offset) {
        return source.check_offset(split, offset);
      };
    if constexpr (requires { source.shared(); }) made.shared = source.shared();
    made.decodes_records = decodes_records<Source>;
    made.make_body = [first, source = std::move(source),
                      op](build::assembly& a) -> std::unique_ptr<flow::stage_body> {
      std::unique_ptr<source_reader<T>> reader;
      if (!a.around.tape || !a.around.tape->repeats()) reader = source.make_reader();
      if (a.around.tape)
        reader = std::make_unique<journal::taped_reader<T>>(std::move(reader), a.around.tape);
      reader->on_ready(a.around.wake);
      if (a.around.start) reader->keep_until_committed();
      return std::make_unique<flow::source_root<T>>(
          flow::source_setting{a.environment(op).id, a.splits, a.around.time,
                               a.around.metrics.get(), a.limits.events, a.event_time,
                               source.make_enumerator()->find_again_every() > duration{0}},
          std::move(reader), first->make_consumers(a), flow::decoder_of(source));
    };
    return {std::move(first), {}, {draft_, false, {}, op}};
  }
  template <class Source>
  auto from(Source) {
    static_assert(
        source<Source>,
        "weir: from() wants a source: a connector's, or a type that fits the concept weir::source");
    return stream<int>{nullptr, {}};
  }

  /// Says where dead letters go instead of being kept in memory by the runtime, which drops the
  /// oldest.
  template <any_sink_of<dead_letter> Sink>
  void dead_letters_to(Sink sink) {
    draft_->add_dead_letter_sink = [sink = std::move(sink)](build::graph_draft& draft,
                                                            std::uint32_t number) {
      // Regions restart apart, so each has a sink of its own.
      if constexpr (requires { sink.numbered(number); })
        if (number != 1) return build::add_sink<dead_letter>(draft, sink.numbered(number));
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
  /// What has been written down so far, for those who add to it without changing the pipeline.
  [[nodiscard]] build::graph_draft draft() const { return *draft_; }

private:
  std::shared_ptr<build::graph_draft> draft_;
};

}  // namespace weir
