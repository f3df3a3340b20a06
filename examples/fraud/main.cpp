// SPDX-License-Identifier: BSD-3-Clause
// Charges to cards from a seeded generator, watched for stolen cards that are being tested: three
// small charges, then a large one within 30 seconds. The rules are read from a file, and read again
// whenever it changes, while the pipeline runs.
#include "charge.hpp"
#include "rules_file.hpp"

#include <memory>

using namespace std::chrono_literals;

namespace {

fraud::alert make_alert(const weir::match<fraud::charge>& m) {
  const fraud::charge& last = m.steps.back().events.back();
  fraud::alert a{m.pattern, m.version, last.card, last.at, last.amount, {}};
  for (const auto& s : m.steps)
    for (const fraud::charge& c : s.events) a.charges.push_back(c.number);
  return a;
}

void build(weir::pipeline& p, const weir::args& args, std::unique_ptr<fraud::rules_watch>& watch) {
  const std::filesystem::path results = args["output"];
  const std::filesystem::path rules_file = args["rules"];
  const std::uint64_t events = args.count("events");
  auto initial = fraud::read_rules(rules_file).value();

  const weir::push_source<weir::pattern_rule> changed;
  auto rules = p.from(changed);
  watch = std::make_unique<fraud::rules_watch>(rules_file, changed, 100ms);

  auto charges =
      p.from(weir::generator{[seed = args.count("seed"), events, changed](std::uint64_t i) {
                               if (i + 1 == events) changed.close();
                               return fraud::make_charge(seed, i);
                             },
                             {.events = events, .rate = args.number("rate")}})
          .event_time(&fraud::charge::at, weir::bounded_out_of_orderness(1s));
  charges.to(weir::to_file((results / "charges.csv").string())).named("charges");

  const weir::side_output<weir::timed_out_match<fraud::charge>> gave_up{"given up"};
  auto found = charges.key_by(&fraud::charge::card)
                   .detect_dynamic(std::move(rules), {.timed_out = gave_up}, std::move(initial))
                   .named("rules");
  found.side(gave_up)
      .filter([](const auto& t) { return t.events.size() >= 3; })
      .map([](const auto& t) { return make_alert(t.events); })
      .to(weir::to_file((results / "almost.jsonl").string()))
      .named("almost");
  found.select(make_alert).to(weir::to_file((results / "alerts.jsonl").string())).named("alerts");
}

}  // namespace

int main(int argc, char** argv) {
  std::unique_ptr<fraud::rules_watch> watch;
  return weir::main(
      argc, argv,
      {.name = "fraud",
       .description = "Finds stolen cards that are being tested, by rules that can change.",
       .options = {{"rules", WEIR_FRAUD_RULES, "the rules, an object a line; read again on change"},
                   {"output", "fraud-results", "a directory for the results"},
                   {"events", "200000", "how many charges to make"},
                   {"seed", "1", "names the stream of charges"},
                   {"rate", "0", "charges a second; 0 is as fast as they are taken"}},
       .build = [&](weir::pipeline& p, const weir::args& args) { build(p, args, watch); }});
}
