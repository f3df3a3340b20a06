// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/core/bytes.hpp"
#include "weir/state/gradual_save.hpp"
#include "weir/state/state_files.hpp"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir {

using key_group = std::uint16_t;

/// How a piece of state is dealt out when the parallelism changes.
enum class state_kind : std::uint8_t {
  keyed,       ///< Belongs to one key group and moves with it.
  list,        ///< An item of operator state; items are dealt out over the instances.
  union_list,  ///< An item that every instance sees when it is restored.
  files,       ///< Of a cold store: goes to the instances that own a key group in it.
};

/// One piece of a stage instance's state in a checkpoint.
struct snapshot_part {
  std::string operator_id;
  std::string state;  ///< The state's name within its operator.
  state_kind kind = state_kind::list;
  key_group group = 0;  ///< Of keyed state; of a list's item its instance + 1, if it has one.
  bytes data;
  std::shared_ptr<const state_files> files{};  ///< Of that kind alone.
};

/// Where operators write their state. Bound to one operator at a time by the stage.
class snapshot_writer {
public:
  /// What a key group has of a state comes in parts of about `piece` bytes: small ones, so that
  /// memory for them is used again and again.
  explicit snapshot_writer(std::vector<snapshot_part>& parts,
                           std::size_t piece = std::size_t{64} << 10U)
      : parts_(&parts), piece_(piece) {}

  void bind(std::string_view operator_id) {
    operator_id_ = operator_id;
    named_.clear();
  }
  /// Whether nobody has asked so before of this state of the operator that is bound.
  [[nodiscard]] bool first_of(std::string_view state) {
    return named_.insert(std::string{state}).second;
  }

  void keyed(std::string_view state, key_group group, bytes data) {
    push({operator_id_, std::string{state}, state_kind::keyed, group, std::move(data), nullptr});
  }
  void item(std::string_view state, bytes data, state_kind kind = state_kind::list) {
    push({operator_id_, std::string{state}, kind, 0, std::move(data), nullptr});
  }
  /// Files of a cold store.
  void files(snapshot_part part) {
    part.operator_id = operator_id_;
    push(std::move(part));
  }
  /// An item of operator state that goes back to the instance of that number, or, if there are
  /// fewer, to one of them.
  void item_of(std::uint32_t instance, std::string_view state, bytes data) {
    push({operator_id_, std::string{state}, state_kind::list, static_cast<key_group>(instance + 1),
          std::move(data), nullptr});
  }

  [[nodiscard]] std::size_t piece() const noexcept { return piece_; }
  /// Whether what has been written and not taken is worth to be handed on.
  [[nodiscard]] bool has_much() const noexcept { return held_ >= 16 * piece_; }
  /// Takes the parts that have been written.
  [[nodiscard]] std::vector<snapshot_part> take() {
    held_ = 0;
    return std::exchange(*parts_, {});
  }

  /// Leaves a part of the bound operator's state to be written while the stream goes on.
  void later(std::shared_ptr<gradual_save> rest) {
    later_.emplace_back(operator_id_, std::move(rest));
  }
  /// Writes about `entries` more of what was left for later; true once nothing is left.
  bool write_some(std::size_t entries) {
    if (later_.empty()) return true;
    bind(later_.front().first);
    if (later_.front().second->write_some(entries, *this)) later_.pop_front();
    return later_.empty();
  }
  void write_rest() {
    while (!write_some(SIZE_MAX)) {
    }
  }
  /// Gives up what was left for later.
  void cancel() noexcept {
    for (auto& [id, rest] : later_) rest->cancel();
    later_.clear();
  }

private:
  void push(snapshot_part part) {
    held_ += part.data.size();
    parts_->push_back(std::move(part));
  }

  std::vector<snapshot_part>* parts_;
  std::size_t piece_;
  std::size_t held_ = 0;  ///< Bytes in `parts_`.
  std::string operator_id_;
  std::set<std::string> named_;
  std::deque<std::pair<std::string, std::shared_ptr<gradual_save>>> later_;  ///< By operator.
};

/// The parts of a checkpoint that belong to one stage instance; they must outlive it.
class snapshot_reader {
public:
  explicit snapshot_reader(std::span<const snapshot_part> parts) {
    for (const snapshot_part& p : parts) parts_.push_back(&p);
  }
  explicit snapshot_reader(std::vector<const snapshot_part*> parts) : parts_(std::move(parts)) {}

  void bind(std::string_view operator_id) { operator_id_ = operator_id; }
  [[nodiscard]] const std::string& bound_to() const noexcept { return operator_id_; }

  /// Calls `take(group, data)` for each part of the named state of the bound operator.
  template <class F>
  void each(std::string_view state, F take) const {
    for (const snapshot_part* p : parts_)
      if (p->operator_id == operator_id_ && p->state == state)
        take(p->group, std::span<const std::byte>{p->data});
  }

  [[nodiscard]] bool empty() const noexcept { return parts_.empty(); }

private:
  std::vector<const snapshot_part*> parts_;
  std::string operator_id_;
};

}  // namespace weir
