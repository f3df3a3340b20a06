// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/describe_event.hpp"
#include "weir/flow/each_kept.hpp"
#include "weir/flow/inputs_apart.hpp"
#include "weir/flow/operator_concepts.hpp"
#include "weir/flow/part_list.hpp"
#include "weir/flow/segment.hpp"

#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace weir::flow {

/// Where a fused loop's values go: into its end, one by one, or into a batch that was made room in.
struct through_end {};
template <class Writer>
struct write_to {
  Writer& writer;
};

template <class... Ops>
inline constexpr bool begins_with_filter = false;
template <class First, class... Rest>
inline constexpr bool begins_with_filter<First, Rest...> = is_filter<First>;

template <class S, class... Ops>
inline constexpr bool begins_by_looking_ahead = false;
template <class S, class First, class... Rest>
inline constexpr bool begins_by_looking_ahead<S, First, Rest...> = looks_ahead<First, S>;

template <class... Ops>
inline constexpr bool begins_with_inputs_apart = false;
template <class First, class... Rest>
inline constexpr bool begins_with_inputs_apart<First, Rest...> = takes_inputs_apart<First>;

/// A chain of operators fused into one loop over a batch, closed by an end. One virtual call a
/// batch, none an event. The loop can stop between any two events or firings, because an output is
/// full or the step's budget is spent, and goes on there when it is called again.
template <class S, class End, class... Ops>
class fused final
    : public segment<S>,
      public inputs_apart<fused<S, End, Ops...>, S, begins_with_inputs_apart<Ops...>> {
  static constexpr std::size_t count = sizeof...(Ops);
  static constexpr bool takes_back = (false || ... || emits_many<Ops>);
  /// Whether the loop may write what comes out straight into the open batch.
  static constexpr bool writes_ahead = (true && ... && emits_at_most_one<Ops>)&&End::writes_ahead;
  static constexpr bool filters_first = begins_with_filter<Ops...>;

public:
  fused(std::tuple<Ops...> ops, End end, std::vector<operator_environment> environments,
        std::vector<std::unique_ptr<fan_out_base>> sides)
      : ops_(std::move(ops)), end_(std::move(end)), sides_(std::move(sides)) {
    for (const operator_environment& e : environments) names_.push_back(e.id);
    each_op([&]<std::size_t I>(auto& op) {
      if constexpr (opens<std::remove_reference_t<decltype(op)>>) op.open(environments[I]);
    });
  }

  verdict on_batch(batch<S>& in, bool owned, step& s) override {
    return work_through(batch_rows<S>{in}, owned, s);
  }

  /// Works through the events of a batch.
  template <class Rows>
  verdict work_through(const Rows& in, bool owned, step& s) {
    constexpr bool is_plain = std::is_trivially_copyable_v<typename Rows::event>;
    end_.begin(s);
    const std::size_t n = in.in.size();
    while (at_ < n) {
      if (s.errors.waiting(s.wall, s.out)) return verdict::blocked;
      if (const verdict v = settle_if_full(s); v != verdict::done) return v;
      if (s.budget == 0) return verdict::more;
      const std::size_t from = at_;
      const std::size_t to = std::min(n, from + s.budget);
      // A plain type is copied out either way; others are moved if they are ours.
      if (is_plain || !owned)
        loop<false>(in, to, s);
      else
        loop<!is_plain>(in, to, s);
      s.budget -= std::min(s.budget, at_ - from);
      if (s.errors.failed()) return verdict::done;
    }
    if (const verdict v = settle(s); v != verdict::done) return v;
    events_before_ += n;
    at_ = 0;
    return verdict::done;
  }

  verdict on_progress(progress p, step& s) override {
    end_.begin(s);
    if (!phase_) phase_ = phase{p, 0};
    const verdict v = fire_from<0, true>(s, [this, &s]<std::size_t I>(auto& op) {
      next_op<I + 1, true> next{*this, s};
      if constexpr (takes_progress<std::remove_reference_t<decltype(op)>, next_op<I + 1, true>>)
        return op.on_progress(phase_->going_to, next, s);
      else
        return verdict::done;
    });
    if (v != verdict::done || !phase_) return v;
    if (phase_->at == count) {
      if (const verdict e = end_.on_progress(phase_->going_to, s); e != verdict::done) return e;
      ++phase_->at;
    }
    const verdict side = side_progress_.run(
        sides_, [&](fan_out_base& f) { return f.on_progress(phase_->going_to, s); });
    if (side == verdict::done) phase_.reset();
    return side;
  }

  verdict on_time(step& s) override {
    end_.begin(s);
    if (!phase_) phase_ = phase{};
    const verdict v = fire_from<0, false>(s, [this, &s]<std::size_t I>(auto& op) {
      next_op<I + 1, true> next{*this, s};
      if constexpr (takes_time<std::remove_reference_t<decltype(op)>, next_op<I + 1, true>>)
        return op.on_time(next, s);
      else
        return verdict::done;
    });
    if (v != verdict::done) return v;
    return finish_phase([&] { return end_.on_time(s); },
                        [&](fan_out_base& f) { return f.on_time(s); });
  }

  verdict on_completion(step& s) override {
    end_.begin(s);
    if (!phase_) phase_ = phase{};
    const verdict v = fire_from<0, false>(s, [this, &s]<std::size_t I>(auto& op) {
      next_op<I + 1, true> next{*this, s};
      if constexpr (takes_completion<std::remove_reference_t<decltype(op)>, next_op<I + 1, true>>)
        return op.on_completion(next, s);
      else
        return verdict::done;
    });
    if (v != verdict::done) return v;
    return finish_phase([&] { return end_.on_completion(s); },
                        [&](fan_out_base& f) { return f.on_completion(s); });
  }

  [[nodiscard]] timestamp next_timer() const override {
    timestamp earliest = end_.next_timer();  // one after the other: a journal notes what is said
    earliest = std::min(earliest, earliest_timer(sides_));
    const_cast<fused*>(this)->each_op([&]<std::size_t I>(auto& op) {
      if constexpr (takes_time<std::remove_reference_t<decltype(op)>, next_op<I + 1, true>>)
        earliest = std::min(earliest, op.next_timer());
    });
    return earliest;
  }

  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    verdict v = verdict::done;
    each_op([&]<std::size_t I>(auto& op) {
      if (v != verdict::done || saved_ != I) return;
      if constexpr (stateful<std::remove_reference_t<decltype(op)>>) {
        to.bind(names_[I]);
        if (b.keeps_state) v = op.snapshot(to);
      }
      if (v == verdict::done) ++saved_;
    });
    if (v != verdict::done) return v;
    v = side_saving_.run(sides_, [&](fan_out_base& f) { return f.snapshot(b, to, s); });
    if (v == verdict::done) v = end_.snapshot(b, to, s);
    if (v == verdict::done) saved_ = 0;
    return v;
  }

  void restore(snapshot_reader& from) override {
    each_op([&]<std::size_t I>(auto& op) {
      if constexpr (stateful<std::remove_reference_t<decltype(op)>>) {
        from.bind(names_[I]);
        op.restore(from);
      }
    });
    for (auto& side : sides_) side->restore(from);
    end_.restore(from);
  }

  result<void> commit(barrier b) override {
    if (auto done = commit_all(sides_, b); !done) return done;
    return end_.commit(b);
  }

  [[nodiscard]] std::size_t events_held() const override {
    return end_.events_held() + events_held_by(sides_);
  }
  void find_places(return_search& search) override {
    if (!search.letter.at_operator) {
      if (has(search.letter.operator_name)) offer_batch<S>(*this, search);
    } else {
      for (const entry& e : entries())
        if (name_of(e.op) == search.letter.operator_name && e.fits(search.letter))
          e.offer(*this, search);
    }
    for (auto& side : sides_) side->find_places(search);
    end_.find_places(search);
  }
  [[nodiscard]] std::size_t worked() const override { return at_; }
  [[nodiscard]] flow::outstanding outstanding() const override {
    flow::outstanding all = end_.outstanding() | outstanding_of(sides_);
    const_cast<fused*>(this)->each_op([&]<std::size_t I>(auto& op) {
      if constexpr (has_outstanding<std::remove_reference_t<decltype(op)>>)
        all = all | op.outstanding();
    });
    return all;
  }

