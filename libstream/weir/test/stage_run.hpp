// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/flow/batch_body.hpp"
#include "weir/graph/pipeline.hpp"

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// One instance of a stage of a pipeline, alone and step by step: the test plays its neighbours,
/// its supervisor and the clock, frame by frame. For tests of the protocol between stages; those of
/// what operators compute are shorter with `operator_run`.
class stage_run {
public:
  /// Throws `weir::exception` if the pipeline has mistakes or no stage of that name. The clock
  /// shows 1,000 s after 1970 at first.
  stage_run(const pipeline& p, const std::string& name,
            const std::vector<snapshot_part>& restored = {}, std::uint32_t instance = 0,
            flow::attempt_id attempt = 0);

  void tell(flow::command::kind what, flow::barrier b = {}) {
    made_->take(flow::command{what, b, {}}, effects_);
  }
  /// Gives a source further splits.
  void assign(std::vector<split_position> splits) {
    made_->take(flow::command{flow::command::kind::assign, {}, std::move(splits)}, effects_);
  }
  /// Sends events on an input channel, with the progress that holds after them.
  template <class T>
  void send(std::size_t input, const std::vector<std::pair<T, timestamp>>& events,
            flow::progress after = {}) {
    boost::intrusive_ptr<flow::batch_body<T>> body{new flow::batch_body<T>};
    for (const auto& [value, at] : events) body->events.push(value, at);
    frame(input, flow::frame_kind::data, after, {}, body);
  }
  void send_progress(std::size_t input, flow::progress p) {
    frame(input, flow::frame_kind::watermark, p);
  }
  void send_watermark(std::size_t input, timestamp w) { send_progress(input, {w, false}); }
  void send_barrier(std::size_t input, std::uint64_t id, flow::progress p = {}) {
    frame(input, flow::frame_kind::barrier, p, {id, flow::checkpoint_kind::checkpoint});
  }
  /// The last barrier of a run without a store.
  void send_last_barrier(std::size_t input, std::uint64_t id) {
    frame(input, flow::frame_kind::barrier, {}, {id, flow::checkpoint_kind::final, false});
  }
  void send_end(std::size_t input) { frame(input, flow::frame_kind::end, {max_timestamp, false}); }
  /// Lets an output channel send the frames before `up_to`, which counts from 0.
  /// `watermark` is the receiver's.
  void grant(std::size_t output, std::uint64_t up_to, std::uint32_t max_events = 1024,
             timestamp watermark = min_timestamp);
  void grant_all(std::uint64_t up_to = 1'000'000, std::uint32_t max_events = 1024) {
    for (std::size_t i = 0; i < outputs_.size(); ++i) grant(i, up_to, max_events);
  }
  flow::verdict step() { return made_->step(effects_); }
  /// Steps until it answers something else than `more`.
  flow::verdict work();

  /// What was sent on an output channel since the last call.
  std::vector<flow::frame> taken(std::size_t output);
  /// The events among them.
  template <class T>
  std::vector<T> values(std::size_t output) {
    std::vector<T> all;
    for (const flow::frame& f : taken(output))
      if (f.body)
        for (const T& v : static_cast<flow::batch_body<T>&>(*f.body).events.values)
          all.push_back(v);
    return all;
  }

  [[nodiscard]] flow::stage& machine() noexcept { return *made_; }
  [[nodiscard]] flow::effects& effects() noexcept { return effects_; }
  /// The parts of the checkpoints that it has acknowledged.
  [[nodiscard]] std::vector<snapshot_part> saved() const;
  [[nodiscard]] manual_clock& time() noexcept { return clock_; }
  [[nodiscard]] const stage_metrics& metrics() const noexcept { return *metrics_; }
  [[nodiscard]] std::size_t inputs() const noexcept { return inputs_.size(); }
  [[nodiscard]] std::size_t outputs() const noexcept { return outputs_.size(); }
  [[nodiscard]] flow::channel_id input_id(std::size_t i) const { return inputs_.at(i).first; }

private:
  [[nodiscard]] std::uint32_t find(const std::string& name) const;
  void frame(std::size_t input, flow::frame_kind kind, flow::progress p, flow::barrier b = {},
             flow::body_ptr body = nullptr);

  graph graph_;
  flow::attempt_id attempt_;
  manual_clock clock_{timestamp{std::chrono::seconds{1'000}}};
  std::shared_ptr<stage_metrics> metrics_;
  std::unique_ptr<flow::stage> made_;
  flow::effects effects_;
  std::vector<std::pair<flow::channel_id, std::uint64_t>> inputs_;  ///< With the next sequence.
  std::vector<flow::channel_id> outputs_;
};

}  // namespace weir::test
