// SPDX-License-Identifier: BSD-3-Clause
#include "events.hpp"

using namespace std::chrono_literals;

namespace clicks {

namespace {

constexpr weir::timestamp start{std::chrono::sys_days{std::chrono::year{2024} / 3 / 1}};

/// Spreads numbers evenly (the finalizer of splitmix64).
std::uint64_t mix(std::uint64_t x) {
  x += 0x9E3779B97F4A7C15ULL;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
  return x ^ (x >> 31);
}
std::uint64_t draw(std::uint64_t seed, std::uint64_t stream, std::uint64_t i) {
  return mix(mix(seed + stream) ^ mix(i));
}

}  // namespace

impression make_impression(std::uint64_t seed, std::uint64_t i) {
  const std::uint64_t r = draw(seed, 1, i);
  const auto late = std::chrono::milliseconds{r / 100'000 % 5000};
  return {i, "campaign-" + std::to_string(r % 20), "user-" + std::to_string(r / 20 % 5000),
          start + i * 100ms + (5s - late)};
}

click make_click(std::uint64_t seed, std::uint64_t j, std::uint64_t impressions) {
  const std::uint64_t r = draw(seed, 2, j);
  const std::uint64_t on = std::min(10 * j + r % 10, impressions - 1);
  const weir::timestamp shown = make_impression(seed, on).at;
  if (r / 10 % 100 == 0) return {impressions + j, shown + 1s};
  // Three in four come in the first two minutes.
  const bool soon = r / 1000 % 4 != 0;
  const auto delay = std::chrono::milliseconds{r / 4000 % (soon ? 120'000 : 2'400'000)};
  return {on, shown + delay};
}

campaign_cost priced(const campaign_minute& m, const std::optional<campaign_terms>& terms) {
  const campaign_terms agreed = terms.value_or(campaign_terms{});
  return {m.campaign, m.minute, agreed.advertiser, static_cast<double>(m.clicks) * agreed.price};
}

campaign_total add_up(const campaign_total& a, const campaign_total& b) {
  return {a.campaign, a.impressions + b.impressions, a.clicks + b.clicks};
}

}  // namespace clicks
