// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/clock.hpp"
#include "weir/graph/graph.hpp"

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir::test {

/// A graph some of whose stages the test plays itself, and who is at which end of each channel.
/// Made once for any number of runs; immutable.
class network_layout {
public:
  static constexpr std::uint32_t nobody = ~std::uint32_t{0};

  struct member {
    std::uint32_t stage = 0;
    std::uint32_t number = 0;
  };
  /// Where a channel begins and ends: a member of the network, or a stage that the test plays.
  struct ends {
    std::uint32_t from = nobody;
    std::uint32_t to = nobody;
    std::uint32_t from_stage = 0;
    std::uint32_t to_stage = 0;
  };

  network_layout(graph g, std::vector<bool> played);

  [[nodiscard]] const graph& of() const noexcept { return graph_; }
  [[nodiscard]] const std::vector<member>& members() const noexcept { return members_; }
  [[nodiscard]] const std::vector<ends>& channels() const noexcept { return channels_; }
  /// The channels out of a stage that the test plays, in the order of its instances.
  [[nodiscard]] std::vector<flow::channel_id> channels_from(std::uint32_t stage) const;

private:
  graph graph_;
  std::vector<member> members_;
  std::vector<ends> channels_;
};

/// A request of an operator, until the test answers it.
struct held_request {
  std::size_t member = 0;  ///< Which instance asks.
  flow::request what;
};

/// The stages of a graph that the test does not play, wired to each other without threads: what is
/// sent arrives at once and in order, and `work` goes on until nothing can move. The sequence of
/// everything is fixed; the simulator is for other orders.
class stage_network {
public:
  struct settings {
    timestamp start{};  ///< What the clock shows at first.
    std::span<const snapshot_part> restored{};
    flow::attempt_id attempt = 0;
    std::optional<std::uint32_t> step_budget{};
    bool hold_requests = false;  ///< Requests wait for `answer`, also those that bring a service.
    std::shared_ptr<state_backend> backend{};  ///< Null where all state is in memory.
  };

  stage_network(std::shared_ptr<const network_layout> layout, const settings& how);
  stage_network(stage_network&&) noexcept = default;
  stage_network& operator=(stage_network&&) noexcept = default;

  /// Sends a frame from a stage that the test plays; without credit it waits in the network.
  void send(flow::channel_id on, flow::frame_kind kind, flow::progress after,
            flow::body_ptr body = nullptr, flow::barrier barrier = {});
  /// Lets a channel to a stage that the test plays carry so many frames more.
  void grant(flow::channel_id on, std::uint64_t frames, std::uint32_t max_events);
  /// Steps the members until none can go on.
  void work();
  /// Moves the clock to `t`, stopping at each moment in between that a member waits for.
  void advance_to(timestamp t);
  void jump_to(timestamp t);
  /// Requests that nobody has answered, in the order in which they were made.
  [[nodiscard]] const std::vector<held_request>& requests() const noexcept { return requests_; }
  /// Answers request number `i` of `requests()`, and works.
  void answer(std::size_t i, bytes payload);
  /// Sends a barrier through all channels that the test plays the senders of, and returns what all
  /// members save. Throws `weir::exception` if one of them can't: it waits for credit.
  std::vector<snapshot_part> snapshot();

  /// What has arrived at a stage that the test plays since the last call, channel by channel in
  /// order.
  [[nodiscard]] std::vector<flow::frame> take(std::uint32_t stage);

  [[nodiscard]] const network_layout& layout() const noexcept { return *layout_; }
  [[nodiscard]] manual_clock& time() noexcept { return *clock_; }
  /// Why the run has failed; empty while it hasn't.
  [[nodiscard]] const std::string& failure() const noexcept { return failure_; }
  /// Throws `weir::exception` if the run has failed.
  void require_alive() const;
  /// Whether events or progress wait for credit.
  [[nodiscard]] bool blocked() const noexcept;
  /// A line for each member: what it has queued, and whether it waits or has ended.
  [[nodiscard]] std::string describe() const;
  /// A counter, summed over the members.
  [[nodiscard]] std::uint64_t count(counter stage_metrics::*which) const;
  [[nodiscard]] const stage_metrics& metrics(std::uint32_t stage, std::uint32_t number = 0) const;
  /// How a channel to a stage that the test plays stands.
  [[nodiscard]] const flow::progress& progress(flow::channel_id on) const {
    return lines_[on].progress;
  }
  [[nodiscard]] bool ended(flow::channel_id on) const { return lines_[on].ended; }

private:
  struct instance {
    std::unique_ptr<flow::stage> machine;
    std::shared_ptr<stage_metrics> metrics;
    bool may_step = true;
    bool blocked = false;
    timestamp wake_at = max_timestamp;
  };
  /// A channel whose one end the test plays.
  struct line {
    std::uint64_t next = 0;
    std::uint64_t granted = 0;
    flow::progress progress;
    bool ended = false;
    std::deque<flow::frame>
        waiting;  ///< Without credit, on the way in; not read yet, on the way out.
  };

  void tell_all(flow::command::kind what, flow::barrier b = {});
  void step(std::size_t member);
  /// Delivers what the effects hold, and what comes of it.
  void deliver();
  void deliver(flow::frame&& f);
  void deliver(flow::grant&& g);
  void note(flow::effects& e);
  void serve(std::size_t member);

  std::shared_ptr<const network_layout> layout_;
  flow::attempt_id attempt_ = 0;
  std::unique_ptr<manual_clock> clock_;
  std::vector<instance> instances_;
  std::vector<line> lines_;  ///< By channel.
  flow::effects effects_;
  flow::effects delivering_;
  std::vector<snapshot_part> parts_;
  std::uint64_t checkpoint_ = 0;
  std::size_t acknowledged_ = 0;
  std::string failure_;
  bool hold_requests_ = false;
  std::vector<held_request> requests_;
};

}  // namespace weir::test
