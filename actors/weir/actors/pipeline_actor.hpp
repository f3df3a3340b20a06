// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/actors/checkpoint_keeper.hpp"
#include "weir/actors/messages.hpp"
#include "weir/core/clock.hpp"
#include "weir/graph/graph.hpp"
#include "weir/journal/journal_writer.hpp"
#include "weir/runtime/board.hpp"
#include "weir/runtime/late_log.hpp"
#include "weir/runtime/memory_watch.hpp"
#include "weir/runtime/restart_policy.hpp"
#include "weir/runtime/service.hpp"

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

namespace weir::actors {

/// What a pipeline's supervisor is started with.
struct supervision {
  weir::graph graph;
  restart_policy restarts;
  std::shared_ptr<const clock> time;
  std::shared_ptr<board> shown;
  std::function<void(const std::string&)> log;
  duration log_late_every;
  std::shared_ptr<const service_map> services;
  std::shared_ptr<flow::poison_list> poison = std::make_shared<flow::poison_list>();
  checkpoint_place checkpoints{};
  checkpoint_timing timing{};
  std::uint64_t first_checkpoint = 1;
  flow::attempt_id first_attempt = 0;
  /// Dead letters to bring back, instead of reading anything; null if there are none.
  std::shared_ptr<const std::vector<dead_letter>> replays{};
  std::shared_ptr<journal::journal_writer> records{};  ///< Null if nothing is recorded.
  std::string letters_kind{};  ///< Of the sink for dead letters that the runtime added.
  std::shared_ptr<state_backend> backend{};  ///< Null if all state is in memory.
  memory_options memory{};
  std::uint32_t workers = 1;  ///< Threads that stages may keep busy.
};

/// What an attempt begins with.
struct beginning {
  flow::attempt_id attempt = 0;
  std::vector<snapshot_part> state;
  std::optional<sink_start> sinks;  ///< See `sink_instance::start`.
  std::uint64_t checkpoint = 0;     ///< The one that it goes on from; 0 for none.
};

/// Makes all stage instances of a region, and the channels between them, for one attempt. Throws
/// `weir::exception` if a source or sink can't be opened.
std::map<std::uint32_t, std::shared_ptr<stage_host>> make_hosts(
    const supervision& s, const std::set<std::uint32_t>& stages, const split_list& splits,
    const beginning& from);

/// The number of an instance among all instances of a pipeline.
std::uint32_t instance_number(const plan& p, std::uint32_t stage, std::uint32_t instance);

/// The supervisor of one pipeline: starts its stages, has checkpoints taken, restarts a connected
/// region when one of its stages fails, and ends with the pipeline.
class pipeline_actor {
public:
  static inline const char* name = "weir.pipeline";

  using hosts = std::map<std::uint32_t, std::shared_ptr<stage_host>>;

  /// `first` are the hosts of the first attempt, made beforehand so that what can't be opened is an
  /// error of the start.
  pipeline_actor(caf::event_based_actor* self, supervision what, hosts first, split_list splits);
  pipeline_actor(const pipeline_actor&) = delete;
  pipeline_actor& operator=(const pipeline_actor&) = delete;
  ~pipeline_actor();

  caf::behavior make_behavior();

private:
  struct child {
    std::uint32_t stage = 0;
    std::uint32_t region = 0;
    std::shared_ptr<stage_host> host;
    caf::actor actor;
    bool alive = false;
    bool ended = false;
    bool suspended = false;
  };
  struct region {
    flow::attempt_id attempt = 0;
    restart_budget budget;
    std::set<std::uint32_t> stages;
    bool restarting = false;
    std::string cause;
    std::vector<snapshot_part> kept;  ///< Of the attempt that failed, where there is no checkpoint.
  };

  void adopt(hosts made);
  void start_region(std::uint32_t number);
  void on_report(stage_report& r);
  void on_down(std::uint32_t instance, flow::attempt_id attempt, const caf::error& why);
  void on_order(pipeline_order order);
  void on_found(const found_splits& found);
  void start_finders();
  void log_late_events();
  /// Notes what the process uses, and answers it.
  std::optional<std::uint64_t> look_at_memory();
  void watch_memory();
  void hold_sources(bool hold);
  void note_splits(const std::set<std::uint32_t>& stages, const split_list& splits);

  void fail_region(std::uint32_t number, std::string cause);
  void region_is_down(std::uint32_t number);
  void restart_when_stored(std::uint32_t number);
  void restart_later(std::uint32_t number, const std::string& how, std::uint64_t lost);
  void restart(std::uint32_t number);
  void restart_failed(std::uint32_t number, const error& why);
  [[nodiscard]] beginning next_attempt(region& r);
  [[nodiscard]] std::uint64_t lost_events(const region& r);
  [[nodiscard]] std::vector<snapshot_part> kept_state(const region& r);

  void end_if_all_over();
  [[nodiscard]] checkpoint_keeper make_keeper();
  [[nodiscard]] bool is_source(const child& c) const;
  void tell(const flow::command& what, bool sources_only);
  [[nodiscard]] flow::command stop_command() const;
  void finish(std::optional<error> failure);
  void finish_without_store(error why);
  void quit_when_alone();
  template <class F>
  void each_of_region(std::uint32_t number, F f);
  [[nodiscard]] std::string name_of(const child& c) const;

  caf::event_based_actor* self_;
  supervision what_;
  hosts first_;
  std::map<std::uint32_t, child> children_;  ///< By instance number.
  std::map<std::uint32_t, region> regions_;
  /// The splits that each source stage reads, by id.
  std::map<std::uint32_t, std::set<std::string>> splits_;
  std::map<std::uint32_t, caf::actor> finders_;  ///< By stage.
  std::set<std::uint32_t> searches_failed_;      ///< Stages whose last search failed.
  checkpoint_keeper keeper_;
  std::set<std::uint32_t> waiting_;  ///< Regions whose restart waits for a checkpoint on its way.
  bool last_asked_ = false;          ///< The last checkpoint is on its way.
  std::optional<pipeline_order> stopping_;
  late_log late_;
  memory_watch memory_;
  std::uint32_t memory_rounds_ = 0;
  bool finishing_ = false;
  std::optional<error> failure_;
  std::mt19937_64 random_{std::random_device{}()};
};

}  // namespace weir::actors
