// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

const memory_source<sale> no_sales{std::vector<sale>{}};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

const auto newer = [](const sale&, const sale& b) { return b; };

}  // namespace

TEST_CASE("an empty pipeline is a mistake") {
  CHECK(has(mistakes_of(pipeline{"p"}), "the pipeline is empty"));
}

TEST_CASE("a stream that goes nowhere is a mistake") {
  pipeline p{"p"};
  p.from(no_sales);
  CHECK(has(mistakes_of(p), "goes nowhere"));
}

TEST_CASE("a stream that goes nowhere beside one that has a sink is a mistake") {
  pipeline p{"p"};
  auto all = p.from(no_sales);
  all.to(memory_sink<sale>{});
  all.stage("forgotten");
  const std::string text = mistakes_of(p);
  CHECK(has(text, "1 mistake"));
  CHECK(has(text, "'forgotten'"));
}

TEST_CASE("windows without event time are a mistake") {
  pipeline p{"p"};
  p.from(no_sales)
      .key_by(&sale::shop)
      .window(tumbling{1s})
      .aggregate(count{})
      .to(memory_sink<window_result<std::string, std::uint64_t>>{});
  CHECK(has(mistakes_of(p), "no event time"));
}

TEST_CASE("two operators of one name are a mistake") {
  pipeline p{"p"};
  auto keyed = p.from(no_sales);
  keyed.key_by(&sale::shop).reduce(newer).named("same").to(memory_sink<sale>{});
  keyed.key_by(&sale::shop).reduce(newer).named("same").to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "'same' is used 2 times"));
}

TEST_CASE("two stages of one name are a mistake") {
  pipeline p{"p"};
  p.from(no_sales).stage("same").stage("same").to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "stage name 'same' is used 2 times"));
}

TEST_CASE("an empty name is a mistake") {
  pipeline p{"p"};
  p.from(no_sales).key_by(&sale::shop).reduce(newer).named("").to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "empty name"));
}

TEST_CASE("retry on an operator with state is a mistake, and on one without is not") {
  pipeline p{"p"};
  p.from(no_sales)
      .key_by(&sale::shop)
      .reduce(newer)
      .named("newest")
      .on_error(directive::retry(3, 1s))
      .to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "retry would run 'newest' again"));
  pipeline fine{"p"};
  fine.from(no_sales)
      .stage("work")
      .map([](const sale& s) { return s; })
      .on_error(directive::retry(3, 1s))
      .to(memory_sink<sale>{});
  CHECK(mistakes_of(fine).empty());
}

TEST_CASE("retry on an operator with state in a source's stage is a mistake too") {
  struct keeping {
    using output [[maybe_unused]] = sale;
    value_state<sale> last{"last"};
    auto states() { return std::tie(last); }
    void on_event(const sale& s, process_context<no_key, sale>& c) {
      last.put(s);
      c.emit(s);
    }
  };
  pipeline p{"p"};
  p.from(no_sales)
      .process(keeping{})
      .named("keeping")
      .on_error(directive::retry(3, 1s))
      .to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "retry would run 'keeping' again"));
}

TEST_CASE("more instances than key groups are a mistake, and none are too") {
  pipeline p{"p", {.key_groups = 4}};
  p.from(no_sales).key_by(&sale::shop).parallelism(5).reduce(newer).to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "parallelism 5 is more than the 4 key groups"));
  pipeline none{"p"};
  none.from(no_sales).stage("s", {.parallelism = 0}).to(memory_sink<sale>{});
  CHECK(has(mistakes_of(none), "parallelism is 0"));
}

TEST_CASE("a processor without a key in several instances is a mistake") {
  struct passing {
    using output [[maybe_unused]] = sale;
    void on_event(const sale& s, process_context<no_key, sale>& c) { c.emit(s); }
  };
  pipeline p{"p"};
  p.from(no_sales).stage("s", {.parallelism = 2}).process(passing{}).to(memory_sink<sale>{});
  CHECK(has(mistakes_of(p), "can't be dealt out to 2 instances"));
}

TEST_CASE("settings that leave no room are mistakes") {
  for (const pipeline_options& o :
       {pipeline_options{.key_groups = 0}, pipeline_options{.key_groups = 100'000},
        pipeline_options{.batches = {.events = 0}}, pipeline_options{.credits = {.frames = 0}},
        pipeline_options{.credits = {.max_events = 0}}}) {
    pipeline p{"p", o};
    p.from(no_sales).to(memory_sink<sale>{});
    CHECK(!mistakes_of(p).empty());
  }
}

TEST_CASE("all mistakes are listed at once, a line each") {
  pipeline p{"fraud", {.key_groups = 2}};
  auto all = p.from(no_sales);
  all.key_by(&sale::shop)
      .parallelism(3)
      .window(tumbling{1s})
      .aggregate(count{})
      .named("same")
      .on_error(directive::retry(1, 1s))
      .to(memory_sink<window_result<std::string, std::uint64_t>>{});
  all.key_by(&sale::shop).reduce(newer).named("same").to(memory_sink<sale>{});
  all.filter([](const sale&) { return true; }).stage("nowhere");
  const auto built = p.build();
  REQUIRE(!built);
  CHECK(built.error().code == errc::invalid_pipeline);
  const std::string text = built.error().message;
  INFO(text);
  CHECK(has(text, "pipeline 'fraud' has"));
  CHECK(has(text, "no event time"));
  CHECK(has(text, "goes nowhere"));
  CHECK(has(text, "more than the 2 key groups"));
  CHECK(has(text, "retry would run"));
  CHECK(has(text, "operator name 'same' is used 2 times"));
  CHECK(std::count(text.begin(), text.end(), '\n') >= 5);
}

TEST_CASE("state under a made-up name is a warning") {
  pipeline p{"p"};
  p.from(no_sales).key_by(&sale::shop).reduce(newer).to(memory_sink<sale>{});
  const auto built = p.build().value();
  REQUIRE(built.warnings().size() == 1);
  CHECK(has(built.warnings()[0], "'reduce-1'"));
  pipeline named{"p"};
  named.from(no_sales).key_by(&sale::shop).reduce(newer).named("newest").to(memory_sink<sale>{});
  CHECK(named.build().value().warnings().empty());
}
