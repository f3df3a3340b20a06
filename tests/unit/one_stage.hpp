// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "unit/sample.hpp"
#include "weir/flow/batch_body.hpp"

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// One instance of a stage of a pipeline, alone: the test plays its neighbours, its supervisor and
/// the clock.
class one_stage {
public:
  one_stage(const pipeline& p, const std::string& name, std::vector<snapshot_part> restored = {},
            std::uint32_t instance = 0, flow::attempt_id attempt = 0)
      : graph_(p.build().value()), attempt_(attempt), metrics_(std::make_shared<stage_metrics>()) {
    const std::uint32_t number = find(name);
    made_ = graph_.make_stage(number, instance, attempt, graph_.find_splits(restored).value(),
                              restored, {.time = &clock_, .metrics = metrics_, .wake = [] {}});
    for (const channel_plan& c : graph_.channels()) {
      const edge_plan& e = graph_.plan().edges[c.edge];
      if (e.to == number && c.to_instance == instance) inputs_.push_back({c.id, 0});
      if (e.from == number && c.from_instance == instance) outputs_.push_back(c.id);
    }
    tell(flow::command::kind::start);
  }

  void tell(flow::command::kind what, flow::barrier b = {}) {
    made_->take(flow::command{what, b}, effects_);
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
  void send_end(std::size_t input) { frame(input, flow::frame_kind::end, {max_timestamp, false}); }
  void grant(std::size_t output, std::uint64_t up_to, std::uint32_t max_events = 1024) {
    made_->take(flow::grant{outputs_.at(output), attempt_, up_to, max_events, {}, nullptr},
                effects_);
  }
  void grant_all(std::uint64_t up_to = 1'000'000, std::uint32_t max_events = 1024) {
    for (std::size_t i = 0; i < outputs_.size(); ++i) grant(i, up_to, max_events);
  }
  flow::verdict step() { return made_->step(effects_); }
  /// Steps until it answers something else than `more`.
  flow::verdict work() {
    flow::verdict v = step();
    while (v == flow::verdict::more) v = step();
    return v;
  }

  /// What was sent on an output channel since the last call.
  std::vector<flow::frame> taken(std::size_t output) {
    std::vector<flow::frame> all;
    std::vector<flow::frame> rest;
    for (flow::frame& f : effects_.frames)
      (f.channel == outputs_.at(output) ? all : rest).push_back(std::move(f));
    effects_.frames = std::move(rest);
    return all;
  }
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
  [[nodiscard]] manual_clock& time() noexcept { return clock_; }
  [[nodiscard]] const stage_metrics& metrics() const noexcept { return *metrics_; }
  [[nodiscard]] std::size_t inputs() const noexcept { return inputs_.size(); }
  [[nodiscard]] std::size_t outputs() const noexcept { return outputs_.size(); }
  [[nodiscard]] flow::channel_id input_id(std::size_t i) const { return inputs_.at(i).first; }

private:
  std::uint32_t find(const std::string& name) const {
    const auto& stages = graph_.plan().stages;
    for (std::uint32_t i = 0; i < stages.size(); ++i)
      if (stages[i].name == name) return i;
    throw std::logic_error("no stage '" + name + "'");
  }
  void frame(std::size_t input, flow::frame_kind kind, flow::progress p, flow::barrier b = {},
             flow::body_ptr body = nullptr) {
    auto& [id, next] = inputs_.at(input);
    made_->take(flow::frame{id, attempt_, next++, kind, p, b, {}, std::move(body)}, effects_);
  }

  graph graph_;
  flow::attempt_id attempt_;
  manual_clock clock_{ms(1'000'000)};
  std::shared_ptr<stage_metrics> metrics_;
  std::unique_ptr<flow::stage> made_;
  flow::effects effects_;
  std::vector<std::pair<flow::channel_id, std::uint64_t>> inputs_;  ///< With the next sequence.
  std::vector<flow::channel_id> outputs_;
};

}  // namespace weir::test
