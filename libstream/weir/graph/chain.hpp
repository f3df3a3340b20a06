// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/fused.hpp"
#include "weir/flow/routers.hpp"
#include "weir/flow/segment_ends.hpp"
#include "weir/graph/exchange.hpp"
#include "weir/graph/node.hpp"
#include "weir/graph/sink_handle.hpp"
#include "weir/graph/small_operators.hpp"
#include "weir/operators/concepts.hpp"
#include "weir/operators/event_time.hpp"
#include "weir/operators/process.hpp"
#include "weir/operators/stateless.hpp"
#include "weir/patterns/detect_operator.hpp"
#include "weir/patterns/pattern.hpp"
#include "weir/sink/answered_sink_segment.hpp"
#include "weir/sink/sink.hpp"
#include "weir/sink/sink_segment.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir {

template <class T>
class stream;
template <class T, class KeyOf>
class keyed_stream;
template <class T>
struct broadcast_stream;

namespace build {

/// What a chain carries along besides its operators.
struct chain_state {
  std::shared_ptr<graph_draft> draft;
  bool has_event_time = false;
  std::vector<std::size_t> operators;  ///< Numbers in the stage of the chain's operators.
  std::optional<std::size_t>
      newest{};  ///< The operator added last, or the source: what `named()` names.
};

/// Makes a chain with operators move-only, so that it can't be run twice by copying it.
struct move_only {
  move_only() = default;
  move_only(move_only&&) noexcept = default;
  move_only& operator=(move_only&&) noexcept = default;
};
struct copyable {};

/// Adds a detect operator to a chain, and notes what is wrong with its pattern.
struct detecting;
/// Connects the streams of joins.
struct joining;
/// A stream without keys whose chain is known.
template <class Chain>
class undealt;

struct nothing_more {
  template <class... Any>
  void operator()(const Any&...) const {}
};
template <class K, class Chain, class KeyOf, class T>
auto detect(Chain chain, KeyOf key_of, const pattern<T>& p, detect_options<T> options);

/// Makes the fan-outs of an operator's side outputs.
inline std::vector<std::unique_ptr<flow::fan_out_base>> make_sides(
    const std::vector<side_draft>& drafts, flow::operator_environment& environment, assembly& a) {
  std::vector<std::unique_ptr<flow::fan_out_base>> made;
  for (const side_draft& side : drafts) {
    made.push_back(side.make(a));
    environment.sides.push_back({side.name, made.back().get()});
  }
  return made;
}

}  // namespace build

