// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/either.hpp"
#include "weir/flow/step.hpp"
#include "weir/flow/verdict.hpp"

#include <cstddef>
#include <utility>
#include <variant>

namespace weir::flow {

/// Whose `on_event` takes `from_input`s, too: frames can be worked on as they came, without making
/// a `one_of` of each event.
template <class Op>
concept takes_inputs_apart = requires {
  requires Op::takes_inputs_apart;
};

/// A consumer of `one_of<T...>` that takes the frame of an input as it is.
template <class... T>
class input_consumer {
public:
  /// The events of the input whose number is the index.
  using input_batch = std::variant<batch<T>*...>;

  input_consumer() = default;
  input_consumer(const input_consumer&) = delete;
  input_consumer& operator=(const input_consumer&) = delete;
  virtual ~input_consumer() = default;

  /// As `segment::on_batch`.
  virtual verdict on_input(input_batch in, bool owned, step& s) = 0;
};

/// Events of one type as a loop reads them. Where the columns lie is asked once, since what
/// operators write might be the batch's pointers for all a compiler knows.
template <class T>
struct batch_rows {
  using event = T;

  batch<T>& in;
  T* values = in.values.data();
  const timestamp* times = in.times.data();

  explicit batch_rows(batch<T>& of) : in(of) {}

  [[nodiscard]] const T& at(std::size_t i) const { return values[i]; }
  [[nodiscard]] T&& take(std::size_t i) const { return std::move(values[i]); }
  template <class Op>
  void look_ahead(const Op& op, std::size_t i) const {
    op.look_ahead(std::as_const(in), i);
  }
  void describe(std::size_t i, dead_letter& letter) const {
    describe_event(values[i], times[i], letter);
  }
};

/// ... of one input of several.
template <std::size_t Input, class T>
struct input_rows : batch_rows<T> {
  using batch_rows<T>::batch_rows;

  [[nodiscard]] from_input<Input, const T&> at(std::size_t i) const { return {this->values[i]}; }
  [[nodiscard]] from_input<Input, T&&> take(std::size_t i) const {
    return {std::move(this->values[i])};
  }
  template <class Op>
  void look_ahead(const Op& op, std::size_t i) const {
    op.look_ahead(std::in_place_index<Input>, std::as_const(this->in), i);
  }
  void describe(std::size_t i, dead_letter& letter) const {
    batch_rows<T>::describe(i, letter);
    letter.input = Input;
  }
};

/// Makes `Chain`, a consumer of `S`, one that takes inputs apart, by its `work_through(rows, owned,
/// step)`; nothing if it does not `Apart`.
template <class Chain, class S, bool Apart>
class inputs_apart {};

template <class Chain, class... T>
class inputs_apart<Chain, one_of<T...>, true> : public input_consumer<T...> {
  using input_batch = typename input_consumer<T...>::input_batch;

public:
  verdict on_input(input_batch in, bool owned, step& s) final {
    return on_one(in, owned, s, std::index_sequence_for<T...>{});
  }

private:
  template <std::size_t... Input>
  verdict on_one(input_batch in, bool owned, step& s, std::index_sequence<Input...>) {
    auto& chain = static_cast<Chain&>(*this);
    verdict v = verdict::done;
    static_cast<void>(
        (... ||
         (in.index() == Input &&
          (v = chain.work_through(input_rows<Input, T>{*std::get<Input>(in)}, owned, s), true))));
    return v;
  }
};

}  // namespace weir::flow
