// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "generator.hpp"
#include "weir/source/source.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace nexmark {

/// Where events come from: the generator, or a file of event rows in the suite's form, a line of
/// JSON each.
struct input {
  generator_options generator;
  std::uint64_t events = 10'000'000;
  std::uint32_t splits = 1;
  double rate = 0;   ///< Events a second of wall-clock time; 0 for as fast as they are taken.
  std::string file;  ///< Taken instead of the generator if it has a name.
  /// If it is more than nothing: after the last event the source stays until the clock has ended
  /// the window of this size that the event was worked off in. For windows of the clock, which have
  /// no result if the stream ends before they do.
  weir::duration stays_for_window{0};
};

/// The input as a source of events. Split s of n has the generator's events s, s + n, s + 2n, …, so
/// that the events are the same for any number of splits.
class event_source {
public:
  using event_type = event;

  explicit event_source(input from);

  [[nodiscard]] std::unique_ptr<weir::source_enumerator> make_enumerator() const;
  [[nodiscard]] std::unique_ptr<weir::source_reader<event>> make_reader() const;
  [[nodiscard]] std::string kind() const { return "nexmark"; }
  [[nodiscard]] bool blocking() const { return !from_.file.empty(); }

private:
  input from_;
  std::shared_ptr<const generator> generator_;
};

/// The same input for a loop: a part at a time, in memory that the next call reuses.
class event_feed {
public:
  explicit event_feed(const input& from);
  event_feed(event_feed&&) noexcept;
  ~event_feed();

  /// Returns the next events, none when there are no more.
  [[nodiscard]] std::span<const event> next();

private:
  struct inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace nexmark
