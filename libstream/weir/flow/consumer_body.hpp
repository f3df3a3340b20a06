// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/part_list.hpp"
#include "weir/flow/stage_body.hpp"

#include <memory>
#include <utility>
#include <vector>

namespace weir::flow {

/// A stage's inside that hands all it is given to the consumers of its first stream, one after the
/// other. What it is given is up to those that derive from it: they make the batches.
template <class T>
class consumer_body : public stage_body {
public:
  using consumer_list = std::vector<std::unique_ptr<segment<T>>>;

  explicit consumer_body(consumer_list consumers) : consumers_(std::move(consumers)) {}

  verdict on_data(std::uint16_t, frame_body&, step&) override { return verdict::done; }
  verdict on_progress(progress p, step& s) override {
    return progressing_.run(consumers_, [&](segment<T>& c) { return c.on_progress(p, s); });
  }
  verdict on_time(step& s) override {
    return timing_.run(consumers_, [&](segment<T>& c) { return c.on_time(s); });
  }
  verdict on_completion(step& s) override {
    return completing_.run(consumers_, [&](segment<T>& c) { return c.on_completion(s); });
  }
  [[nodiscard]] timestamp next_timer() const override { return earliest_timer(consumers_); }

  verdict snapshot(barrier b, snapshot_writer& to, step& s) override {
    return saving_.run(consumers_, [&](segment<T>& c) { return c.snapshot(b, to, s); });
  }
  void restore(const snapshot_reader& from) override {
    snapshot_reader own = from;
    for (auto& c : consumers_) c->restore(own);
  }
  result<void> commit(barrier b) override { return commit_all(consumers_, b); }
  verdict replay(const dead_letter& letter, step& s) override {
    if (!returning_) {
      return_search search{letter};
      for (auto& c : consumers_) c->find_places(search);
      if (search.found.size() != 1) return refuse_return(search, s), verdict::done;
      returning_ = std::move(search.found.front());
    }
    const verdict v = returning_->work(s);
    if (v == verdict::done) returning_.reset();
    return v;
  }
  [[nodiscard]] std::size_t taken_in_hand() const override { return hand().taken; }
  [[nodiscard]] std::size_t events_held() const override {
    return hand().unfinished + events_held_by(consumers_);
  }
  [[nodiscard]] flow::outstanding outstanding() const override {
    return outstanding_of(consumers_);
  }

protected:
  /// The consumer, if there is just one and it is a `Part`, too; else null.
  template <class Part>
  [[nodiscard]] Part* only_consumer() const {
    return consumers_.size() == 1 ? dynamic_cast<Part*>(consumers_.front().get()) : nullptr;
  }
  /// Hands something out by `give(consumer)`, all over again until it answers `done`.
  template <class Give>
  verdict hand_out_by(Give give) {
    return handing_out_.run(consumers_, give);
  }
  /// Hands `events` out, all over again until it answers `done`. The last consumer may take them
  /// away if they are `owned`.
  verdict hand_out(batch<T>& events, bool owned, step& s) {
    return hand_out_by([&](segment<T>& c) {
      return c.on_batch(events, owned && &c == consumers_.back().get(), s);
    });
  }
  [[nodiscard]] bool hands_out() const noexcept { return !handing_out_.at_start(); }
  /// Events of the batch that is being handed out; none between two batches.
  [[nodiscard]] virtual std::size_t in_hand() const = 0;
  [[nodiscard]] batch_in_hand hand() const {
    const std::size_t size = in_hand();
    return size == 0 ? batch_in_hand{} : how_far(consumers_, handing_out_, size);
  }

private:
  consumer_list consumers_;
  std::unique_ptr<returning_event> returning_;  ///< Of the letter that is being replayed.
  part_cursor handing_out_, progressing_, timing_, completing_, saving_;
};

}  // namespace weir::flow
