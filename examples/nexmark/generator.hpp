// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "model.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace nexmark {

/// What events there are. The same numbers give the same events, whoever makes them.
struct generator_options {
  std::uint64_t seed = 1;
  double event_rate = 100'000;           ///< Events a second of event time.
  std::uint32_t out_of_order_group = 1;  ///< Events that are shuffled among themselves; 1 for none.
  bool beam_ids = false;                 ///< Bidders are numbered as persons are.
  weir::timestamp first = std::chrono::sys_days{std::chrono::year{2015} / 7 / 15};
};

/// The texts that events are cut from: made once, from a seed, and never freed.
class texts;

/// The generator of the suite (nexmark/nexmark, GeneratorConfig, NexmarkGenerator and the models'
/// generators): of 50 events one is a person, three are auctions and 46 are bids. Which kind an
/// event is, its ids and its time follow from its number; the other values are drawn from a
/// generator that is seeded by seed and number. So any event can be made by itself, and splits are
/// a matter of who makes which number.
///
/// It differs from the suite in where randomness comes from, and in that splits share one timeline
/// instead of having one each.
class generator {
public:
  explicit generator(const generator_options& options);

  /// Makes the events `first`, `first + stride`, …
  void fill(std::span<event> to, std::uint64_t first, std::uint64_t stride = 1) const;
  [[nodiscard]] event operator()(std::uint64_t number) const;

  [[nodiscard]] const generator_options& options() const noexcept { return options_; }

private:
  class draw;

  [[nodiscard]] std::uint64_t adjusted(std::uint64_t number) const;
  [[nodiscard]] weir::timestamp time_of(std::uint64_t adjusted) const;

  void make(event& to, std::uint64_t number) const;
  [[nodiscard]] person make_person(std::uint64_t id, weir::timestamp at, draw& random) const;
  [[nodiscard]] auction make_auction(std::uint64_t id, std::uint64_t adjusted, weir::timestamp at,
                                     draw& random) const;
  [[nodiscard]] bid make_bid(std::uint64_t id, weir::timestamp at, draw& random) const;

  generator_options options_;
  double delay_us_;  ///< From one event to the next.
  std::shared_ptr<const texts> texts_;
};

}  // namespace nexmark
