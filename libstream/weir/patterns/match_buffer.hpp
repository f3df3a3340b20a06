// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/dynamic_size.hpp"
#include "weir/core/plain_array.hpp"
#include "weir/core/prefetch.hpp"
#include "weir/core/time.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <type_traits>
#include <utility>
#include <vector>

namespace weir::patterns {

using node_id = std::uint32_t;
inline constexpr std::uint32_t nowhere = ~std::uint32_t{0};

/// What the partial matches of an operator have taken. Each event is stored once. A partial match
/// is a node: an event, the step that took it, and the node before; so partial matches that began
/// alike share their beginnings, and taking an event is constant time. Nodes and events are counted
/// references, and reused. (The buffer of SASE+, Agrawal et al. 2008, without its version numbers:
/// a partial match has one path, and needs nowhere.) References to events hold until one is added.
template <class T>
class match_buffer {
public:
  using event_id = std::uint32_t;

  /// Stores an event that nothing refers to yet.
  event_id add_event(T value, timestamp at, std::uint64_t number) {
    const event_id id = events_.make();
    stored& e = events_[id];
    e.value = std::move(value);
    e.at = at;
    e.number = number;
    e.references = 0;
    bytes_ += bytes_of(e.value);
    return id;
  }

  /// Adds a node that refers to `event` and `parent`; the caller holds the one reference to it.
  node_id add_node(node_id parent, event_id event, std::uint16_t step) {
    const node_id id = nodes_.make();
    nodes_[id] = {parent, event, 1, step, 0};
    ++events_[event].references;
    if (parent != nowhere) ++nodes_[parent].references;
    bytes_ += node_bytes();
    return id;
  }
  void refer(node_id n) { ++nodes_[n].references; }

  /// Gives up a reference; what nothing refers to any more goes.
  void release(node_id n) {
    while (n != nowhere && --nodes_[n].references == 0) {
      const node gone = nodes_[n];
      nodes_.free(n);
      bytes_ -= node_bytes();
      if (--events_[gone.event].references == 0) drop_event(gone.event);
      n = gone.parent;
    }
  }
  /// Lets an event go that no node came to refer to.
  void drop_if_unused(event_id e) {
    if (events_[e].references == 0) drop_event(e);
  }

  // Hints that a node will be used soon, and then its event.

  void fetch_node(node_id n) const { nodes_.fetch(n); }
  void fetch_event(node_id n) const { events_.fetch(nodes_[n].event); }

  [[nodiscard]] node_id parent(node_id n) const { return nodes_[n].parent; }
  [[nodiscard]] std::uint16_t step(node_id n) const { return nodes_[n].step; }
  [[nodiscard]] event_id event_of(node_id n) const { return nodes_[n].event; }
  [[nodiscard]] const T& event(node_id n) const { return events_[nodes_[n].event].value; }
  [[nodiscard]] timestamp at(node_id n) const { return events_[nodes_[n].event].at; }
  /// The number of the node's event in the order of the key's events.
  [[nodiscard]] std::uint64_t number(node_id n) const { return events_[nodes_[n].event].number; }
  [[nodiscard]] const T& stored_event(event_id e) const { return events_[e].value; }
  [[nodiscard]] timestamp stored_at(event_id e) const { return events_[e].at; }
  [[nodiscard]] std::uint64_t stored_number(event_id e) const { return events_[e].number; }

  /// Bytes of all that is stored: of the events' contents, not of spare room.
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  /// Bytes that an event takes, and those of a node.
  [[nodiscard]] static std::uint64_t bytes_of(const T& event) {
    return sizeof(stored) + dynamic_size(event);
  }
  [[nodiscard]] static constexpr std::uint64_t node_bytes() noexcept { return sizeof(node); }
  [[nodiscard]] std::size_t events() const noexcept { return events_.used(); }
  [[nodiscard]] std::size_t nodes() const noexcept { return nodes_.used(); }

  /// What an aggregate along the path of a node is called.
  struct aggregate_key {
    const void* function = nullptr;         ///< Stands for a type: an address of its own.
    std::array<std::uint64_t, 2> member{};  ///< The bytes of a member pointer, or what tells alike.
    std::uint16_t step = 0;

    friend bool operator==(const aggregate_key& a, const aggregate_key& b) noexcept {
      return a.function == b.function && a.step == b.step && a.member[0] == b.member[0] &&
             a.member[1] == b.member[1];
    }
  };

