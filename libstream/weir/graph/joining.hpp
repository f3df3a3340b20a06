// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/flow/routers.hpp"
#include "weir/graph/chain.hpp"
#include "weir/graph/pre_aggregation.hpp"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::build {

/// Begins the stages of joins, and adds their operators.
struct joining {
  template <class A, class B>
  using both = chain<flow::either<A, B>, flow::either<A, B>>;

  /// Begins a stage that all streams are dealt to by key, and answers their events as one stream.
  template <class A, class KeyA, class... More>
  static auto all_by_key(const std::string& kind, const keyed_stream<A, KeyA>& a,
                         const More&... more) {
    graph_draft& draft = *a.state_.draft;
    if ((... || (more.state_.draft != a.state_.draft)))
      draft.mistake(kind + ": the streams are of two pipelines; a stage can only have one");
    auto first = begin_many_input_stage<A, typename More::event_type...>(draft, kind);
    const std::uint32_t stage = first->stage();
    draft.stages[stage].keyed = true;
    auto& n = draft.stages[stage].parallelism = a.through_->instances().n;
    (agree_on(n, more.through_->instances().n, draft, kind), ...);
    std::uint32_t port = 0;
    deal(a, stage, port);
    (deal(more, stage, ++port), ...);
    const bool timed = (a.state_.has_event_time && ... && more.state_.has_event_time);
    using event = flow::one_of<A, typename More::event_type...>;
    return chain<event, event>{std::move(first), {}, {a.state_.draft, timed, {}}};
  }
  /// ... both. What comes of it has event time if the first stream has, and, where it `needs_both`,
  /// the second.
  template <class A, class KeyA, class B, class KeyB>
  static both<A, B> by_key(const keyed_stream<A, KeyA>& a, const keyed_stream<B, KeyB>& b,
                           const std::string& kind, bool needs_both = true) {
    auto made = all_by_key(kind, a, b);
    if (!needs_both) made.state_.has_event_time = a.state_.has_event_time;
    return made;
  }

  /// Begins a stage that the first stream is dealt to by key, and all of the second goes to every
  /// instance of.
  template <class A, class KeyA, class B>
  static both<A, B> with_broadcast(const keyed_stream<A, KeyA>& a, chain<B, B> b,
                                   const std::string& kind) {
    graph_draft& draft = *a.state_.draft;
    auto first = begin_two_input_stage<A, B>(draft, kind);
    const std::uint32_t stage = first->stage();
    draft.stages[stage].keyed = true;
    draft.stages[stage].parallelism = a.through_->instances().n;
    deal(a, stage, 0);
    return beside_broadcast<A>(std::move(first), {a.state_.draft, a.state_.has_event_time, {}},
                               std::move(b));
  }
  /// As above, with a first stream that has no key: its batches are dealt in turn.
  template <class A, class B>
  static both<A, B> with_broadcast(chain<A, A> a, chain<B, B> b, const std::string& kind) {
    auto first = begin_two_input_stage<A, B>(*a.state_.draft, kind);
    const chain_state state{a.state_.draft, a.state_.has_event_time, {}};
    std::move(a).join(first->stage());
    return beside_broadcast<A>(std::move(first), state, std::move(b));
  }

  template <class Out, class Chain, class Op>
  static auto add(Chain to, Op op, const std::string& kind) {
    return std::move(to).template then<Out>(std::move(op), kind, flow::stateful<Op>);
  }

  template <class KeyedStream>
  static graph_draft& draft_of(const KeyedStream& s) {
    return *s.state_.draft;
  }
  template <class KeyedStream>
  static bool has_event_time(const KeyedStream& s) {
    return s.state_.has_event_time;
  }
  template <class KeyedStream>
  static const auto& key_of(const KeyedStream& s) {
    return s.key_of_;
  }
  template <class Chain>
  static void require_one_instance(Chain& c) {
    c.require_one_instance();
  }
  /// The events of a keyed stream, in the stage that they are dealt to.
  template <class KeyedStream>
  static auto begin(const KeyedStream& s) {
    return s.begin();
  }

private:
  template <class T, class KeyOf>
  static void deal(const keyed_stream<T, KeyOf>& from, std::uint32_t stage, std::uint32_t port) {
    static_assert(!is_gathering<KeyOf>,
                  "weir: local_pre_aggregate() goes before .window(tumbling, hopping or session)"
                  ".aggregate(…), not before join() or connect()");
    from.through_->share_instances(stage);
    auto& instance_of = from.state_.draft->stages[stage].instance_of;
    instance_of.resize(std::max<std::size_t>(instance_of.size(), port + 1));
    instance_of[port] = instance_of_key<T>(from.key_of_);
    from.through_->deal(stage, port);
  }

  /// Nobody waits for the second stream's watermarks.
  template <class A, class B>
  static both<A, B> beside_broadcast(std::shared_ptr<node<flow::either<A, B>>> first,
                                     chain_state state, chain<B, B> b) {
    state.draft->stages[first->stage()].untimed_input = 1;
    b.connect(
        first->stage(), partition::broadcast,
        [](const assembly&, std::size_t) { return flow::single_router{}; }, 1);
    return {std::move(first), {}, std::move(state)};
  }

  static void agree_on(std::optional<std::uint32_t>& n, std::optional<std::uint32_t> m,
                       graph_draft& draft, const std::string& kind) {
    if (n && m && *n != *m)
      draft.mistake(kind + ": one side is dealt to " + std::to_string(*n) +
                    " instances and another to " + std::to_string(*m) +
                    "; give both the same parallelism, or only one of them");
    if (!n) n = m;
  }
};

}  // namespace weir::build
