// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/cluster.hpp"
#include "weir/connectors/kafka/record.hpp"
#include "weir/connectors/kafka/sink_options.hpp"
#include "weir/core/bytes.hpp"
#include "weir/sink/sink.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace weir::kafka {

/// Whether a record was taken; if not, why, or that there is no room for now.
struct addition {
  bool done = false;
  std::optional<error> why{};
};

/// Writes the records of one sink instance, by the delivery that its options say. For one thread.
class topic_output {
public:
  /// Throws `weir::exception` if the cluster can't be reached or does not allow this.
  topic_output(const cluster& at, const std::string& topic, const sink_options& options,
               const sink_instance& place);
  topic_output(topic_output&&) noexcept;
  ~topic_output();

  /// Throws `weir::exception` if an earlier record was lost for good.
  [[nodiscard]] addition add(const outgoing& record);
  /// Deals with answers; called now and then.
  void serve();
  [[nodiscard]] result<bytes> pre_commit(std::uint64_t checkpoint);
  [[nodiscard]] result<void> commit(std::span<const std::byte> committable);

private:
  class inside;
  std::unique_ptr<inside> inside_;
};

}  // namespace weir::kafka