  /// Returns `add(add(initial, first event taken for the step), …)` along the path to `n`. Of paths
  /// that are not short it is kept for each node, so that a longer path costs one more `add`:
  /// constant time as a path grows. The first 16 aggregates are kept; any further one walks the
  /// path.
  template <class V, class Add>
  V aggregate(const aggregate_key& key, node_id n, V initial, Add add) const {
    static_assert(sizeof(V) <= 8 && std::is_trivially_copyable_v<V>);
    std::array<node_id, short_path> few;
    std::size_t nodes = 0;
    for (node_id at = n; nodes != few.size() && at != nowhere && nodes_[at].known == 0;
         at = nodes_[at].parent)
      few[nodes++] = at;
    if (nodes != 0 ? nodes_[few[nodes - 1]].parent != nowhere : n != nowhere)
      return kept_aggregate(key, n, initial, add);
    while (nodes != 0)
      if (const node_id at = few[--nodes]; nodes_[at].step == key.step) initial = add(initial, at);
    return initial;
  }

private:
  /// Of so many nodes, aggregates are made anew each time: most paths are no longer.
  static constexpr std::size_t short_path = 3;

  template <class V, class Add>
  [[gnu::noinline]] V kept_aggregate(const aggregate_key& key, node_id n, V initial,
                                     Add& add) const {
    column* kept = column_of(key);
    path_.clear();
    V value = initial;
    for (; n != nowhere; n = nodes_[n].parent) {
      if (kept != nullptr && (nodes_[n].known & kept->bit) != 0) {
        std::memcpy(&value, &kept->values[n], sizeof value);
        break;
      }
      path_.push_back(n);
    }
    if (kept != nullptr && kept->values.size() < nodes_.size())
      kept->values.resize_unset(nodes_.size());
    for (; !path_.empty(); path_.pop_back()) {
      const node_id at = path_.back();
      if (nodes_[at].step == key.step) value = add(value, at);
      if (kept == nullptr) continue;
      std::memcpy(&kept->values[at], &value, sizeof value);
      nodes_[at].known = static_cast<std::uint16_t>(nodes_[at].known | kept->bit);
    }
    return value;
  }

  struct node {
    node_id parent = nowhere;
    event_id event = nowhere;
    std::uint32_t references = 0;
    std::uint16_t step = 0;
    std::uint16_t known = 0;  ///< The kept aggregates whose value here is known, a bit each.
  };
  struct stored {
    T value{};
    timestamp at;
    std::uint64_t number = 0;
    std::uint32_t references = 0;
  };
  struct column {
    aggregate_key key;
    std::uint16_t bit;
    plain_array<std::uint64_t> values;  ///< By node; those that are known.
  };

  /// Records by number, with a list of the free ones. Plain ones lie in one array; others in pages
  /// that never move.
  template <class R>
  class records {
    static constexpr bool is_plain = is_plain_value<R>;

  public:
    std::uint32_t make() {
      ++used_;
      if (!free_.empty()) {
        const std::uint32_t id = free_.back();
        free_.pop_back();
        return id;
      }
      if constexpr (is_plain)
        all_.push_back(R{});
      else if (size_ % page_size == 0)
        all_.push_back(std::make_unique<R[]>(page_size));
      return size_++;
    }
    void free(std::uint32_t id) {
      --used_;
      free_.push_back(id);
    }
    void fetch(std::uint32_t id) const { prefetch_line(&(*this)[id]); }
    R& operator[](std::uint32_t id) const {
      if constexpr (is_plain)
        return all_[id];
      else
        return all_[id / page_size][id % page_size];
    }
    [[nodiscard]] std::uint32_t size() const noexcept { return size_; }
    [[nodiscard]] std::size_t used() const noexcept { return used_; }

  private:
    static constexpr std::uint32_t page_size = 256;
    mutable std::conditional_t<is_plain, plain_array<R>, std::vector<std::unique_ptr<R[]>>> all_;
    plain_array<std::uint32_t> free_;
    std::uint32_t size_ = 0;
    std::size_t used_ = 0;
  };

  void drop_event(event_id e) {
    bytes_ -= bytes_of(events_[e].value);
    if constexpr (has_dynamic_size<T>) events_[e].value = T{};
    events_.free(e);
  }

  column* column_of(const aggregate_key& key) const {
    for (column& c : columns_)
      if (c.key == key) return &c;
    if (columns_.size() == 16) return nullptr;
    columns_.push_back({key, static_cast<std::uint16_t>(1U << columns_.size()), {}});
    return &columns_.back();
  }

  records<stored> events_;
  records<node> nodes_;
  std::uint64_t bytes_ = 0;
  mutable std::vector<column> columns_;  ///< Grows when a condition first asks for an aggregate.
  mutable std::vector<node_id> path_;
};

}  // namespace weir::patterns
