// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/core/planted_fault.hpp"
#include "weir/flow/describe_event.hpp"
#include "weir/flow/segment.hpp"
#include "weir/metrics/stage_metrics.hpp"
#include "weir/sink/sink.hpp"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::flow {

/// What a sink instance pre-committed for a checkpoint, until it is committed.
struct committable {
  std::uint64_t checkpoint = 0;
  bytes data;
};
BOOST_DESCRIBE_STRUCT(committable, (), (checkpoint, data))

/// A sink as the consumer of a stream: writes batches, records latency, and takes part in
/// checkpoints.
template <class T>
class sink_segment final : public segment<T> {
public:
  sink_segment(std::string id, std::uint32_t instance, std::unique_ptr<sink_writer<T>> writer,
               const clock& time, stage_metrics& metrics)
      : id_(std::move(id)),
        instance_(instance),
        writer_(std::move(writer)),
        clock_(&time),
        metrics_(&metrics) {}

  verdict on_batch(batch<T>& in, bool, step& s) override {
    const std::size_t from = at_;
    verdict v = verdict::done;
    while (at_ < in.size() && v == verdict::done) {
      if (s.errors.waiting(s.wall, s.out))
        v = verdict::blocked;
      else if (s.budget == 0)
        v = verdict::more;
      else if (v = write_some(in, s); s.errors.failed())
        return verdict::done;
    }
    record(at_ - from, s);
    if (v != verdict::done) return v;
    events_before_ += in.size();
    at_ = 0;
    return v;
  }

  /// Progress follows every frame: a sink that has not been flushed since gets a chance when the
  /// input is worked off.
  verdict on_progress(progress p, step&) override {
    if (dirty_ || p.watermark == max_timestamp) flush();
    return verdict::done;
  }
  verdict on_time(step&) override { return verdict::done; }
  verdict on_completion(step&) override { return verdict::done; }
  [[nodiscard]] timestamp next_timer() const override { return max_timestamp; }

  verdict snapshot(barrier b, snapshot_writer& to, step&) override {
    if (b.id != 0) {
      if (planted(fault::failed_one_dropped)) pending_.clear();
      auto prepared = writer_->pre_commit(b.id);
      if (!prepared.value().empty()) pending_.push_back({b.id, *std::move(prepared)});
    }
    to.bind(id_);
    for (const committable& c : pending_) {
      bytes data;
      encode(c, data);
      to.item_of(instance_, "committable", std::move(data));
    }
    return verdict::done;
  }

  void restore(snapshot_reader& from) override {
    from.bind(id_);
    from.each("committable", [&](key_group, std::span<const std::byte> data) {
      committable c;
      byte_reader in{data};
      if (!decode(in, c))
        throw exception({errc::incompatible, "sink '" + id_ + "': a saved committable is damaged"});
      writer_->commit(c.data)
          .value();  // the checkpoint it belongs to is complete, or it would not have been restored
    });
  }

  result<void> commit(barrier b) override {
    while (!pending_.empty() && pending_.front().checkpoint <= b.id) {
      if (auto done = writer_->commit(pending_.front().data); !done) return done;
      pending_.erase(pending_.begin());
    }
    return {};
  }

  [[nodiscard]] std::size_t events_held() const override { return 0; }
  void find_places(return_search& search) override {
    if (search.letter.operator_name == id_) offer_batch<T>(*this, search);
  }
  [[nodiscard]] std::size_t worked() const override { return at_; }

private:
  /// Offers as many events as the step may still take.
  verdict write_some(batch<T>& in, step& s) {
    const std::size_t left = in.size() - at_;
    const std::size_t n = writer_->takes_whole_batches() ? left : std::min(left, s.budget);
    const written w =
        writer_->write(std::span{in.values}.subspan(at_, n), std::span{in.times}.subspan(at_, n));
    at_ += w.events;
    dirty_ = dirty_ || w.events != 0;
    s.budget -= std::min(s.budget, std::max<std::size_t>(1, w.events));
    if (w.failure) {
      handle(*w.failure, in, s);
    } else if (w.events < n) {
      s.wake_at(s.wall + std::chrono::milliseconds{
                             10});  // one that can't say when it has room is asked again
      return verdict::blocked;
    }
    return verdict::done;
  }

  void handle(const error& why, batch<T>& in, step& s) {
    const auto describe = [&](dead_letter& letter) {
      describe_event(in.values[at_], in.times[at_], letter);
    };
    const auto next = s.errors.on_error(id_, why, tries_.failed(events_before_ + at_), s.wall,
                                        s.out, true, describe);
    if (next == event_errors::next::go_on) ++at_;
  }

  void flush() {
    writer_->flush().value();
    dirty_ = false;
  }

  void record(std::size_t events, const step& s) {
    if (events == 0 || s.earliest == steady_time{}) return;
    const auto taken = (clock_->steady() - s.earliest).count();
    metrics_->latency.record(static_cast<std::uint64_t>(std::max<std::int64_t>(taken, 0)), events);
  }

  std::string id_;
  std::uint32_t instance_;
  std::unique_ptr<sink_writer<T>> writer_;
  const clock* clock_;
  stage_metrics* metrics_;
  std::size_t at_ = 0;
  std::uint64_t events_before_ = 0;
  event_tries tries_;
  bool dirty_ = false;
  std::vector<committable> pending_;
};

}  // namespace weir::flow
