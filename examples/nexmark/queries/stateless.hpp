// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "query.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

/// Queries that look at one bid at a time: their rows, and what is computed of a bid.
namespace nexmark {

struct priced_bid {
  std::int64_t auction = 0, bidder = 0;
  double price = 0;
  weir::timestamp date_time;
  weir::text_ref extra;
};
BOOST_DESCRIBE_STRUCT(priced_bid, (), (auction, bidder, price, date_time, extra))

struct auction_price {
  std::int64_t auction = 0, price = 0;
};
BOOST_DESCRIBE_STRUCT(auction_price, (), (auction, price))

struct counted_bid {
  std::int64_t auction = 0, bidder = 0;
  double price = 0;
  weir::text_ref bid_time_type;
  weir::timestamp date_time;
  weir::text_ref extra;
  std::int64_t c_counts = 0;
};
BOOST_DESCRIBE_STRUCT(counted_bid, (),
                      (auction, bidder, price, bid_time_type, date_time, extra, c_counts))

struct channel_bid {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::text_ref channel, channel_id;
};
BOOST_DESCRIBE_STRUCT(channel_bid, (), (auction, bidder, price, channel, channel_id))

struct directory_bid {
  std::int64_t auction = 0, bidder = 0, price = 0;
  weir::text_ref channel, dir1, dir2, dir3;
};
BOOST_DESCRIBE_STRUCT(directory_bid, (), (auction, bidder, price, channel, dir1, dir2, dir3))

/// Dollars to euros.
inline double in_euros(std::int64_t price) { return 0.908 * static_cast<double>(price); }

inline weir::text_ref time_type(weir::timestamp at) {
  const auto hour = std::chrono::floor<std::chrono::hours>(at.time_since_epoch()).count() % 24;
  if (hour >= 8 && hour <= 18) return "dayTime";
  return hour <= 6 || hour >= 20 ? weir::text_ref{"nightTime"} : weir::text_ref{"otherTime"};
}

/// The channel's number: of a known one, else the one that the url names.
inline std::optional<weir::text_ref> channel_id(const bid& b) {
  const auto is = [&](std::string_view name) {
    return b.channel.size() == name.size() &&
           std::equal(name.begin(), name.end(), b.channel.data(),
                      [](char a, char c) { return a == (c >= 'A' && c <= 'Z' ? c + 32 : c); });
  };
  if (is("apple")) return weir::text_ref{"0"};
  if (is("google")) return weir::text_ref{"1"};
  if (is("facebook")) return weir::text_ref{"2"};
  if (is("baidu")) return weir::text_ref{"3"};
  constexpr std::string_view name = "channel_id=";
  const std::string_view url = b.url;
  for (std::size_t at = url.find(name); at != url.npos; at = url.find(name, at + 1))
    if (at == 0 || url[at - 1] == '&') {
      const std::size_t from = at + name.size();
      return b.url.substr(from, url.find('&', from) - from);
    }
  return std::nullopt;
}

inline std::optional<channel_bid> with_channel_id(const bid& b) {
  const auto id = channel_id(b);
  if (!id) return std::nullopt;
  return channel_bid{b.auction, b.bidder, b.price, b.channel, *id};
}

/// The third, fourth and fifth part of the url between slashes; empty where there are fewer.
inline directory_bid directories(const bid& b) {
  const std::string_view url = b.url;
  weir::text_ref found[6];
  std::size_t from = 0;
  for (weir::text_ref& part : found) {
    const std::size_t to = std::min(url.find('/', from), url.size());
    part = b.url.substr(from, to - from);
    if (to == url.size()) break;
    from = to + 1;
  }
  return {b.auction, b.bidder, b.price, b.channel, found[3], found[4], found[5]};
}

}  // namespace nexmark
