// SPDX-License-Identifier: BSD-3-Clause
#include "weir/test/subject.hpp"

namespace weir::test::detail {

std::shared_ptr<const subject_layout> lay_out(graph g) {
  const auto& stages = g.plan().stages;
  auto made = std::make_shared<subject_layout>();
  std::vector<bool> played(stages.size());
  std::vector<std::uint32_t> inputs;
  for (std::uint32_t s = 0; s < stages.size(); ++s) {
    played[s] = stages[s].kind == "dead letters" || stages[s].name.starts_with("@input ") ||
                stages[s].name == "@output" || stages[s].name.starts_with("@side ");
    if (stages[s].kind == "dead letters") made->dead_letters.push_back(s);
    if (stages[s].name == "@output") made->output = s;
    if (stages[s].name.starts_with("@input ")) inputs.push_back(s);
  }
  made->network = std::make_shared<const network_layout>(std::move(g), std::move(played));
  for (const std::uint32_t input : inputs)
    made->inputs.push_back(made->network->channels_from(input));
  return made;
}

std::uint32_t find_side(const subject_layout& in, const std::string& name) {
  const auto& stages = in.network->of().plan().stages;
  for (std::uint32_t s = 0; s < stages.size(); ++s)
    if (stages[s].name == "@side " + name) return s;
  throw exception({errc::invalid_argument,
                   "side(): the side output '" + name +
                       "' is not read; name it behind the function that builds the operators, or "
                       "collect() it there"});
}

std::vector<flow::channel_id> channels_to(const subject_layout& in, std::uint32_t stage) {
  std::vector<flow::channel_id> all;
  for (std::size_t c = 0; c < in.network->channels().size(); ++c)
    if (in.network->channels()[c].to_stage == stage)
      all.push_back(static_cast<flow::channel_id>(c));
  return all;
}

void require_type(const subject_layout& in, std::uint32_t stage, std::string_view type) {
  const stage_plan& s = in.network->of().plan().stages[stage];
  if (s.inputs.front() != type)
    throw exception({errc::invalid_argument, "'" + s.name.substr(1) + "' has events of " +
                                                 s.inputs.front() + ", not of " +
                                                 std::string{type}});
}

}  // namespace weir::test::detail
