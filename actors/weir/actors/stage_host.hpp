// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/doorbell.hpp"
#include "weir/actors/link.hpp"
#include "weir/core/result.hpp"
#include "weir/flow/stage.hpp"
#include "weir/journal/instance_recorder.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

namespace weir::actors {

/// What a stage instance tells its supervisor.
struct stage_report {
  std::uint32_t instance = 0;  ///< Its number among all instances of the pipeline.
  flow::attempt_id attempt = 0;
  std::vector<flow::notice> notices;
  std::vector<flow::failure> failures;
};

/// A stage's state machine and the channels around it, without the actor: moves frames and grants
/// between the two. One thread at a time. The supervisor shares it with the actor and looks into it
/// once the actor has ended.
class stage_host {
public:
  stage_host(std::unique_ptr<flow::stage> machine, std::shared_ptr<doorbell> bell)
      : machine_(std::move(machine)), bell_(std::move(bell)) {}

  void add_input(flow::channel_id id, std::shared_ptr<receiving_end> end) {
    inputs_.push_back(end.get());
    receiving_[id] = std::move(end);
  }
  void add_output(flow::channel_id id, std::shared_ptr<sending_end> end) {
    outputs_.push_back(end.get());
    sending_[id] = std::move(end);
  }
  /// Says what is done with notices and failures.
  void on_report(std::function<void(flow::effects&)> tell) { tell_ = std::move(tell); }

  /// Lets all that the instance takes and does be recorded.
  void record(std::unique_ptr<journal::instance_recorder> by) { recorder_ = std::move(by); }

  /// Says who answers the requests of operators; an error stops the pipeline.
  void on_request(std::function<result<void>(flow::request&&)> serve) { serve_ = std::move(serve); }

  void take(flow::message m);
  /// Takes what lies in the channels and works one step; answers when to be called again though
  /// nobody rings.
  [[nodiscard]] timestamp run();

  [[nodiscard]] flow::stage& machine() noexcept { return *machine_; }
  [[nodiscard]] doorbell& bell() noexcept { return *bell_; }

private:
  void take_input();
  void deliver();

  std::unique_ptr<flow::stage> machine_;
  std::shared_ptr<doorbell> bell_;
  std::vector<receiving_end*> inputs_;
  std::vector<sending_end*> outputs_;
  std::unordered_map<flow::channel_id, std::shared_ptr<receiving_end>> receiving_;
  std::unordered_map<flow::channel_id, std::shared_ptr<sending_end>> sending_;
  std::function<void(flow::effects&)> tell_;
  std::function<result<void>(flow::request&&)> serve_;
  flow::effects effects_;
  std::unique_ptr<journal::instance_recorder> recorder_;  ///< May be null.
  bool told_to_wait_ = false;  ///< The outputs were told that we wait for credit.
};

}  // namespace weir::actors
