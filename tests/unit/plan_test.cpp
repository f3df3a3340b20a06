// SPDX-License-Identifier: BSD-3-Clause
#include "unit/sample.hpp"

#include <catch2/catch_test_macros.hpp>

#include <set>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;

namespace {

pipeline sales_by_shop(std::uint32_t instances) {
  pipeline p{"shops"};
  p.from(memory_source{std::vector<sale>{}})
      .parallelism(2)
      .event_time(&sale::at, bounded_out_of_orderness{1s})
      .key_by(&sale::shop)
      .parallelism(instances)
      .window(tumbling{1min})
      .aggregate(count{})
      .named("by \"shop\"")
      .to(memory_sink<window_result<std::string, std::uint64_t>>{})
      .parallelism(instances);
  return p;
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the same program gives the same plan, and another program another") {
  const plan a = sales_by_shop(3).build().value().plan();
  const plan b = sales_by_shop(3).build().value().plan();
  CHECK(a.to_json() == b.to_json());
  CHECK(a.fingerprint() == b.fingerprint());
  CHECK(a.fingerprint() != sales_by_shop(2).build().value().plan().fingerprint());
}

TEST_CASE("a plan names stages, operators, types and edges") {
  const plan p = sales_by_shop(3).build().value().plan();
  REQUIRE(p.stages.size() == 3);
  CHECK(p.stages[0].kind == "source");
  CHECK(p.stages[0].name == "memory-1");
  CHECK(p.stages[0].parallelism == 2);
  CHECK(p.stages[1].name == "by \"shop\"");
  CHECK(p.stages[1].parallelism == 3);
  CHECK(p.stages[2].kind == "sink");
  REQUIRE(p.edges.size() == 2);
  CHECK(p.edges[0].how == partition::hash);
  CHECK(p.edges[1].how == partition::forward);
  const std::string json = p.to_json();
  CHECK(has(json, R"("name":"shops")"));
  CHECK(has(json, R"("how":"hash")"));
}

TEST_CASE("an edge has a channel from each sender to each receiver, or one to one") {
  const plan p = sales_by_shop(3).build().value().plan();
  const auto channels = p.channels();
  CHECK(channels.size() == 2 * 3 + 3);
  std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>> ends;
  for (std::size_t i = 0; i < channels.size(); ++i) {
    CHECK(channels[i].id == i);
    if (channels[i].edge == 1) CHECK(channels[i].from_instance == channels[i].to_instance);
    ends.insert({channels[i].edge, channels[i].from_instance, channels[i].to_instance});
  }
  CHECK(ends.size() == channels.size());
}

TEST_CASE("stages that are connected are one region, and others another") {
  plan p;
  p.stages.resize(6);
  p.edges = {{4, 0, 1, 0, {}}, {1, 0, 2, 0, {}}, {5, 0, 3, 0, {}}, {2, 0, 5, 0, {}}};
  CHECK(p.regions() == std::vector<std::uint32_t>{0, 1, 1, 1, 1, 1});
  p.edges.pop_back();
  CHECK(p.regions() == std::vector<std::uint32_t>{0, 1, 1, 3, 1, 3});
}

TEST_CASE("each region has dead letters of its own") {
  pipeline p{"p"};
  p.from(memory_source{std::vector<sale>{}}).to(memory_sink<sale>{});
  p.from(memory_source{std::vector<sale>{}}).to(memory_sink<sale>{});
  p.dead_letters_to(memory_sink<dead_letter>{});
  const plan made = p.build().value().plan();
  REQUIRE(made.stages.size() == 6);
  const auto regions = made.regions();
  CHECK(made.stages[4].name == "dead-letters");
  CHECK(made.stages[5].name == "dead-letters-2");
  CHECK(regions[4] != regions[5]);
}

TEST_CASE("a plan is drawn for Mermaid and for Graphviz, with names that hold quotes") {
  pipeline p = sales_by_shop(3);
  p.dead_letters_to(memory_sink<dead_letter>{});
  const plan made = p.build().value().plan();
  const std::string mermaid = to_mermaid(made);
  CHECK(mermaid.rfind("flowchart LR\n", 0) == 0);
  CHECK(has(mermaid, "s0([\"memory-1 ×2"));
  CHECK(has(mermaid, "by 'shop' ×3"));
  CHECK(has(mermaid, "s0 -->|by key| s1"));
  CHECK(has(mermaid, "s0 -.-> s3"));
  const std::string dot = to_dot(made);
  CHECK(dot.rfind("digraph \"shops\" {\n", 0) == 0);
  CHECK(has(dot, "s0 -> s1 [label=\"by key\"];"));
  CHECK(has(dot, "s0 -> s3 [style=dotted];"));
  CHECK(dot.substr(dot.size() - 2) == "}\n");
}

TEST_CASE("parallelism is the pipeline's for operators, and one for sources and sinks") {
  pipeline p{"p", {.parallelism = 4}};
  p.from(memory_source{std::vector<sale>{}}).stage("s").to(memory_sink<sale>{});
  const plan made = p.build().value().plan();
  CHECK(made.stages[0].parallelism == 1);
  CHECK(made.stages[1].parallelism == 4);
  CHECK(made.stages[2].parallelism == 1);
}