/// A stream of `T` as it is being written down: operators that will run as one loop, on the events
/// of a node of `S`. In one expression (an rvalue) a chain grows. Once it has a name (an lvalue),
/// its first use closes it into a stream that all uses share, so that it is evaluated once however
/// many consumers it has. Not thread-safe.
template <class S, class T, class... Ops>
class chain : std::conditional_t<sizeof...(Ops) == 0, build::copyable, build::move_only>,
              public build::small_operators<chain<S, T, Ops...>, T> {
public:
  using event_type = T;

  chain(std::shared_ptr<build::node<S>> from, std::tuple<Ops...> ops, build::chain_state state)
      : from_(std::move(from)), ops_(std::move(ops)), state_(std::move(state)) {}

  /// Maps each event to the value that `f` gives. `f` is called as const.
  template <mapper<T> F>
  auto map(F f) && {
    return std::move(*this).template then<mapped<F, T>>(operators::map<F>{std::move(f)}, "map");
  }
  /// Keeps the events that `f` holds for. `f` is called as const.
  template <predicate_on<T> F>
  auto filter(F f) && {
    return std::move(*this).template then<T>(operators::filter<F>{std::move(f)}, "filter");
  }
  /// Emits each element of the range that `f` gives for an event.
  template <range_mapper<T> F>
  auto flat_map(F f) && {
    using out = std::ranges::range_value_t<std::invoke_result_t<const F&, const T&>>;
    return std::move(*this).template then<out>(operators::flat_map_range<F>{std::move(f)},
                                               "flat_map");
  }
  /// Calls `f(event, emit)`, which calls `emit(value)` as often as it likes.
  template <class Out, flat_mapper<T, Out> F>
  auto flat_map(F f) && {
    return std::move(*this).template then<Out>(operators::flat_map_emit<Out, F>{std::move(f)},
                                               "flat_map");
  }
  /// Gives each event its timestamp, and makes watermarks for each split of the source.
  template <timestamp_of<T> F, watermark_generator G>
  auto event_time(F time_of, G watermarks) && {
    auto timed = std::move(*this).template then<T>(
        operators::event_time<F, G>{std::move(time_of), std::move(watermarks),
                                    state_.draft->options.from},
        "event_time", true);
    timed.state_.has_event_time = true;
    return timed;
  }
  /// As above, and says when a split is not waited for, and how far it may be ahead of the others.
  template <timestamp_of<T> F, watermark_generator G>
  auto event_time(F time_of, G watermarks, event_time_options options) && {
    state_.draft->set_event_time(from_->stage(), options);
    return std::move(*this).event_time(std::move(time_of), std::move(watermarks));
  }
  /// Adds an operator of one's own that emits values of `Out`: a copyable value with `on_event` and
  /// whatever else of flow/operator_concepts.hpp it needs. `kind` is its name for the graph.
  template <class Out, class Op>
  auto with_operator(std::string kind, Op op) && {
    constexpr bool stateful = flow::stateful<Op>;
    return std::move(*this).template then<Out>(std::move(op), std::move(kind), stateful);
  }
  template <class Out, class Op>
  auto with_operator(std::string kind, Op op) & {
    return rooted().template with_operator<Out>(std::move(kind), std::move(op));
  }
  /// Runs a free-form operator that has no key. The stage must have one
  /// instance.
  template <processor<no_key, T> P>
  auto process(P processor) && {
    const auto key_of = [](const T&) { return no_key{}; };
    require_one_instance();
    return std::move(*this).template then<typename P::output>(
        operators::process<no_key, T, std::decay_t<decltype(key_of)>, P>{key_of,
                                                                         std::move(processor)},
        "process", true, is_atomic<P>);
  }

  /// Finds the events that fit a pattern, over the whole stream: emits a `match<T>` for each. The
  /// stage must have one instance; key the stream to match for each key.
  auto detect(const pattern<T>& p, detect_options<T> options = {}) && {
    require_one_instance();
    const auto key_of = [](const T&) { return no_key{}; };
    return build::detect<no_key>(std::move(*this), key_of, p, std::move(options));
  }
  /// Maps each match to the value that `f` gives.
  template <class F>
  auto select(F f) && {
    static_assert(is_match<T>, "weir: select() goes behind detect(): its events are matches");
    return std::move(*this).map(std::move(f));
  }
  /// Emits each element of the range that `f` gives for a match.
  template <class F>
  auto flat_select(F f) && {
    static_assert(is_match<T>, "weir: flat_select() goes behind detect(): its events are matches");
    return std::move(*this).flat_map(std::move(f));
  }
  /// Calls `f(match, emit)`, which calls `emit(value)` as often as it likes.
  template <class Out, class F>
  auto flat_select(F f) && {
    static_assert(is_match<T>, "weir: flat_select() goes behind detect(): its events are matches");
    return std::move(*this).template flat_map<Out>(std::move(f));
  }

  // The same on a stream that has a name.
  auto detect(const pattern<T>& p, detect_options<T> options = {}) & {
    return rooted().detect(p, std::move(options));
  }
  template <class F>
  auto select(F f) & {
    return rooted().select(std::move(f));
  }
  template <class F>
  auto flat_select(F f) & {
    return rooted().flat_select(std::move(f));
  }
  template <class Out, class F>
  auto flat_select(F f) & {
    return rooted().template flat_select<Out>(std::move(f));
  }
  template <mapper<T> F>
  auto map(F f) & {
    return rooted().map(std::move(f));
  }
  template <predicate_on<T> F>
  auto filter(F f) & {
    return rooted().filter(std::move(f));
  }
  template <range_mapper<T> F>
  auto flat_map(F f) & {
    return rooted().flat_map(std::move(f));
  }
  template <class Out, flat_mapper<T, Out> F>
  auto flat_map(F f) & {
    return rooted().template flat_map<Out>(std::move(f));
  }
  template <timestamp_of<T> F, watermark_generator G>
  auto event_time(F time_of, G watermarks) & {
    return rooted().event_time(std::move(time_of), std::move(watermarks));
  }
  template <timestamp_of<T> F, watermark_generator G>
  auto event_time(F time_of, G watermarks, event_time_options options) & {
    return rooted().event_time(std::move(time_of), std::move(watermarks), options);
  }
  template <processor<no_key, T> P>
  auto process(P processor) & {
    return rooted().process(std::move(processor));
  }

  // Reached only with an argument that fits none of the above; they say so in one line.
  template <class F>
  auto& map(F) {
    static_assert(mapper<F, T>,
                  "weir: map() wants a function that takes the stream's event by const reference "
                  "and returns a value, and "
                  "that can be called as const (a mutable lambda hides state: use process())");
    return *this;
  }
  template <class F>
  auto& filter(F) {
    static_assert(predicate_on<F, T>,
                  "weir: filter() wants a function that takes the stream's event by const "
                  "reference and returns bool, and "
                  "that can be called as const (a mutable lambda hides state: use process())");
    return *this;
  }
  template <class F>
  auto& flat_map(F) {
    static_assert(range_mapper<F, T>,
                  "weir: flat_map() wants a function that takes the stream's event by const "
                  "reference and returns a range; "
                  "or say flat_map<Out>(f) with a function of the event and an emitter");
    return *this;
  }
  template <class F, class G>
  auto& event_time(F, G) {
    static_assert(timestamp_of<F, T>,
                  "weir: event_time() wants a member or function of the event that gives a "
                  "std::chrono::sys_time first");
    static_assert(
        watermark_generator<G>,
        "weir: event_time() wants a watermark strategy second, like bounded_out_of_orderness{5s}");
    return *this;
  }
  template <class P>
  auto& detect(const P&) {
    static_assert(std::is_same_v<P, pattern<T>>,
                  "weir: detect() wants a pattern over the stream's event type, weir::pattern<…>");
    return *this;
  }
  template <class P>
  auto& process(P) {
    static_assert(processor<P, no_key, T>,
                  "weir: process() wants an object with `using output = …` and `on_event(const T&, "
                  "process_context<no_key, output>&)`; key the stream first if it uses a key");
    return *this;
  }

  /// Sends each event to the stage instance that owns its key: what follows works key by key. A
  /// member pointer or a function; the key's type needs a codec.
  template <mapper<T> KeyOf>
  keyed_stream<T, KeyOf> key_by(KeyOf key_of) && {
    using key = mapped<KeyOf, T>;
    static_assert(
        key_type<key>,
        "weir: key_by() wants a key with a codec and ==; describe it with BOOST_DESCRIBE_STRUCT");
    const build::chain_state state{state_.draft, state_.has_event_time, {}};
    return {exchange_by(key_of), state, std::move(key_of)};
  }
  template <mapper<T> KeyOf>
  keyed_stream<T, KeyOf> key_by(KeyOf key_of) & {
    return rooted().key_by(std::move(key_of));
  }
  template <class F>
  auto& key_by(F) {
    static_assert(
        mapper<F, T>,
        "weir: key_by() wants a member or a function of the stream's event, called as const");
    return *this;
  }

  /// Groups all events into windows, in a stage of one instance; the results' key is `no_key`.
  template <class W>
  auto window(W windows) &&;
  template <class W>
  auto window(W windows) & {
    return rooted().window(std::move(windows));
  }

  /// This stream for every instance of what it is connected with.
  broadcast_stream<T> broadcast();
  /// Brings this stream and one that every instance sees to a processor: `.process(p)`. See
  /// docs/guide/joins.md.
  template <class U>
  auto connect(const broadcast_stream<U>& with);

  /// Merges this stream with others of the same type; the watermark is the lowest of theirs.
  template <class... Others>
  stream<T> union_with(Others&&... others) && {
    static_assert(
        (std::is_same_v<typename std::decay_t<Others>::event_type, T> && ...),
        "weir: union_with() wants streams of the same event type; map() them to one first");
    auto first = build::begin_stage<T>(*state_.draft, "operators", "union");
    std::move(*this).join(first->stage());
    (std::forward<Others>(others).join(first->stage()), ...);
    return stream<T>{std::move(first),
                     {state_.draft, (state_.has_event_time && ... && others.has_event_time()), {}}};
  }

  template <class... Others>
  stream<T> union_with(Others&&... others) & {
    return rooted().union_with(std::forward<Others>(others)...);
  }

  /// Ends the stream in a sink, which is a stage of its own.
  template <class Sink>
  sink_handle to(Sink sink) &&;
  template <class Sink>
  sink_handle to(Sink sink) & {
    return rooted().to(std::move(sink));
  }

  /// A further output of the operator just added: late events, or what a processor sent to the
  /// side.
  template <class U>
  stream<U> side(const side_output<U>& output) {
    static_assert(sizeof...(Ops) != 0,
                  "weir: side() goes right behind the operator whose side output it is");
    auto first = build::add_node<U>(*state_.draft, from_->stage(), output.name);
    auto& op = state_.draft->stages[from_->stage()].operators[state_.operators.back()];
    op.sides.push_back(
        {output.name, [first](build::assembly& a) { return first->make_fan_out(a); }});
    return stream<U>{std::move(first), {state_.draft, state_.has_event_time, {}}};
  }

  /// Names the operator just added; its state is found by this name in a checkpoint.
  auto named(std::string name) && {
    rename(std::move(name));
    return std::move(*this);
  }
  auto& named(std::string name) & {
    rename(std::move(name));
    return *this;
  }

  /// Sets how many instances the stage has that the stream is in so far. If it has another number
  /// already, what follows is a new stage of `n` instances, and events are dealt to them in turn.
  auto parallelism(std::uint32_t n) {
    auto& here = state_.draft->stages[from_->stage()].parallelism;
    if (here && *here != n) return rooted().stage("", {.parallelism = n});
    here = n;
    return stream<T>{node(), {state_.draft, state_.has_event_time, {}}};
  }

  /// Begins a stage: what follows runs in actors of its own.
  stream<T> stage(std::string name, stage_options options = {}) && {
    auto first = build::begin_stage<T>(*state_.draft, "operators", "stage");
    auto& made = state_.draft->stages[first->stage()];
    made.named = !name.empty();
    made.name = std::move(name);
    made.parallelism = options.parallelism ? options.parallelism
                                           : state_.draft->stages[from_->stage()].parallelism;
    made.blocking = options.blocking;
    if (options.on_error) made.on_error = *options.on_error;
    std::move(*this).join(first->stage());
    return stream<T>{std::move(first), {state_.draft, state_.has_event_time, {}}};
  }
  stream<T> stage(std::string name, stage_options options = {}) & {
    return rooted().stage(std::move(name), options);
  }

  /// Says what the stage that the stream is in does when an event fails.
  auto on_error(directive what) && {
    state_.draft->stages[from_->stage()].on_error = what;
    return std::move(*this);
  }
  auto& on_error(directive what) & {
    state_.draft->stages[from_->stage()].on_error = what;
    return *this;
  }

  /// Closes the chain into a stream that can be copied, passed to functions and used several times.
  operator stream<T>() { return stream<T>{node(), {state_.draft, state_.has_event_time, {}}}; }

  [[nodiscard]] bool has_event_time() const noexcept { return state_.has_event_time; }

protected:
  template <class, class, class...>
  friend class chain;
  template <class, class>
  friend class build::small_operators;
  template <class, class>
  friend class keyed_stream;
  template <class, class, class, class>
  friend class windowed_stream;
  friend struct build::detecting;
  friend struct build::enriching;
  friend struct build::joining;
  template <class>
  friend class build::undealt;

  using consumer = typename build::node<S>::consumer;
  /// Adds an operator that emits values of `U`.
  template <class U, class Op>
  chain<S, U, Ops..., Op> then(Op op, std::string kind, bool stateful = false,
                               bool atomic = false) && {
    state_.newest = state_.draft->add_operator(from_->stage(), std::move(kind), stateful);
    state_.draft->stages[from_->stage()].operators[*state_.newest].atomic = atomic;
    state_.operators.push_back(*state_.newest);
    return {std::move(from_), std::tuple_cat(std::move(ops_), std::tuple<Op>{std::move(op)}),
            std::move(state_)};
  }

  chain<T, T> rooted() { return {node(), {}, {state_.draft, state_.has_event_time, {}}}; }

  const std::shared_ptr<build::node<T>>& node() {
    if constexpr (sizeof...(Ops) == 0) {
      return from_;
    } else {
      if (!named_) {
        const auto label =
            state_.draft->stages[from_->stage()].operators[state_.operators.back()].kind;
        named_ = build::add_node<T>(*state_.draft, from_->stage(), label);
        straight_ = std::make_shared<consumer>();
        const consumer through = closed_by(
            [at = named_](build::assembly& a) { return flow::node_end<T>{at->make_fan_out(a)}; });
        from_->add([through, straight = straight_, at = named_](build::assembly& a) {
          return *straight && at->has_one_consumer() ? (*straight)(a) : through(a);
        });
      }
      return named_;
    }
  }

  /// Makes the exchange that deals the events by key. When it is connected, `as_well(chain, end)`
  /// is told what makes the end of the chain.
  template <class KeyOf, class AsWell = build::nothing_more>
  std::shared_ptr<build::exchange<T>> exchange_by(KeyOf key_of, build::instances_wanted n = {},
                                                  AsWell as_well = {}) {
    const auto begin = [key_of](build::graph_draft& draft) {
      return build::begin_keyed_stage<T>(draft, key_of);
    };
    const auto make_router = [key_of](const build::assembly& a, std::size_t lanes) {
      return flow::hash_router<KeyOf>{key_of, a.key_groups, lanes};
    };
    const auto connect = [make_router, as_well](auto&& from, std::uint32_t to) {
      const auto end = from.end_in_port(to, partition::hash, make_router, 0);
      from.attach(end);
      as_well(from, end);
    };
    const auto deal = [make_router](chain& from, std::uint32_t to, std::uint32_t port) {
      from.connect_node(to, partition::hash, make_router, port);
    };
    return exchange_through(std::make_shared<chain>(std::move(*this)), begin, connect, deal, n);
  }
  /// Makes one that sends all events to a single instance.
  static std::shared_ptr<build::exchange<T>> exchange_to_one(std::shared_ptr<chain> held) {
    const auto begin = [](build::graph_draft& draft) {
      return build::begin_stage<T>(draft, "operators", "window");
    };
    const auto connect = [](auto&& from, std::uint32_t to) { std::move(from).join(to); };
    const auto deal = [](chain&, std::uint32_t, std::uint32_t) {};  // nothing joins without keys
    return exchange_through(std::move(held), begin, connect, deal, {.n = 1, .single = true});
  }

  /// The exchange takes the chain over, and connects it when the first consumer is known.
  template <class Begin, class Connect, class Deal>
  static std::shared_ptr<build::exchange<T>> exchange_through(const std::shared_ptr<chain>& held,
                                                              Begin begin, Connect connect_to,
                                                              Deal deal_to,
                                                              build::instances_wanted n) {
    const auto draft = held->state_.draft;
    const std::uint32_t from = held->from_->stage();
    const auto connect = [held, draft, begin, connect_to] {
      auto first = begin(*draft);
      if (held->named_)
        connect_to(held->rooted(), first->stage());
      else
        connect_to(*held, first->stage());
      held->connected_ = true;
      return first;
    };
    const auto close = [held, draft] {
      if (sizeof...(Ops) != 0 && held->connected_)
        draft->mistake(
            "local_pre_aggregate(), join() or connect(): the keyed stream is used as it is before, "
            "so what stands before key_by() would run twice; name the stream first: "
            "weir::stream<event> all = …; all.key_by(…)");
      return held->node();
    };
    const auto deal = [held, close, deal_to](std::uint32_t stage, std::uint32_t port) {
      close();
      deal_to(*held, stage, port);
    };
    return std::make_shared<build::exchange<T>>(
        draft, from, typename build::exchange<T>::ways{connect, close, deal}, n);
  }

  /// Feeds another stage's first port, batch by batch in turn.
  void join(std::uint32_t to) & { rooted().join(to); }
  void join(std::uint32_t to) && {
    connect(to, partition::round_robin,
            [](const build::assembly&, std::size_t) { return flow::round_robin_router{}; });
  }

  /// Ends the chain in a new output port that feeds another stage.
  template <class MakeRouter>
  void connect(std::uint32_t to, partition how, MakeRouter make_router, std::uint32_t to_port = 0) {
    attach(end_in_port(to, how, make_router, to_port));
  }
  /// As `connect`, of the chain closed into a stream, which may have further consumers. If in the
  /// end it has none, its events need not be gathered for it: they go straight into the port.
  template <class MakeRouter>
  void connect_node(std::uint32_t to, partition how, MakeRouter make_router,
                    std::uint32_t to_port) {
    const auto end = end_in_port(to, how, make_router, to_port);
    rooted().attach(end);
    if constexpr (sizeof...(Ops) != 0) *straight_ = closed_by(end);
  }

  /// Lets the operators of `on`, which begins with this chain's node, run in this chain's loop,
  /// unless the node gets further consumers, or one of its operators emits several values.
  /// @pre the chain is closed
  template <class U, class... More, class MakeEnd>
  void run_through(const chain<T, U, More...>& on, const MakeEnd& end) const {
    // What some operator emits before it fails is taken back, but not out of another's state.
    constexpr bool takes_back = (false || ... || flow::emits_many<Ops>);
    if constexpr (sizeof...(Ops) != 0 && sizeof...(More) != 0 && !takes_back) {
      build::chain_state all = state_;
      const auto& theirs = on.state_.operators;
      all.operators.insert(all.operators.end(), theirs.begin(), theirs.end());
      *straight_ =
          chain<S, U, Ops..., More...>{from_, std::tuple_cat(ops_, on.ops_), all}.closed_by(end);
    }
  }

  /// Adds an output port that feeds another stage, and answers what makes its end.
  template <class MakeRouter>
  auto end_in_port(std::uint32_t to, partition how, MakeRouter make_router, std::uint32_t to_port) {
    const std::uint32_t port = state_.draft->template add_output<T>(from_->stage());
    state_.draft->edges.push_back({from_->stage(), port, to, to_port, how});
    return [port, make_router](build::assembly& a) {
      auto& out = a.port<T>(port);
      return flow::port_end{out, make_router(a, out.lanes())};
    };
  }

  /// Adds this chain, closed by the end that the factory makes, to the consumers of its node.
  template <class MakeEnd>
  void attach(MakeEnd make_end) {
    from_->add(closed_by(std::move(make_end)));
  }
  /// What makes this chain, closed by an end, for an instance.
  template <class MakeEnd>
  consumer closed_by(MakeEnd make_end) const {
    using end = std::invoke_result_t<const MakeEnd&, build::assembly&>;
    return [ops = ops_, numbers = state_.operators,
            make_end](build::assembly& a) -> std::unique_ptr<flow::segment<S>> {
      std::vector<flow::operator_environment> environments;
      std::vector<std::unique_ptr<flow::fan_out_base>> sides;
      for (const std::size_t number : numbers) {
        environments.push_back(a.environment(number));
        auto made = build::make_sides((*a.operators)[number].sides, environments.back(), a);
        for (auto& side : made) sides.push_back(std::move(side));
      }
      return std::make_unique<flow::fused<S, end, Ops...>>(
          ops, make_end(a), std::move(environments), std::move(sides));
    };
  }

  void rename(std::string name) {
    auto& stage = state_.draft->stages[from_->stage()];
    if (!state_.newest) {
      stage.name = std::move(name);
      stage.named = true;
      return;
    }
    auto& op = stage.operators[*state_.newest];
    op.id = std::move(name);
    op.named = true;
  }

  void require_one_instance() { state_.draft->stages[from_->stage()].single_state = true; }

  std::shared_ptr<build::node<S>> from_;
  std::tuple<Ops...> ops_;
  build::chain_state state_;
  std::shared_ptr<build::node<T>> named_;
  std::shared_ptr<consumer> straight_;  ///< Takes the place of `named_` if it has one consumer.
  bool connected_ = false;              ///< By an exchange, as it stands.
};

