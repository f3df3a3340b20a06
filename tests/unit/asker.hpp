// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/codec/binary.hpp"
#include "weir/flow/operator_concepts.hpp"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

namespace weir::test {

/// An operator that asks the service "double" for each event's value, and hands on the answers.
class asker {
public:
  template <class E, class Next>
  void on_event(E&& event, timestamp at, Next&, flow::step& s) {
    bytes payload;
    encode(event.value, payload);
    waiting_[s.ask("double", std::move(payload))] = at;
  }
  template <class Next>
  flow::verdict on_completion(Next& next, flow::step& s) {
    if (next.full()) return flow::verdict::blocked;
    const auto of = waiting_.extract(s.completion);
    std::int64_t answer = 0;
    byte_reader in{s.completion_data};
    if (!of.empty() && decode(in, answer)) next(answer, of.mapped());
    return flow::verdict::done;
  }

protected:
  [[nodiscard]] std::optional<timestamp> earliest_waiting() const {
    std::optional<timestamp> earliest;
    for (const auto& [id, at] : waiting_) earliest = std::min(earliest.value_or(at), at);
    return earliest;
  }

private:
  std::map<std::uint64_t, timestamp> waiting_;
};

}  // namespace weir::test