private:
  /// What operator `I - 1` hands its values to.
  /// `Fires` tells what a firing emits from what an event leads to.
  template <std::size_t I, bool Fires, class Out = through_end>
  struct next_op {
    fused& chain;
    step& s;
    [[no_unique_address]] Out out{};

    template <class V>
    void operator()(V&& value, timestamp at) {
      chain.template run<I, Fires>(std::forward<V>(value), at, s, out);
    }
    [[nodiscard]] bool full() const noexcept { return chain.any_full(); }
    /// Says when a source read what comes next, for an operator that held it.
    void read_at(steady_time t) {
      s.earliest = t;
      chain.end_.begin(s);
    }
  };

  /// Where values of some type come to an operator, for those that come back from dead letters.
  struct entry {
    std::size_t op;
    bool (*fits)(const dead_letter&);
    void (*offer)(fused&, return_search&);
  };
  /// Those of all types that `run` is called with; each adds itself before the program begins.
  static std::vector<entry>& entries() {
    static std::vector<entry> all;
    return all;
  }
  template <std::size_t I, class V>
  static bool enter() {
    entries().push_back({I, &event_reader<V>::fits, [](fused& chain, return_search& search) {
                           search.add(event_reader<V>::read(search.letter), [&](V value) {
                             return std::make_unique<returning_value<I, V>>(chain, std::move(value),
                                                                            search.letter);
                           });
                         }});
    return true;
  }
  template <std::size_t I, class V>
  static inline const bool entered = enter<I, V>();

  /// Hands a value to operator `I` as if the one before it had fired it.
  template <std::size_t I, class V>
  class returning_value final : public returning_event {
  public:
    returning_value(fused& chain, V value, const dead_letter& letter)
        : chain_(&chain),
          value_(std::move(value)),
          at_(letter.event_time.value_or(letter.failed_at)) {}

    verdict work(step& s) override {
      if (!given_) {
        if (s.errors.waiting(s.wall, s.out)) return verdict::blocked;
        if (const verdict v = chain_->settle_if_full(s); v != verdict::done) return v;
        given_ = true;
        chain_->end_.begin(s);
        chain_->template run<I, true>(std::move(value_), at_, s, through_end{});
      }
      return chain_->settle(s);
    }

  private:
    fused* chain_;
    V value_;
    timestamp at_;
    bool given_ = false;
  };

  /// How far a firing, which isn't an event's, has come through the operators.
  struct phase {
    progress going_to;
    std::size_t at = 0;
  };

  template <bool Move, class Rows>
  void loop(const Rows& in, std::size_t to, step& s) {
    try {
      while (at_ < to && !any_full()) {
        if constexpr (writes_ahead) {
          constexpr std::size_t worth_it = 8;
          const std::size_t chunk_end = at_ + std::min(to - at_, room());
          if (chunk_end - at_ >= worth_it)
            write_chunk<Move>(in, chunk_end, s);
          else
            emit_some<Move>(in, chunk_end, s);
        } else {
          emit_some<Move>(in, to, s);
        }
      }
    } catch (...) {
      on_event_failed(in, s);
    }
  }

  /// Until an output is full.
  template <bool Move, class Rows>
  void emit_some(const Rows& in, std::size_t to, step& s) {
    const Rows of{in.in};  // of this function alone, so that it stays in registers
    std::size_t i = at_;
    try {
      if constexpr (filters_first && !takes_back)
        each_kept(
            i, to, [&](std::size_t e) { return std::get<0>(ops_).keeps(of.values[e]); },
            [&](std::size_t e) {
              take<1, Move>(of, e, s, through_end{});
              return !any_full();
            });
      else
        for (bool full = false; i < to && !full; ++i) {
          if constexpr (takes_back) {
            end_.forget_noted();
            for (auto& side : sides_) side->mark();
          }
          take<0, Move>(of, i, s, through_end{});
          full = any_full();
        }
    } catch (...) {
      if constexpr (filters_first && !takes_back)
        note_failed_operator(0);  // if it was none behind it
      at_ = i;
      throw;
    }
    at_ = i;
  }

  /// Each event leads to at most one, and there is room for all of them.
  template <bool Move, class Rows>
  void write_chunk(const Rows& in, std::size_t to, step& s) {
    const Rows of{in.in};
    auto out = end_.begin_writing(to - at_);
    std::size_t i = at_;
    try {
      if constexpr (filters_first)
        each_kept(
            i, to, [&](std::size_t e) { return std::get<0>(ops_).keeps(of.values[e]); },
            [&](std::size_t e) {
              take<1, Move>(of, e, s, write_to<decltype(out)>{out});
              return true;
            });
      else
        for (; i < to; ++i) take<0, Move>(of, i, s, write_to<decltype(out)>{out});
    } catch (...) {
      if constexpr (filters_first) note_failed_operator(0);  // if it was none behind it
      end_.finish_writing(out);
      at_ = i;
      throw;
    }
    end_.finish_writing(out);
    at_ = i;
  }

  /// Hands an event to operator `I`.
  template <std::size_t I, bool Move, class Rows, class Out>
  void take(const Rows& of, std::size_t i, step& s, Out out) {
    if constexpr (I == 0 && begins_by_looking_ahead<S, Ops...>) of.look_ahead(std::get<0>(ops_), i);
    if constexpr (Move)
      run<I, false>(of.take(i), of.times[i], s, out);
    else
      run<I, false>(of.at(i), of.times[i], s, out);
  }

  template <std::size_t I, bool Fires, class V, class Out>
  void run(V&& value, timestamp at, step& s, Out out) {
    if constexpr (may_return<I, Fires, std::remove_cvref_t<V>>())
      static_cast<void>(&entered<I, std::remove_cvref_t<V>>);
    try {
      if constexpr (I < count) {
        next_op<I + 1, Fires, Out> next{*this, s, out};
        std::get<I>(ops_).on_event(std::forward<V>(value), at, next, s);
      } else if constexpr (!std::is_same_v<Out, through_end>) {
        out.writer.push(std::forward<V>(value), at);
      } else if constexpr (takes_back && !Fires) {
        end_.emit_noted(std::forward<V>(value), at);
      } else {
        end_.emit(std::forward<V>(value), at);
      }
    } catch (...) {
      // An event is still in its batch, and fails as a whole. Of what a firing emits only this
      // value fails, and is looked at here: one whose address is not taken can stay in registers.
      if constexpr (Fires)
        on_fired_value_failed(I, value, at, s);
      else {
        note_failed_operator(I);
        throw;
      }
    }
  }

  /// Whether dead letters may hold values as they came to operator `I`.
  template <std::size_t I, bool Fires, class V>
  static consteval bool may_return() {
    if constexpr (!event_reader<V>::reads)
      return false;
    else if constexpr (I < count)
      return Fires || keeps_letters<std::tuple_element_t<I, std::tuple<Ops...>>>;
    else
      return Fires;
  }

  void note_failed_operator(std::size_t op) {
    if (!failed_op_) failed_op_ = op;
  }
  template <class V>
  void on_fired_value_failed(std::size_t op, const V& value, timestamp at, step& s) {
    failed_op_ = op;
    s.errors.on_exception(name_of_failed(), 1, s.wall, s.out, false,
                          [&](dead_letter& letter) { describe_event(value, at, letter); });
    failed_op_.reset();
  }

  template <class Rows>
  void on_event_failed(const Rows& in, step& s) {
    if constexpr (takes_back) {
      end_.take_back_noted();
      for (auto& side : sides_) side->take_back_to_mark();
    }
    const auto next = s.errors.on_exception(name_of_failed(), tries_.failed(events_before_ + at_),
                                            s.wall, s.out, true, [&](dead_letter& letter) {
                                              in.describe(at_, letter);
                                              letter.at_operator = false;
                                              if (s.origin == nullptr) return;
                                              letter.source = s.origin->split();
                                              letter.offset = s.origin->position_of(at_);
                                            });
    failed_op_.reset();
    if (next == event_errors::next::go_on) ++at_;
  }

  /// Calls `fire.operator()<I>(op)` for the operators from where the phase stands; each until it is
  /// done. In a phase that is cut, what an operator still has to do stays in its state: timers,
  /// once the budget is spent; firings of a watermark, at once, and the phase is over.
  template <std::size_t I, bool OfWatermark, class Fire>
  verdict fire_from(step& s, Fire fire) {
    if constexpr (I == count) {
      return settle(s);
    } else {
      using op = std::tuple_element_t<I, std::tuple<Ops...>>;
      while (phase_->at == I) {
        if (s.errors.waiting(s.wall, s.out)) return verdict::blocked;
        if (const verdict v = settle_if_full(s); v != verdict::done) return v;
        if (OfWatermark && leaves_firings<op> && s.cut) return leave_firings(s);
        const bool cut = !OfWatermark && s.cut && leaves_timers<op>;
        if (s.budget == 0 && !cut) return verdict::more;
        try {
          const verdict v =
              s.budget == 0 ? verdict::more : fire.template operator()<I>(std::get<I>(ops_));
          if (v == verdict::done || (v == verdict::more && cut)) ++phase_->at;
          if (v == verdict::blocked && !any_full()) return v;
        } catch (...) {
          on_firing_failed(I, s);
          if (s.errors.failed()) return verdict::done;
        }
      }
      return fire_from<I + 1, OfWatermark>(s, fire);
    }
  }

  /// Ends the phase before the operators behind have heard of the watermark, and it has gone out.
  verdict leave_firings(step& s) {
    if (const verdict v = settle(s); v != verdict::done) return v;
    phase_.reset();
    s.was_cut = true;
    return verdict::done;
  }

  /// The firing itself failed, in user code that it called; it is not tried again.
  void on_firing_failed(std::size_t op, step& s) {
    failed_op_ = op;
    s.errors.on_exception(name_of_failed(), 1, s.wall, s.out, false, [](dead_letter&) {});
    failed_op_.reset();
    s.budget -= std::min<std::size_t>(s.budget, 1);
  }

  template <class AtEnd, class AtSide>
  verdict finish_phase(AtEnd at_end, AtSide at_side) {
    if (phase_->at == count) {
      if (const verdict v = at_end(); v != verdict::done) return v;
      ++phase_->at;
    }
    const verdict v = side_progress_.run(sides_, at_side);
    if (v == verdict::done) phase_.reset();
    return v;
  }

  [[nodiscard]] std::string_view name_of(std::size_t op) const {
    return op != count ? std::string_view{names_[op]} : std::string_view{"output"};
  }
  [[nodiscard]] std::string_view name_of_failed() const {
    return name_of(failed_op_.value_or(count));
  }
  [[nodiscard]] bool has(std::string_view name) const {
    for (std::size_t op = 0; op <= count; ++op)
      if (name_of(op) == name) return true;
    return false;
  }

  /// How many events that lead to one at most may pass before `any_full()` has to be asked again.
  [[nodiscard]] std::size_t room() const noexcept {
    std::size_t least = end_.room();
    for (const auto& side : sides_) least = std::min(least, side->room());
    return least;
  }
  [[nodiscard]] bool any_full() const noexcept {
    return end_.full() || (!sides_.empty() && sides_full());
  }
  [[nodiscard]] bool sides_full() const noexcept {
    for (const auto& side : sides_)
      if (side->full()) return true;
    return false;
  }

  verdict settle_if_full(step& s) { return any_full() ? settle(s) : verdict::done; }
  verdict settle(step& s) {
    for (auto& side : sides_)
      if (const verdict v = side->settle(s); v != verdict::done) return v;
    return end_.settle(s);
  }

  template <class F>
  void each_op(F f) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      (f.template operator()<I>(std::get<I>(ops_)), ...);
    }
    (std::make_index_sequence<count>{});
  }

  std::tuple<Ops...> ops_;
  End end_;
  std::vector<std::unique_ptr<fan_out_base>> sides_;
  std::vector<std::string> names_;
  std::size_t at_ = 0;  ///< The next event of the batch in hand.
  std::uint64_t events_before_ = 0;
  std::optional<phase> phase_;
  part_cursor side_progress_;
  part_cursor side_saving_;
  std::size_t saved_ = 0;  ///< Operators whose part of the snapshot is written.
  std::optional<std::size_t> failed_op_;
  event_tries tries_;
};

}  // namespace weir::flow
