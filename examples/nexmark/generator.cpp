// SPDX-License-Identifier: BSD-3-Clause
#include "generator.hpp"

#include "random.hpp"
#include "texts.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace nexmark {

namespace {

constexpr std::uint64_t epoch = 50;  ///< One person, three auctions, 46 bids.
constexpr std::uint64_t auctions_of_epoch = 3;
constexpr std::uint64_t first_bid_of_epoch = 4;
constexpr std::uint64_t first_id = 1000;  ///< Of persons and auctions.
constexpr std::uint64_t first_category = 10;
constexpr std::uint64_t categories = 5;
constexpr std::uint64_t in_flight = 100;  ///< Auctions that are bid on.
constexpr std::uint64_t active_people = 1000;
constexpr std::uint64_t lead = 10;        ///< Ids that are used before they exist.
constexpr std::uint64_t hot_every = 100;  ///< One of so many is hot.
constexpr std::size_t person_size = 200, auction_size = 500, bid_size = 100;

std::uint64_t last_person(std::uint64_t id) { return id / epoch; }

std::uint64_t last_auction(std::uint64_t id) {
  std::uint64_t e = id / epoch;
  std::uint64_t offset = id % epoch;
  if (offset < 1) {
    if (e == 0) return 0;
    --e;
    offset = auctions_of_epoch - 1;
  } else {
    offset = std::min(offset - 1, auctions_of_epoch - 1);
  }
  return e * auctions_of_epoch + offset;
}

std::uint64_t next_person(std::uint64_t id, random_numbers& random) {
  const std::uint64_t persons = last_person(id) + 1;
  const std::uint64_t active = std::min(persons, active_people);
  return persons - active + random.below(active + lead);
}

std::uint64_t next_auction(std::uint64_t id, random_numbers& random) {
  const std::uint64_t last = last_auction(id);
  const std::uint64_t least = last - std::min(last, in_flight);
  return least + random.below(last - least + 1 + lead);
}

/// Between 1 and a million, each order of magnitude as likely as the others.
std::int64_t next_price(random_numbers& random) {
  constexpr double log2_of_million = 19.931568569324174;
  return std::lround(std::exp2(random.unit() * log2_of_million) * 100.0);
}

std::int64_t number(std::uint64_t n) { return static_cast<std::int64_t>(n); }

}  // namespace

class generator::draw : public random_numbers {
public:
  using random_numbers::random_numbers;
};

generator::generator(const generator_options& options)
    : options_(options), delay_us_(1e6 / options.event_rate), texts_(texts::make(options.seed)) {
  if (!(options.event_rate > 0) || options.out_of_order_group == 0)
    throw std::invalid_argument(
        "nexmark: the rate of event time and the group size must be greater than 0");
}

std::uint64_t generator::adjusted(std::uint64_t number) const {
  const std::uint64_t n = options_.out_of_order_group;
  const std::uint64_t event_number = number + 1;
  return n == 1 ? event_number : event_number / n * n + event_number * 953 % n;
}

weir::timestamp generator::time_of(std::uint64_t adjusted) const {
  const auto us = static_cast<std::int64_t>(static_cast<double>(adjusted) * delay_us_);
  return options_.first + std::chrono::milliseconds{us / 1000};
}

void generator::fill(std::span<event> to, std::uint64_t first, std::uint64_t stride) const {
  for (event& e : to) {
    make(e, first);
    first += stride;
  }
}

event generator::operator()(std::uint64_t number) const {
  event made;
  make(made, number);
  return made;
}

void generator::make(event& to, std::uint64_t number) const {
  const std::uint64_t n = adjusted(number);
  const std::uint64_t id = n + 1;
  const weir::timestamp at = time_of(n);
  draw random{
      random_numbers::fold(options_.seed ^ 0x2d358dccaa6c78a5ULL, number ^ 0x8bb84b93962eacc9ULL)};
  const std::uint64_t kind = id % epoch;
  if (kind >= first_bid_of_epoch)
    std::construct_at(&to, std::in_place_type<bid>, make_bid(id, at, random));
  else if (kind != 0)
    std::construct_at(&to, std::in_place_type<auction>, make_auction(id, n, at, random));
  else
    std::construct_at(&to, std::in_place_type<person>, make_person(id, at, random));
}

person generator::make_person(std::uint64_t id, weir::timestamp at, draw& random) const {
  person made{at,
              number(last_person(id) + first_id),
              texts_->name(random()),
              texts_->email(random()),
              texts_->card(random()),
              texts_->city(random()),
              texts_->state(random()),
              {}};
  const std::size_t size = 8 + made.name.size() + made.email_address.size() +
                           made.credit_card.size() + made.city.size() + made.state.size();
  made.extra = texts_->extra(size, person_size, random);
  return made;
}

auction generator::make_auction(std::uint64_t id, std::uint64_t adjusted, weir::timestamp at,
                                draw& random) const {
  auction made;
  made.date_time = at;
  made.id = number(last_auction(id) + first_id);
  made.seller = number(
      (random.below(4) > 0 ? last_person(id) / hot_every * hot_every : next_person(id, random)) +
      first_id);
  made.category = number(first_category + random.below(categories));
  made.initial_bid = next_price(random);
  // As long as it takes to have the auctions in flight bid on, on average.
  const auto horizon = std::chrono::floor<std::chrono::milliseconds>(
      time_of(adjusted + in_flight * epoch / auctions_of_epoch) - at);
  const auto longest = static_cast<std::uint64_t>(std::max<std::int64_t>(2 * horizon.count(), 1));
  made.expires = at + std::chrono::milliseconds{1 + number(random.below(longest))};
  made.item_name = texts_->item(random());
  made.description = texts_->description(random());
  made.reserve = made.initial_bid + next_price(random);
  made.extra =
      texts_->extra(8 + made.item_name.size() + made.description.size() + 40, auction_size, random);
  return made;
}

bid generator::make_bid(std::uint64_t id, weir::timestamp at, draw& random) const {
  bid made;
  made.date_time = at;
  made.auction = number(
      (random.below(2) > 0 ? last_auction(id) / hot_every * hot_every : next_auction(id, random)) +
      first_id);
  // The suite adds the first id twice, so that bidders begin at 2000; its model, Beam's, does not.
  made.bidder = number((random.below(4) > 0 ? last_person(id) / hot_every * hot_every + 1
                                            : next_person(id, random)) +
                       (options_.beam_ids ? first_id : 2 * first_id));
  made.price = next_price(random);
  const std::uint64_t which = random();
  const auto& [channel, url] =
      which >> 63 != 0
          ? texts_->hot_channel(which)
          : texts_->cold_channel((which & 0x7fffffffU) * texts_->cold_channels() >> 31);
  made.channel = channel;
  made.url = url;
  made.extra = texts_->extra(32, bid_size, random);
  return made;
}

}  // namespace nexmark
