// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/joining.hpp"
#include "weir/joins/join_kind.hpp"
#include "weir/joins/latest_row_operator.hpp"
#include "weir/joins/loaded_join_operator.hpp"
#include "weir/joins/temporal_join_operator.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

namespace weir {

/// A keyed stream as a table: of each key the latest row. An event brings its key's row; a stream
/// of changes takes rows away, too. Made by `keyed_stream::to_table()`.
template <class T, class KeyOf>
class table {
  static_assert(encodable<table_row<T>>,
                "weir: to_table() keeps rows in state, which needs a codec: describe the type with "
                "BOOST_DESCRIBE_STRUCT");

public:
  using row = table_row<T>;
  using key = mapped<KeyOf, T>;

  explicit table(keyed_stream<T, KeyOf> of) : of_(std::move(of)) {}

  /// The table as a stream of changes: what each event does to its key's row. A row that is older
  /// than the one that is there, by event time, is left out and counted (`<name>: older rows`).
  auto changes() const {
    return build::joining::add<change<row>>(
        build::joining::begin(of_),
        operators::latest_row<key, T, KeyOf>{build::joining::key_of(of_)}, "table");
  }

  [[nodiscard]] const keyed_stream<T, KeyOf>& stream() const noexcept { return of_; }

private:
  keyed_stream<T, KeyOf> of_;
};

namespace detail {

template <class S>
inline constexpr bool is_table = false;
template <class T, class KeyOf>
inline constexpr bool is_table<table<T, KeyOf>> = true;

/// A join with the row that was valid at the event's time.
struct as_of_event {
  static constexpr const char* kind = "temporal_join";

  template <join_kind Kind, class A, class KeyA, class V, class KeyV, class F>
  auto make(KeyA key_a, KeyV key_v, F f, operators::join_sides sides) const {
    return operators::temporal_join<mapped<KeyA, A>, A, V, KeyA, KeyV, F, Kind>{
        std::move(key_a), std::move(key_v), std::move(f), std::move(sides)};
  }
};

/// A join with the rows of a table that is read to its end first.
struct when_loaded {
  static constexpr const char* kind = "table_join";

  std::size_t most_waiting;

  template <join_kind Kind, class A, class KeyA, class V, class KeyV, class F>
  auto make(KeyA key_a, KeyV key_v, F f, operators::join_sides sides) const {
    return operators::loaded_join<mapped<KeyA, A>, A, V, KeyA, KeyV, F, Kind>{
        std::move(key_a), std::move(key_v), std::move(f), std::move(sides), most_waiting};
  }
};

}  // namespace detail

/// How a stream is joined with a table, and what is made of it. Settings return a new object.
template <class A, class KeyA, class V, class KeyV, class How, join_kind Kind = join_kind::inner>
class table_join_of {
  using row = table_row<V>;

public:
  table_join_of(keyed_stream<A, KeyA> events, table<V, KeyV> with, How how,
                operators::join_sides sides = {})
      : events_(std::move(events)),
        table_(std::move(with)),
        how_(std::move(how)),
        sides_(std::move(sides)) {}

  /// Only events whose key has a row come out. The default.
  auto inner() const { return of_kind<join_kind::inner>(); }
  /// Events whose key has no row come out, too.
  auto left() const { return of_kind<join_kind::left>(); }

  /// Sends events that come too late to this side output; they are counted in any case.
  auto late_to(const side_output<A>& output) const {
    static_assert(timed,
                  "weir: late_to() is for join(table).as_of(); where the table is loaded "
                  "first nothing is late");
    return sent(&operators::join_sides::late_left, output.name);
  }
  /// Sends versions of rows that come too late to be valid for any event to this side output; they
  /// are counted in any case.
  auto late_versions_to(const side_output<V>& output) const {
    static_assert(timed,
                  "weir: late_versions_to() is for join(table).as_of(); where the table is "
                  "loaded first nothing is late");
    return sent(&operators::join_sides::late_right, output.name);
  }
  /// Sends events whose key has no row to this side output; they are counted in any case.
  auto unmatched_to(const side_output<A>& output) const {
    static_assert(
        Kind == join_kind::inner,
        "weir: unmatched_to() is not for left() joins: there unmatched events come out of "
        "the join");
    return sent(&operators::join_sides::unmatched_left, output.name);
  }

  /// Emits what `f` makes of an event and its row; behind left() the row comes as a pointer, null
  /// if there is none. `f` is called as const.
  template <join_function<A, row, Kind> F>
  auto apply(F f) const {
    using out = decltype(operators::join_events<Kind>(f, static_cast<const A*>(nullptr),
                                                      static_cast<const row*>(nullptr)));
    auto op = how_.template make<Kind, A, KeyA, V, KeyV>(build::joining::key_of(events_),
                                                         build::joining::key_of(table_.stream()),
                                                         std::move(f), sides_);
    return build::joining::add<out>(
        build::joining::by_key(events_, table_.stream(), How::kind, timed), std::move(op),
        How::kind);
  }
  template <class F>
  auto apply(F) const {
    static_assert(join_function<F, A, row, Kind>,
                  "weir: apply() wants a function of an event and a row of the table, called as "
                  "const, that gives a value; behind left() the row comes as a pointer");
    return build::joining::begin(events_);
  }

private:
  static constexpr bool timed = std::is_same_v<How, detail::as_of_event>;

  template <join_kind Other>
  table_join_of<A, KeyA, V, KeyV, How, Other> of_kind() const {
    return {events_, table_, how_, sides_};
  }
  table_join_of sent(std::string operators::join_sides::*which, const std::string& to) const {
    table_join_of made = *this;
    made.sides_.*which = to;
    return made;
  }

  keyed_stream<A, KeyA> events_;
  table<V, KeyV> table_;
  How how_;
  operators::join_sides sides_;
};

/// A stream and a table keyed by the same type: which version of a row counts is to be said.
template <class A, class KeyA, class V, class KeyV>
class joined_table {
public:
  joined_table(keyed_stream<A, KeyA> events, table<V, KeyV> with)
      : events_(std::move(events)), table_(std::move(with)) {
    static_assert(
        std::is_same_v<mapped<KeyA, A>, mapped<KeyV, V>>,
        "weir: join() wants both sides keyed by the same type; let both key_by() give it");
    static_assert(encodable<A>,
                  "weir: join() keeps events in state, which needs a codec: describe the type with "
                  "BOOST_DESCRIBE_STRUCT");
  }

  /// Joins each event with the version of the row that was valid at the event's time: the newest
  /// that isn't after it. An event waits until the watermark of both has come to it.
  auto as_of() const {
    if (!build::joining::has_event_time(events_) ||
        !build::joining::has_event_time(table_.stream()))
      build::joining::draft_of(events_).mistake(
          "join().as_of(): the stream or the table has no event time, which tells which version of "
          "a row is valid; call .event_time(&event::at, bounded_out_of_orderness{5s}) on both "
          "before key_by()");
    return table_join_of<A, KeyA, V, KeyV, detail::as_of_event>{events_, table_, {}};
  }

  /// Joins each event with the row that the table has in the end: for tables that are read once,
  /// from a file, say. The stream's events wait in state until then, at most so many in an
  /// instance; one more fails. With `event_time_options::max_drift` a stream's source waits by
  /// itself.
  auto once_loaded(std::size_t most_waiting = 1'000'000) const {
    return table_join_of<A, KeyA, V, KeyV, detail::when_loaded>{events_, table_, {most_waiting}};
  }

private:
  keyed_stream<A, KeyA> events_;
  table<V, KeyV> table_;
};

}  // namespace weir
