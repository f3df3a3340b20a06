// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/graph/node.hpp"
#include "weir/operators/concepts.hpp"
#include "weir/operators/hot_key_watch.hpp"
#include "weir/operators/process_context.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

namespace weir::build {

/// Tells which instance has the key of a dead letter's event.
template <class T, class KeyOf>
auto instance_of_key(KeyOf key_of) {
  return [key_of = std::move(key_of)](const dead_letter& letter, std::uint32_t instances,
                                      std::uint32_t groups) -> std::optional<std::uint32_t> {
    if constexpr (flow::event_reader<T>::reads) {
      if (!flow::event_reader<T>::fits(letter)) return std::nullopt;
      const auto event = flow::event_reader<T>::read(letter);
      if (!event) return std::nullopt;
      const auto hash = key_hash(std::invoke(key_of, *event));
      return instance_of_group(group_of_hash(hash, groups), instances, groups);
    } else {
      return std::nullopt;
    }
  };
}

/// Begins a stage whose events of `T` are dealt to its instances by key.
template <class T, class KeyOf>
std::shared_ptr<node<T>> begin_keyed_stage(graph_draft& draft, const KeyOf& key_of) {
  auto first = begin_stage<T>(draft, "operators", "key_by");
  stage_draft& made = draft.stages[first->stage()];
  made.keyed = true;
  made.instance_of.emplace_back(instance_of_key<T>(key_of));
  made.make_body = [first, key_of](assembly& a) -> std::unique_ptr<flow::stage_body> {
    std::unique_ptr<flow::batch_observer<T>> watch;
    using key = mapped<KeyOf, T>;
    if (!std::is_same_v<key, no_key> && a.hot_keys.keys != 0)
      watch = std::make_unique<operators::hot_key_watch<key, T, KeyOf>>(key_of, a.hot_keys,
                                                                        a.around.metrics);
    return std::make_unique<flow::input_root<T>>(first->make_consumers(a), std::move(watch));
  };
  return first;
}

/// Stands in the list of nodes for a keyed stream, which has to be used like any other.
class keyed_marker final : public node_base {
public:
  using node_base::node_base;
  [[nodiscard]] bool consumed() const override { return used_; }
  void use() noexcept { used_ = true; }

private:
  bool used_ = false;
};

/// How many instances the events are dealt to.
struct instances_wanted {
  std::optional<std::uint32_t> n{};
  bool single = false;  ///< There can't be more than one.
};

/// How a keyed stream's events get to the instances that own their keys. Nothing is connected until
/// a consumer says what is to be sent: the events, or what is made of them before they are dealt.
/// All consumers of the events share one connection.
template <class T>
class exchange {
public:
  /// `connect` begins the keyed stage and sends it the events; `close` gives the stream before the
  /// exchange; `deal` sends the events to a port of a stage, by key.
  struct ways {
    std::function<std::shared_ptr<node<T>>()> connect;
    std::function<std::shared_ptr<node<T>>()> close;
    std::function<void(std::uint32_t stage, std::uint32_t port)> deal{};
  };

  exchange(std::shared_ptr<graph_draft> draft, std::uint32_t from_stage, ways to,
           instances_wanted n = {})
      : draft_(std::move(draft)),
        ways_(std::move(to)),
        wanted_(n),
        marker_(std::make_shared<keyed_marker>(from_stage, "key_by")) {
    draft_->nodes.push_back(marker_);
  }

  /// The first stream of the keyed stage.
  const std::shared_ptr<node<T>>& events() {
    if (!events_) {
      marker_->use();
      events_ = ways_.connect();
      set_instances();
    }
    return events_;
  }

  /// The stream before the exchange, for consumers that send something else than the events.
  std::shared_ptr<node<T>> before() {
    marker_->use();
    return ways_.close();
  }

  /// Sends the events to a port of a stage that several streams are dealt to.
  /// @pre there are keys
  void deal(std::uint32_t stage, std::uint32_t port) {
    marker_->use();
    ways_.deal(stage, port);
  }

  void parallelism(std::uint32_t n) {
    wanted_.n = n;
    if (events_) set_instances();
    for (const std::uint32_t stage : sharing_) draft_->stages[stage].parallelism = n;
  }
  /// Lets a stage that gets something made of the events have as many instances.
  void share_instances(std::uint32_t stage) { sharing_.push_back(stage); }
  [[nodiscard]] instances_wanted instances() const noexcept { return wanted_; }

private:
  void set_instances() {
    stage_draft& made = draft_->stages[events_->stage()];
    if (wanted_.n) made.parallelism = wanted_.n;
    made.single_state = wanted_.single;
  }

  std::shared_ptr<graph_draft> draft_;
  ways ways_;
  instances_wanted wanted_;
  std::shared_ptr<keyed_marker> marker_;
  std::shared_ptr<node<T>> events_;
  std::vector<std::uint32_t> sharing_;
};

}  // namespace weir::build
