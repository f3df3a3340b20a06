// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/codec/evolve.hpp"
#include "weir/core/result.hpp"
#include "weir/event/batch.hpp"
#include "weir/flow/dead_letter.hpp"
#include "weir/flow/step.hpp"
#include "weir/flow/verdict.hpp"

#include <concepts>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::flow {

/// An event of a dead letter on its way back to where it was refused.
class returning_event {
public:
  returning_event() = default;
  returning_event(const returning_event&) = delete;
  returning_event& operator=(const returning_event&) = delete;
  virtual ~returning_event() = default;

  /// Hands it over; called again until it answers `done`.
  virtual verdict work(step& s) = 0;
};

/// Looks through a stage for the place that refused a letter's event.
struct return_search {
  const dead_letter& letter;
  std::vector<std::unique_ptr<returning_event>> found{};
  std::string unreadable{};  ///< Why a place that would take it can't read it.

  /// Adds what `make(event)` makes of the letter's event.
  template <class T, class Make>
  void add(result<T> event, Make make) {
    if (event)
      found.push_back(make(*std::move(event)));
    else
      unreadable = event.error().message;
  }
};

/// Events of `T` out of dead letters.
template <class T>
struct event_reader {
  static constexpr bool reads = encodable<T> && std::default_initializable<T>;

  [[nodiscard]] static bool fits(const dead_letter& letter) {
    return reads && letter.type == type_name<T>();
  }
  /// Reads the event; one that was written before its type changed is rewritten as state is.
  /// @pre reads
  [[nodiscard]] static result<T> read(const dead_letter& letter) {
    const error damaged{errc::decode_failed, "the letter's event does not decode"};
    byte_reader saved{letter.schema};
    schema then;
    if (!decode_schema(saved, then)) return damaged;
    byte_reader in{letter.event};
    T event{};
    if (fingerprint(then) == fingerprint<T>())
      return decode(in, event) ? result<T>{std::move(event)} : result<T>{damaged};
    const auto change = change_to<T>(std::move(then));
    if (!change) return change.error();
    bytes now;
    if (!change->convert(in, now)) return damaged;
    byte_reader converted{now};
    return decode(converted, event) ? result<T>{std::move(event)} : result<T>{damaged};
  }
};

/// Where a returning event was read first, for the letter that it may become again.
class letter_origin final : public batch_origin {
public:
  explicit letter_origin(const dead_letter& of)
      : split_(of.source), position_(of.offset.value_or(0)) {}

  [[nodiscard]] std::string_view split() const override { return split_; }
  [[nodiscard]] std::uint64_t position_of(std::size_t) const override { return position_; }

private:
  std::string split_;
  std::uint64_t position_;
};

/// Hands an event to a part that takes batches of `T`, as a batch of its own.
template <class T, class Part>
class returning_batch final : public returning_event {
public:
  returning_batch(Part& to, T event, const dead_letter& letter)
      : to_(&to), origin_(letter), knows_origin_(letter.offset.has_value()) {
    one_.push(std::move(event), letter.event_time.value_or(letter.failed_at));
  }

  verdict work(step& s) override {
    if (knows_origin_) s.origin = &origin_;
    const verdict v = to_->on_batch(one_, true, s);
    s.origin = nullptr;
    return v;
  }

private:
  Part* to_;
  batch<T> one_;
  letter_origin origin_;
  bool knows_origin_;
};

/// Adds `to` to the places that are found, if it takes the letter's event as a batch of `T`.
template <class T, class Part>
void offer_batch(Part& to, return_search& search) {
  if constexpr (event_reader<T>::reads)
    if (event_reader<T>::fits(search.letter))
      search.add(event_reader<T>::read(search.letter), [&](T event) {
        return std::make_unique<returning_batch<T, Part>>(to, std::move(event), search.letter);
      });
}

/// Keeps a letter that can't be brought back, once more, with the reason.
inline void refuse_return(const return_search& search, step& s) {
  const dead_letter& letter = search.letter;
  const std::string why = !search.unreadable.empty() ? search.unreadable
                          : search.found.empty()
                              ? "nothing in the stage takes a '" + letter.type + "' there any more"
                              : "several places of the stage may have refused it";
  s.errors.keep(letter.operator_name, {errc::unsupported, "can't be replayed: " + why},
                letter.tries, s.wall, [&](dead_letter& again) {
                  again.source = letter.source;
                  again.offset = letter.offset;
                  again.type = letter.type;
                  again.text = letter.text;
                  again.event = letter.event;
                  again.schema = letter.schema;
                  again.at_operator = letter.at_operator;
                  again.input = letter.input;
                  again.event_time = letter.event_time;
                });
}

}  // namespace weir::flow
