// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/codec.hpp"
#include "weir/flow/input_root.hpp"
#include "weir/flow/many_input_root.hpp"
#include "weir/graph/draft.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace weir::build {

/// A stream of `T` within a stage, and the factories of those that consume it there.
template <class T>
class node final : public node_base {
public:
  using consumer = std::function<std::unique_ptr<flow::segment<T>>(assembly&)>;

  using node_base::node_base;

  void add(consumer c) { consumers_.push_back(std::move(c)); }
  [[nodiscard]] bool consumed() const override { return !consumers_.empty(); }
  [[nodiscard]] bool has_one_consumer() const noexcept { return consumers_.size() == 1; }

  [[nodiscard]] std::vector<std::unique_ptr<flow::segment<T>>> make_consumers(assembly& a) const {
    std::vector<std::unique_ptr<flow::segment<T>>> made;
    for (const consumer& c : consumers_) made.push_back(c(a));
    return made;
  }
  [[nodiscard]] std::unique_ptr<flow::fan_out<T>> make_fan_out(assembly& a) const {
    return std::make_unique<flow::fan_out<T>>(make_consumers(a), a.limits.events);
  }

private:
  std::vector<consumer> consumers_;
};

template <class T>
std::shared_ptr<node<T>> add_node(graph_draft& draft, std::uint32_t stage, std::string label) {
  auto made = std::make_shared<node<T>>(stage, std::move(label));
  draft.nodes.push_back(made);
  return made;
}

/// Begins a stage that is fed by channels of `T`, and answers its first stream.
template <class T>
std::shared_ptr<node<T>> begin_stage(graph_draft& draft, std::string kind, std::string label) {
  static_assert(encodable<T>,
                "weir: events that cross a stage boundary need a codec: describe the type with "
                "BOOST_DESCRIBE_STRUCT, or "
                "specialise weir::codec for it");
  const std::uint32_t stage = draft.add_stage(std::move(kind));
  draft.add_input<T>(stage);
  auto first = add_node<T>(draft, stage, std::move(label));
  draft.stages[stage].make_body = [first](assembly& a) -> std::unique_ptr<flow::stage_body> {
    return std::make_unique<flow::input_root<T>>(first->make_consumers(a));
  };
  return first;
}

/// Begins a stage that is fed by channels of another type on each port, in the order of `T`, and
/// answers its first stream, which has the events of all. For operators of several inputs.
template <class... T>
std::shared_ptr<node<flow::one_of<T...>>> begin_many_input_stage(graph_draft& draft,
                                                                 std::string label) {
  static_assert((... && encodable<T>),
                "weir: events that cross a stage boundary need a codec: describe the type with "
                "BOOST_DESCRIBE_STRUCT, or specialise weir::codec for it");
  const std::uint32_t stage = draft.add_stage("operators");
  (draft.add_input<T>(stage), ...);
  auto first = add_node<flow::one_of<T...>>(draft, stage, std::move(label));
  draft.stages[stage].make_body = [first](assembly& a) -> std::unique_ptr<flow::stage_body> {
    return std::make_unique<flow::many_input_root<T...>>(first->make_consumers(a));
  };
  return first;
}

/// ... with two inputs.
template <class A, class B>
std::shared_ptr<node<flow::either<A, B>>> begin_two_input_stage(graph_draft& draft,
                                                                std::string label) {
  return begin_many_input_stage<A, B>(draft, std::move(label));
}

}  // namespace weir::build
