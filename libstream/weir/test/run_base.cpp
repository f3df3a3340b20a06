// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/run_base.hpp"

#include <algorithm>
#include <utility>

namespace weir::test {

namespace {
constexpr std::uint64_t unlimited = 1ULL << 40;
}

run_base::run_base(std::shared_ptr<const detail::subject_layout> layout,
                   const operator_options& options, std::span<const snapshot_part> restored)
    : layout_(std::move(layout)),
      network_(layout_->network, {.start = options.start,
                                  .restored = restored,
                                  .attempt = restored.empty() ? 0U : 1U,
                                  .step_budget = options.step_budget,
                                  .hold_requests = options.hold_requests,
                                  .backend = options.backend}) {
  const auto& channels = layout_->network->channels();
  const auto& stages = layout_->network->of().plan().stages;
  for (std::size_t c = 0; c < channels.size(); ++c) {
    if (channels[c].to != network_layout::nobody || channels[c].from == network_layout::nobody)
      continue;
    const bool withheld =
        (channels[c].to_stage == layout_->output && options.withhold_output) ||
        (options.withhold_sides && stages[channels[c].to_stage].name.starts_with("@side "));
    if (!withheld)
      network_.grant(static_cast<flow::channel_id>(c), unlimited, options.pipeline.batches.events);
  }
  network_.work();
}

void run_base::push_watermark(timestamp w) {
  for (const auto& splits : layout_->inputs)
    for (const flow::channel_id c : splits) send_watermark(c, w);
}

void run_base::idle() {
  for (const auto& splits : layout_->inputs)
    for (const flow::channel_id c : splits) send_idle(c);
}

void run_base::end() {
  for (const auto& splits : layout_->inputs)
    for (const flow::channel_id c : splits)
      if (!network_.ended(c)) send_end(c);
}

void run_base::require_output(const char* call) const {
  if (layout_->output == network_layout::nobody)
    throw exception(
        {errc::invalid_argument, std::string{call} + ": the operators under test have no output"});
}

void run_base::grant_stage(std::uint32_t stage, std::uint64_t batches, std::uint32_t events_each) {
  for (const flow::channel_id c : detail::channels_to(*layout_, stage))
    network_.grant(c, batches, events_each);
  network_.work();
}

void run_base::grant(std::uint64_t batches, std::uint32_t events_each) {
  require_output("grant()");
  grant_stage(layout_->output, batches, events_each);
}

void run_base::grant_side(const std::string& side, std::uint64_t batches,
                          std::uint32_t events_each) {
  grant_stage(detail::find_side(*layout_, side), batches, events_each);
}

const stage_metrics& run_base::metrics(const std::string& stage, std::uint32_t instance) const {
  const auto& stages = layout_->network->of().plan().stages;
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    if (stages[s].name == stage) return network_.metrics(s, instance);
  throw exception({errc::invalid_argument, "metrics(): there is no stage '" + stage + "'"});
}

flow::progress run_base::progress() const {
  require_output("progress()");
  flow::progress merged{max_timestamp, true};
  timestamp of_idle = max_timestamp;
  for (const flow::channel_id c : detail::channels_to(*layout_, layout_->output)) {
    const flow::progress& p = network_.progress(c);
    of_idle = std::min(of_idle, p.watermark);
    if (p.idle) continue;
    merged.idle = false;
    merged.watermark = std::min(merged.watermark, p.watermark);
  }
  if (merged.idle) merged.watermark = of_idle;
  return merged;
}

flow::channel_id run_base::channel_of(std::size_t input, std::size_t split) const {
  const auto& splits = layout_->inputs[input];
  if (split >= splits.size())
    throw exception({errc::invalid_argument, "input(): there is no split " + std::to_string(split) +
                                                 "; operator_options::splits is " +
                                                 std::to_string(splits.size())});
  return splits[split];
}

void run_base::require_open(flow::channel_id on) const {
  network_.require_alive();
  if (network_.ended(on))
    throw exception({errc::stopped, "that split of the input has ended; nothing more can come"});
}

void run_base::send_data(flow::channel_id on, flow::body_ptr body) {
  require_open(on);
  if (body->size() == 0) return;
  network_.send(on, flow::frame_kind::data, {network_.progress(on).watermark, false},
                std::move(body));
  network_.work();
}

void run_base::send_watermark(flow::channel_id on, timestamp w) {
  require_open(on);
  network_.send(on, flow::frame_kind::watermark,
                {std::max(w, network_.progress(on).watermark), false});
  network_.work();
}

void run_base::send_idle(flow::channel_id on) {
  require_open(on);
  network_.send(on, flow::frame_kind::watermark, {network_.progress(on).watermark, true});
  network_.work();
}

void run_base::send_end(flow::channel_id on) {
  require_open(on);
  network_.send(on, flow::frame_kind::end, {max_timestamp, false});
  network_.work();
}

}  // namespace weir::test
