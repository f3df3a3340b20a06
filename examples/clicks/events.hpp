// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <weir/weir.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace clicks {

/// An advertisement that was shown.
struct impression {
  std::uint64_t id = 0;
  std::string campaign;
  std::string user;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(impression, (), (id, campaign, user, at))

/// Somebody clicked on it.
struct click {
  std::uint64_t impression = 0;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(click, (), (impression, at))

/// A click within half an hour of what it was on.
struct attributed_click {
  std::uint64_t impression = 0;
  std::string campaign;
  std::string user;
  weir::timestamp shown;
  weir::timestamp clicked;
};
BOOST_DESCRIBE_STRUCT(attributed_click, (), (impression, campaign, user, shown, clicked))

/// A minute of a campaign.
struct campaign_minute {
  std::string campaign;
  weir::timestamp minute;
  std::uint64_t impressions = 0;
  std::uint64_t clicks = 0;
  double click_through = 0;  ///< Clicks per impression of the minute; 0 without impressions.
};
BOOST_DESCRIBE_STRUCT(campaign_minute, (), (campaign, minute, impressions, clicks, click_through))

/// What is agreed on with an advertiser.
struct campaign_terms {
  std::string advertiser;
  double price = 0;  ///< Of a click.
};
BOOST_DESCRIBE_STRUCT(campaign_terms, (), (advertiser, price))

/// What a campaign's clicks of a minute cost.
struct campaign_cost {
  std::string campaign;
  weir::timestamp minute;
  std::string advertiser;  ///< Empty if nobody knows.
  double cost = 0;
};
BOOST_DESCRIBE_STRUCT(campaign_cost, (), (campaign, minute, advertiser, cost))

/// All of a campaign so far.
struct campaign_total {
  std::string campaign;
  std::uint64_t impressions = 0;
  std::uint64_t clicks = 0;
};
BOOST_DESCRIBE_STRUCT(campaign_total, (), (campaign, impressions, clicks))

campaign_cost priced(const campaign_minute& m, const std::optional<campaign_terms>& terms);
campaign_total add_up(const campaign_total& a, const campaign_total& b);

/// Impression number `i`: ten a second, up to 5 s out of order. The same for the same seed.
impression make_impression(std::uint64_t seed, std::uint64_t i);
/// Click number `j` of those on the first `impressions`: one on each tenth or so, mostly within
/// minutes, up to 40 minutes later; one in a hundred is on nothing that was shown.
click make_click(std::uint64_t seed, std::uint64_t j, std::uint64_t impressions);

}  // namespace clicks
