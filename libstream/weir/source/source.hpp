// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/core/result.hpp"
#include "weir/core/time.hpp"
#include "weir/event/batch.hpp"
#include "weir/flow/split.hpp"

#include <concepts>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weir {

/// What reading a split came to.
enum class read_state : std::uint8_t {
  more,       ///< There may be more at once.
  caught_up,  ///< Nothing for now; ask again when the source says it is ready, or at `next_poll()`.
  waiting,    ///< As `caught_up`, but what there is may not have come: no split is at its end, but
              ///< for those that `at_end` names.
  ended,      ///< This reader will never have more.
};

/// As much of a record that could not be decoded is kept, in bytes.
inline constexpr std::size_t kept_of_a_record = 64 << 10;

/// A record that could not be decoded.
struct rejected_record {
  std::uint64_t offset = 0;  ///< Where it begins in its split.
  std::string text;          ///< As it was read; cut at `kept_of_a_record`.
  std::string reason;
};

/// What a poll fills: events of one split, in order.
template <class T>
struct source_batch {
  std::size_t lane = 0;  ///< The split, by the number it was assigned under.
  batch<T>
      events;  ///< Timestamps may be left out (an empty column): then they are the time of reading.
  std::uint64_t first_offset = 0;  ///< The offset before the first event.
  std::vector<std::uint64_t>
      offsets;  ///< The offset after each event; empty if each event takes one.
  std::uint64_t end_offset =
      0;  ///< The offset after everything read, rejected and skipped records included.
  std::vector<rejected_record> rejected;
  std::optional<steady_time>
      intended;             ///< When a paced source should have given the first event; else now.
  bool lane_ended = false;  ///< The split will have nothing more after this.
  bool lane_idle = false;   ///< The split has nothing for now, and is not to be waited for.
  bool moved = false;       ///< `end_offset` is to be kept though there is no event.
  /// Splits that have been read to their end for now, for a reader that may find one empty while
  /// others have more. `caught_up` says it of all that aren't paused.
  std::vector<std::size_t> at_end;

  void clear() {
    events.clear();
    offsets.clear();
    rejected.clear();
    intended.reset();
    at_end.clear();
    lane_ended = lane_idle = moved = false;
  }
};

/// Reads the splits that are assigned to one source instance. Called from one thread at a time.
template <class T>
class source_reader {
public:
  virtual ~source_reader() = default;

  /// Adds a split under a number that counts from 0; reading begins behind `offset`.
  virtual void assign(std::size_t lane, const split& what, std::uint64_t offset) = 0;
  /// A split of this instance was read to its end before a restart, and is not assigned.
  virtual void had_ended(const split& /*what*/) {}
  /// Fills `out`, which is empty, with at most `max` events of one split that isn't paused. May
  /// block only if the source says it blocks, and then for a tenth of a second at most, so that a
  /// stop is noticed. Throws `weir::exception` when reading fails for good.
  virtual read_state poll(source_batch<T>& out, std::size_t max, const clock& time) = 0;
  /// After `caught_up`: when to ask again though nobody said there is more.
  [[nodiscard]] virtual timestamp next_poll() const { return max_timestamp; }
  /// Holds back a split that is ahead of the others, and lets it go on. Ignored, it costs the bound
  /// that `event_time_options::max_drift` sets.
  virtual void pause(std::size_t /*lane*/) {}
  virtual void resume(std::size_t /*lane*/) {}
  /// Says that checkpoints are taken: what is read may be asked for again by another reader, until
  /// it is `committed`. Called before the first `assign`, if at all.
  virtual void keep_until_committed() {}
  /// A checkpoint is complete in which the reading of a split stands at `offset`: nothing before
  /// that is asked for again.
  virtual void committed(std::size_t /*lane*/, std::uint64_t /*offset*/) {}
  /// Hands over a function, safe to call from any thread, that says there is more after
  /// `caught_up`.
  virtual void on_ready(std::function<void()> /*wake*/) {}
  /// Says that the pipeline stops or has ended: take nothing more. Answers whether events that were
  /// taken before are left, to be read out until `ended`. Not called for a restart.
  virtual bool close() { return false; }
};

/// Finds the splits of a source.
class source_enumerator {
public:
  virtual ~source_enumerator() = default;

  /// Returns all splits that exist now. An error ends the pipeline's start, or a later search, with
  /// its message.
  virtual result<std::vector<split>> discover() = 0;
  /// How often to look for further splits while the source is read; zero for never. A source that
  /// looks again does not end when all splits that it has have ended. It is asked again from a
  /// thread of its own; a search that fails is logged and repeated.
  [[nodiscard]] virtual duration find_again_every() const { return duration{0}; }
};

/// What `pipeline::from` takes: a copyable description from which each instance's reader is made.
template <class S>
concept source = std::copy_constructible<S> && requires(const S& s) {
  typename S::event_type;
  { s.make_enumerator() } -> std::convertible_to<std::unique_ptr<source_enumerator>>;
  {
    s.make_reader()
    } -> std::convertible_to<std::unique_ptr<source_reader<typename S::event_type>>>;
  {
    s.kind()
    } -> std::convertible_to<std::string>;  // what it is, for the graph: "file", "generator"
  {
    s.blocking()
    } -> std::convertible_to<bool>;  // whether polls may block: gives the stage a thread of its own
};

/// A source that can decode a single record, as its reader would: for those that were rejected, and
/// are replayed.
template <class S>
concept decodes_records = requires(const S& s, const std::string& split, std::string_view record) {
  { s.decode_record(split, record) } -> std::same_as<result<typename S::event_type>>;
};

/// A source that reads what was recorded, from its beginning: a run may begin with a later time,
/// and pass over what is before.
template <class S>
concept recorded = requires {
  requires S::recorded;
};

/// ... and passes over it by itself: `starting_at(t)` answers such a source.
template <class S>
concept starts_at_time = requires(const S& s, timestamp t) {
  { s.starting_at(t) } -> std::same_as<S>;
};

/// A source that is told where a run is to begin, by split, before it is copied:
/// `start_at_offsets(by_split)`. Others' splits may be among them. Of a source without it the
/// offsets are those that its reader is assigned,
template <class S>
concept starts_at_offsets =
    requires(S& s, const std::map<std::string, std::uint64_t, std::less<>>& by_split) {
  s.start_at_offsets(by_split);
};
/// ... which it may check: an error says why a split can't be read from there.
template <class S>
concept checks_offsets = requires(const S& s, const std::string& split, std::uint64_t offset) {
  { s.check_offset(split, offset) } -> std::same_as<result<void>>;
};

/// Finds the splits that were given.
class fixed_splits final : public source_enumerator {
public:
  explicit fixed_splits(std::vector<split> splits) : splits_(std::move(splits)) {}
  result<std::vector<split>> discover() override { return splits_; }

private:
  std::vector<split> splits_;
};

}  // namespace weir
