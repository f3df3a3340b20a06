// SPDX-License-Identifier: BSD-3-Clause
#include "weir/runtime/explain.hpp"

namespace weir {

namespace {

using instances = std::vector<instance_status>;

timestamp at(std::int64_t micros) { return timestamp{duration{micros}}; }

const instance_status* lowest(const instances& all, std::string_view stage) {
  const instance_status* found = nullptr;
  for (const instance_status& s : all) {
    if (stage.empty() ? s.kind != "sink" : s.stage != stage) continue;
    if (found == nullptr || s.metrics->watermark.get() < found->metrics->watermark.get())
      found = &s;
  }
  return found;
}

const instance_status* find(const instances& all, const input_name& name) {
  for (const instance_status& s : all)
    if (s.stage == name.stage && s.instance == name.instance) return &s;
  return nullptr;
}

}  // namespace

std::vector<watermark_hold> explain_watermark(const instances& status, std::string_view stage) {
  std::vector<watermark_hold> way;
  const instance_status* s = lowest(status, stage);
  while (s != nullptr && way.size() < status.size()) {
    const stage_metrics& m = *s->metrics;
    const std::optional<input_name> input = m.inputs.at(m.watermark_holder.get());
    way.push_back({s->stage, s->instance, at(m.watermark.get()), at(m.watermark_since.get()),
                   input ? input->split : std::string{}});
    s = input && input->split.empty() ? find(status, *input) : nullptr;
  }
  return way;
}

}  // namespace weir
