// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/board.hpp"

#include <algorithm>

namespace weir {

latency_summary summarize(const histogram& h) {
  const auto at = [&](double q) {
    return std::chrono::nanoseconds{static_cast<std::int64_t>(h.quantile(q))};
  };
  return {h.count(), at(0.5), at(0.99), at(0.999), at(1.0)};
}

namespace {

void add_counts(const instance_status& s, run_summary& sum, histogram& latency) {
  const stage_metrics& m = *s.metrics;
  if (s.kind == "source") sum.events_read += m.events_in.get();
  if (s.kind == "sink") {
    sum.events_written += m.events_in.get();
    latency.add(m.latency);
  }
  sum.late_events += m.late_events.get();
  for (late_note& note : m.late.notes())
    if (sum.late_sample.size() < late_sample::capacity) sum.late_sample.push_back(std::move(note));
  (s.kind == "dead letters" ? sum.dead_letters_not_kept : sum.dead_letters) += m.dead_letters.get();
  sum.replayed += m.replayed.get();
  sum.passed_over += m.passed_over.get();
  sum.skipped_events += m.skipped_events.get();
  sum.window_results += m.results.get();
  sum.unclaimed_outputs += m.unclaimed_outputs.get();
}

}  // namespace

void board::add(instance_status s) {
  std::lock_guard lock{mutex_};
  for (instance_status& before : current_)
    if (before.stage == s.stage && before.instance == s.instance) {
      add_counts(before, sums_, *past_latency_);
      before = std::move(s);
      return;
    }
  current_.push_back(std::move(s));
}

void board::count_restart(std::uint64_t events_lost) {
  std::lock_guard lock{mutex_};
  ++sums_.restarts;
  sums_.events_lost += events_lost;
}

void board::note_checkpoint(checkpoint_note done, bool is_savepoint) {
  std::lock_guard lock{mutex_};
  ++sums_.checkpoints;
  sums_.last_checkpoint = done;
  if (!is_savepoint) return;
  ++sums_.savepoints;
  sums_.last_savepoint = done.id;
}

void board::count_failed_checkpoint() {
  std::lock_guard lock{mutex_};
  ++sums_.failed_checkpoints;
}

void board::note_memory(std::uint64_t resident, std::uint64_t limit) {
  std::lock_guard lock{mutex_};
  sums_.memory = resident;
  sums_.peak_memory = std::max(sums_.peak_memory, resident);
  sums_.memory_limit = limit;
}

void board::count_memory_hold() {
  std::lock_guard lock{mutex_};
  ++sums_.memory_holds;
}

void board::set_store_hangs() {
  std::lock_guard lock{mutex_};
  sums_.store_hangs = true;
}

void board::set_restored(std::uint64_t checkpoint) {
  std::lock_guard lock{mutex_};
  sums_.restored_from = checkpoint;
}

void board::set_stopped() {
  std::lock_guard lock{mutex_};
  sums_.stopped = true;
}

void board::finish(std::optional<error> failure) {
  std::lock_guard lock{mutex_};
  if (finished_) return;
  finished_ = true;
  sums_.failure = std::move(failure);
  sums_.elapsed = std::chrono::steady_clock::now() - began_;
  ended_.notify_all();
}

std::vector<instance_status> board::current() const {
  std::lock_guard lock{mutex_};
  return current_;
}

run_summary board::summary() const {
  std::lock_guard lock{mutex_};
  run_summary sum = sums_;
  const auto latency = std::make_unique<histogram>();
  latency->add(*past_latency_);
  for (const instance_status& s : current_) {
    add_counts(s, sum, *latency);
    for (const hot_key& k : s.metrics->hot_keys.get())
      if (k.at_least >= 0.2)
        sum.hot_keys.push_back({s.stage, s.instance, k.key, k.at_least, k.at_most});
  }
  sum.latency = summarize(*latency);
  if (!finished_) sum.elapsed = std::chrono::steady_clock::now() - began_;
  return sum;
}

bool board::wait_for(duration d) const {
  std::unique_lock lock{mutex_};
  return ended_.wait_for(lock, d, [this] { return finished_; });
}

void board::wait() const {
  std::unique_lock lock{mutex_};
  ended_.wait(lock, [this] { return finished_; });
}

}  // namespace weir
