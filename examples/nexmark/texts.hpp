// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "random.hpp"
#include "weir/event/text_ref.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace nexmark {

/// The texts that events are cut from. The suite makes a name, a description or an address anew for
/// each event; here each is one of a few thousand that were made so, which changes no query's work.
class texts {
public:
  struct channel_and_url {
    weir::text_ref channel;
    weir::text_ref url;
  };

  /// Makes them; what they hold is never freed, since events refer to it.
  static std::shared_ptr<const texts> make(std::uint64_t seed);

  [[nodiscard]] weir::text_ref name(std::uint64_t random) const { return pick(names_, random); }
  [[nodiscard]] weir::text_ref email(std::uint64_t random) const { return pick(emails_, random); }
  [[nodiscard]] weir::text_ref card(std::uint64_t random) const { return pick(cards_, random); }
  [[nodiscard]] weir::text_ref item(std::uint64_t random) const { return pick(items_, random); }
  [[nodiscard]] weir::text_ref description(std::uint64_t random) const {
    return pick(descriptions_, random);
  }
  [[nodiscard]] weir::text_ref city(std::uint64_t random) const { return pick(cities_, random); }
  [[nodiscard]] weir::text_ref state(std::uint64_t random) const { return pick(states_, random); }
  [[nodiscard]] const channel_and_url& hot_channel(std::uint64_t random) const {
    return hot_[random % hot_.size()];
  }
  [[nodiscard]] const channel_and_url& cold_channel(std::uint64_t number) const {
    return cold_[number];
  }
  [[nodiscard]] std::uint64_t cold_channels() const noexcept { return cold_.size(); }

  /// What pads an event of `size` bytes to `wanted` on average: a piece of random characters.
  [[nodiscard]] weir::text_ref extra(std::size_t size, std::size_t wanted,
                                     random_numbers& random) const;

private:
  explicit texts(std::uint64_t seed);

  static weir::text_ref pick(const std::vector<weir::text_ref>& from, std::uint64_t random) {
    return from[static_cast<std::size_t>((random >> 32) * from.size() >> 32)];
  }
  void make_persons(random_numbers& random);
  void make_channels(random_numbers& random);
  void make_padding(random_numbers& random);

  std::vector<weir::text_ref> names_, emails_, cards_, items_, descriptions_, cities_, states_;
  std::array<channel_and_url, 4> hot_;
  std::vector<channel_and_url> cold_;
  weir::text_ref padding_;
};

}  // namespace nexmark
