// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/lag.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace weir::kafka {

namespace {

constexpr std::chrono::seconds sampled{10};
constexpr std::chrono::milliseconds sample_every{500};

double seconds(steady_time from, steady_time to) {
  return std::chrono::duration<double>(to - from).count();
}

}  // namespace

void lag_board::note(const partition_lag& at) {
  const std::lock_guard lock{mutex_};
  partitions_[{at.topic, at.partition}] = at;
}

void lag_board::forget(const std::string& topic, std::int32_t partition) {
  const std::lock_guard lock{mutex_};
  partitions_.erase({topic, partition});
}

void lag_board::note_read(std::uint64_t records, steady_time now) {
  const std::lock_guard lock{mutex_};
  read_ += records;
  if (!samples_.empty() && now - samples_.back().at < sample_every) return;
  const std::uint64_t behind = left();
  samples_.push_back({now, read_, behind});
  while (now - samples_.front().at > sampled) samples_.pop_front();
  // Against what was left ten seconds ago: what is known of the ends comes in steps.
  const sample& before = samples_.front();
  if (behind == 0 || behind < before.left) growing_since_.reset();
  if (behind > before.left && !growing_since_) growing_since_ = before.at;
}

lag_report lag_board::report() const {
  const std::lock_guard lock{mutex_};
  lag_report all;
  for (const auto& [name, at] : partitions_) {
    all.partitions.push_back(at);
    all.seconds = std::max(all.seconds, at.seconds);
  }
  all.messages = left();
  if (samples_.size() < 2) return all;
  const sample& first = samples_.front();
  const sample& last = samples_.back();
  const double passed = seconds(first.at, last.at);
  all.rate = static_cast<double>(last.read - first.read) / passed;
  if (all.messages == 0)
    all.catch_up_seconds = 0;
  else if (last.left < first.left)
    all.catch_up_seconds =
        static_cast<double>(all.messages) * passed / static_cast<double>(first.left - last.left);
  return all;
}

duration lag_board::growing_for(steady_time now) const {
  const std::lock_guard lock{mutex_};
  if (!growing_since_) return duration{0};
  return std::chrono::duration_cast<duration>(now - *growing_since_);
}

std::uint64_t lag_board::left() const {
  std::uint64_t sum = 0;
  for (const auto& [name, at] : partitions_) sum += at.messages;
  return sum;
}

std::string show(const lag_report& lag) {
  char text[160];
  int n = std::snprintf(text, sizeof text, "lag %llu messages (%.1f s), %.0f/s",
                        static_cast<unsigned long long>(lag.messages), lag.seconds, lag.rate);
  std::string line(text, static_cast<std::size_t>(n));
  if (!lag.catch_up_seconds) return line + ", not catching up";
  if (*lag.catch_up_seconds <= 0) return line + ", caught up";
  n = std::snprintf(text, sizeof text, ", caught up in %.0f s", std::ceil(*lag.catch_up_seconds));
  return line + std::string(text, static_cast<std::size_t>(n));
}

}  // namespace weir::kafka
