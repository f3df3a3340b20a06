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

struct refund {
  std::string card;
  int number = 0;
};
BOOST_DESCRIBE_STRUCT(refund, (), (card, number))

struct half_processor {
  using output = int;
  void on_event(const payment&, weir::process_context<std::string, int>&) {}
};

struct no_output {
  void on_event(const payment&, int&) {}
};

struct unmerged {
  using state = bool;
  weir::trigger_action on_event(state&, const payment&, weir::timestamp,
                                const weir::trigger_view&) const {
    return weir::trigger_action::fire;
  }
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
#elif defined(CASE_enrich_without_look_up)
  payments.enrich(&payment::card);
#elif defined(CASE_window_of_no_kind)
  payments.key_by(&payment::card).window(std::chrono::minutes{1});
#elif defined(CASE_lateness_on_sliding)
  payments.key_by(&payment::card)
      .window(weir::sliding{std::chrono::minutes{1}})
      .allowed_lateness(std::chrono::seconds{1})
      .aggregate(weir::count{});
#elif defined(CASE_lateness_on_counts)
  payments.key_by(&payment::card)
      .window(weir::tumbling_count{10})
      .allowed_lateness(std::chrono::seconds{1})
      .aggregate(weir::count{});
#elif defined(CASE_trigger_on_sliding)
  payments.key_by(&payment::card)
      .window(weir::sliding{std::chrono::minutes{1}})
      .trigger(weir::on_count{3})
      .aggregate(weir::count{});
#elif defined(CASE_trigger_that_is_none)
  payments.key_by(&payment::card)
      .window(weir::session{std::chrono::minutes{1}})
      .trigger(3)
      .aggregate(weir::count{});
#elif defined(CASE_early_that_is_none)
  payments.key_by(&payment::card)
      .window(weir::session{std::chrono::minutes{1}})
      .early(std::chrono::seconds{3})
      .aggregate(weir::count{});
#elif defined(CASE_trigger_that_cannot_merge)
  payments.key_by(&payment::card)
      .window(weir::session{std::chrono::minutes{1}})
      .trigger(unmerged{})
      .aggregate(weir::count{});
#elif defined(CASE_evictor_that_is_none)
  payments.key_by(&payment::card).window(weir::global_window{}).evict(3).aggregate(weir::count{});
#elif defined(CASE_on_change_of_one_result)
  payments.key_by(&payment::card)
      .window(weir::tumbling{std::chrono::minutes{1}})
      .emit_on_change()
      .aggregate(weir::count{});
#elif defined(CASE_changes_of_discarded_panes)
  payments.key_by(&payment::card)
      .window(weir::tumbling{std::chrono::minutes{1}})
      .discarding()
      .aggregate_changes(weir::count{});
#elif defined(CASE_running_aggregate_of_events)
  payments.key_by(&payment::card).aggregate_changes(weir::count{});
#elif defined(CASE_aggregate_that_cannot_retract)
  payments.map([](const payment& x) {
            return weir::change<payment>{{}, x, {}};
          })
      .key_by(weir::on_row{&payment::card})
      .aggregate_changes(weir::max{&payment::amount});
#elif defined(CASE_reduce_of_one_argument)
  payments.key_by(&payment::card).reduce([](const payment& x) { return x; });
#elif defined(CASE_gathering_before_reduce)
  payments.key_by(&payment::card)
      .local_pre_aggregate()
      .reduce([](const payment&, const payment& x) { return x; });
#elif defined(CASE_gathering_by_the_clock)
  payments.key_by(&payment::card)
      .local_pre_aggregate()
      .window(weir::processing_time(weir::session{std::chrono::seconds{1}}))
      .aggregate(weir::count{});
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
#elif defined(CASE_join_by_another_key)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card).join(refunds.key_by(&refund::number));
#elif defined(CASE_join_without_key)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card).join(refunds);
#elif defined(CASE_left_join_of_references)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card)
      .join(refunds.key_by(&refund::card))
      .within(std::chrono::seconds{0}, std::chrono::seconds{1})
      .left()
      .apply([](const payment& x, const refund&) { return x; });
#elif defined(CASE_join_by_count)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card)
      .join(refunds.key_by(&refund::card))
      .window(weir::tumbling_count{10});
#elif defined(CASE_join_by_the_clock)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card)
      .join(refunds.key_by(&refund::card))
      .window(weir::processing_time(weir::tumbling{std::chrono::seconds{1}}));
#elif defined(CASE_unmatched_of_a_left_join)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card)
      .join(refunds.key_by(&refund::card))
      .window(weir::tumbling{std::chrono::seconds{1}})
      .left()
      .unmatched_left_to({"alone"});
#elif defined(CASE_exclusive_bound_of_a_window)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card)
      .join(refunds.key_by(&refund::card))
      .window(weir::tumbling{std::chrono::seconds{1}})
      .lower_exclusive();
#elif defined(CASE_table_join_of_pointers)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card)
      .join(refunds.key_by(&refund::card).to_table())
      .once_loaded()
      .apply([](const payment& x, const refund* r) { return r == nullptr ? 0 : x.amount; });
#elif defined(CASE_connect_streams_of_one_type)
  payments.key_by(&payment::card).connect(payments.key_by(&payment::card));
#elif defined(CASE_process_half_of_what_is_connected)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card).connect(refunds.key_by(&refund::card)).process(half_processor{});
#elif defined(CASE_process_without_on_broadcast)
  auto refunds = p.from(weir::memory_source<refund>{std::vector<refund>{}});
  payments.key_by(&payment::card).connect(refunds.broadcast()).process(half_processor{});
#endif
}
