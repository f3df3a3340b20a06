// SPDX-License-Identifier: BSD-3-Clause
// One mistake a case; see CMakeLists.txt for what the compiler must say.
#include "weir/stream.hpp"

#include <boost/describe/class.hpp>

#include <string>
#include <vector>

struct payment {
  std::string card;
  double amount = 0;
  weir::timestamp at;
};
BOOST_DESCRIBE_STRUCT(payment, (), (card, amount, at))

struct undescribed {
  int* pointer = nullptr;
  bool operator==(const undescribed&) const = default;
};

struct no_output {
  void on_event(const payment&, int&) {}
};

void write_down(weir::pipeline& p) {
  [[maybe_unused]] auto payments = p.from(weir::memory_source<payment>{std::vector<payment>{}});
#if defined(CASE_nothing_wrong)
  payments.map([](const payment& x) { return x.amount; }).to(weir::memory_sink<double>{});
#elif defined(CASE_map_takes_another_type)
  payments.map([](int i) { return i; });
#elif defined(CASE_map_returns_nothing)
  payments.map([](const payment&) {});
#elif defined(CASE_map_is_mutable)
  payments.map([n = 0](const payment& x) mutable { return x.amount + ++n; });
#elif defined(CASE_filter_returns_text)
  payments.filter([](const payment& x) { return x.card; });
#elif defined(CASE_flat_map_returns_no_range)
  payments.flat_map([](const payment& x) { return x.amount; });
#elif defined(CASE_event_time_is_no_time)
  payments.event_time(&payment::amount, weir::monotonous_timestamps{});
#elif defined(CASE_key_has_no_codec)
  payments.key_by([](const payment&) { return undescribed{}; });
#elif defined(CASE_event_has_no_codec)
  p.from(weir::memory_source<undescribed>{std::vector<undescribed>{}});
#elif defined(CASE_boundary_has_no_codec)
  payments.map([](const payment&) { return undescribed{}; }).stage("next");
#elif defined(CASE_aggregate_of_another_type)
  payments.key_by(&payment::card)
      .window(weir::tumbling{std::chrono::minutes{1}})
      .aggregate(weir::sum(&std::string::size));
#elif defined(CASE_reduce_of_one_argument)
  payments.key_by(&payment::card).reduce([](const payment& x) { return x; });
#elif defined(CASE_processor_without_output)
  payments.key_by(&payment::card).process(no_output{});
#elif defined(CASE_sink_of_another_type)
  payments.to(weir::memory_sink<int>{});
#elif defined(CASE_condition_of_another_type)
  weir::pattern<payment>("a").where([](int i) { return i > 0; });
#elif defined(CASE_until_returns_nothing)
  weir::pattern<payment>("a").one_or_more().until([](const payment&) {});
#elif defined(CASE_pattern_of_another_type)
  payments.key_by(&payment::card).detect(weir::pattern<int>("a"));
#elif defined(CASE_select_of_no_match)
  payments.select([](const payment& x) { return x.amount; });
#elif defined(CASE_rules_of_another_type)
  payments.key_by(&payment::card).detect_dynamic(payments);
#endif
}
