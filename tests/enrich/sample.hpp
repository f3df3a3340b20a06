// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/stream.hpp"
#include "weir/test.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

struct order {
  std::string item;
  std::int64_t number = 0;

  friend bool operator==(const order&, const order&) = default;
};
BOOST_DESCRIBE_STRUCT(order, (), (item, number))

using facts = std::vector<std::optional<std::string>>;
using keys = std::vector<std::string>;
using rows = std::vector<enriched<order, std::string>>;
using settings = enrich_options<std::string>;

/// A look-up that nobody answers but the test.
inline auto unanswered(std::size_t batch = 16) {
  return look_up(&order::item, [](const keys&) { return facts{}; }).batch(batch);
}

/// An enrichment by item, without a key of the stream's.
inline auto asking(settings options, std::size_t batch = 16) {
  return [options, batch](stream<order> in) { return in.enrich(unanswered(batch), options); };
}

inline const operator_options held{.hold_requests = true};

inline timestamp at(std::int64_t ms) { return timestamp{std::chrono::milliseconds{ms}}; }

/// The keys of a request that waits for its answer.
template <class Run>
keys asked(Run& run, std::size_t request = 0) {
  return decode_keys<std::string>(run.requests().at(request).what.payload);
}
/// Answers a request, key by key.
template <class Run>
void tell(Run& run, std::size_t request, const std::vector<fact_answer<std::string>>& answers) {
  run.answer(request, encode_answers(answers));
}
template <class Run>
void tell(Run& run, std::size_t request, std::initializer_list<const char*> found) {
  std::vector<fact_answer<std::string>> answers;
  for (const char* f : found)
    answers.push_back(f == nullptr ? std::optional<std::string>{} : std::optional<std::string>{f});
  tell(run, request, answers);
}

inline fact_answer<std::string> failure(std::string why) {
  return error{errc::stage_failed, std::move(why)};
}

template <class Run>
std::uint64_t counted(Run& run, const std::string& metric) {
  std::uint64_t n = 0;
  run.metrics(stage_name(run)).each_counter([&](const std::string& name, std::uint64_t value) {
    if (name.ends_with(": " + metric)) n = value;
  });
  return n;
}
/// The stage that enriches: the one that the operators under test are in.
template <class Run>
std::string stage_name(Run& run) {
  for (const stage_plan& s : run.of().plan().stages)
    for (const auto& op : s.operators)
      if (op.kind == "enrich") return s.name;
  return {};
}

}  // namespace weir::test