namespace build {

template <class T>
void require_event_time(graph_draft& draft, bool has_event_time, const detect_options<T>& options,
                        const char* what) {
  if (options.time != match_time::event || has_event_time) return;
  draft.mistake(std::string{what} +
                ": the stream has no event time, by which its events are ordered; call "
                ".event_time(&event::at, bounded_out_of_orderness{5s}) before, or say "
                "match_time::processing");
}

struct detecting {
  template <class K, class Chain, class KeyOf, class T>
  static auto add(Chain chain, KeyOf key_of, const pattern<T>& p, detect_options<T> options) {
    static_assert(encodable<T>,
                  "weir: detect() keeps events in state: they need a codec; describe the type with "
                  "BOOST_DESCRIBE_STRUCT");
    auto plan = p.compile();
    if (!plan) chain.state_.draft->mistake("detect(): " + plan.error().message);
    require_event_time(*chain.state_.draft, chain.state_.has_event_time, options, "detect()");
    return std::move(chain).template then<match<T>>(
        operators::detect<K, T, KeyOf>{std::move(key_of), plan ? std::move(*plan) : nullptr,
                                       std::move(options)},
        "detect", true);
  }
};

template <class K, class Chain, class KeyOf, class T>
auto detect(Chain chain, KeyOf key_of, const pattern<T>& p, detect_options<T> options) {
  return detecting::add<K>(std::move(chain), std::move(key_of), p, std::move(options));
}

}  // namespace build

/// A stream of `T`: the handle that functions take and return and that a program's variables are.
template <class T>
class stream : public chain<T, T> {
public:
  using event_type = T;
  stream(std::shared_ptr<build::node<T>> at, build::chain_state state)
      : chain<T, T>(std::move(at), {}, std::move(state)) {}
};

}  // namespace weir
