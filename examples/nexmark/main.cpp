// SPDX-License-Identifier: BSD-3-Clause
// Nexmark, the benchmark of an online auction that stream engines are compared by: its generator,
// its queries as pipelines, and the same queries as loops. README.md says what is asked, and how.
#include "event_row.hpp"
#include "run.hpp"
#include "weir/codec/json.hpp"
#include "weir/core/error.hpp"
#include "weir/main/args.hpp"

#include <CLI/CLI.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

namespace {

struct command {
  std::string query;
  bool all = false;
  bool list = false;
  bool json = false;
  std::string checkpoint;
  std::string backend = "memory";
  std::string state_memory = "auto";
  std::string memory_limit = "none";
  std::string out_of_orderness = "4s";
  nexmark::run_options options;
};

/// Else a negative number would be taken for a very large one.
const CLI::Validator not_negative{
    [](const std::string& text) {
      return text.starts_with('-') ? std::string{"must not be negative"} : std::string{};
    },
    ""};

void add_generator_options(CLI::App& app, command& c) {
  auto& from = c.options.what.from;
  app.add_option("--events", from.events, "how many")->check(not_negative)->capture_default_str();
  app.add_option("--seed", from.generator.seed, "of the generator")
      ->check(not_negative)
      ->capture_default_str();
  app.add_option("--event-rate", from.generator.event_rate, "events a second of event time")
      ->capture_default_str();
  app.add_option("--out-of-order-group", from.generator.out_of_order_group,
                 "events that are shuffled among themselves")
      ->check(not_negative)
      ->capture_default_str();
  app.add_flag("--beam-ids", from.generator.beam_ids, "bidders are numbered as persons are");
}

void add_options(CLI::App& app, command& c) {
  auto& from = c.options.what.from;
  add_generator_options(app, c);
  app.add_option("query", c.query, "q0 … q23, cep-q0 … cep-q3");
  app.add_flag("--all", c.all,
               "run all queries, one after the other, each in a process of its own");
  app.add_flag("--list", c.list, "list the queries");
  app.add_flag("--baseline", c.options.by_hand, "run the query as a hand-written loop instead");
  app.add_flag("--json", c.json, "print a line of JSON for each run");
  app.add_option("--parallelism", c.options.what.parallelism, "instances of each stage")
      ->check(CLI::Range(1, 128))
      ->capture_default_str();
  app.add_option("--rate", from.rate, "events a second; 0 for as fast as possible");
  app.add_option("--input", from.file,
                 "event rows, a line of JSON each, in place of the generator");
  app.add_option("--output", c.options.output, "a file for the result's rows, a line of JSON each");
  app.add_option("--output-directory", c.options.what.directory,
                 "where queries that write files do so; else they are removed");
  app.add_option("--checkpoint", c.checkpoint, "take a checkpoint so often, like 10s");
  app.add_option("--backend", c.backend, "where states by key are: memory or rocksdb")
      ->capture_default_str();
  app.add_option("--state-dir", c.options.state.directory,
                 "for RocksDB's files; else beside the checkpoints");
  app.add_option("--state-memory", c.state_memory,
                 "for what is kept in RocksDB; auto: 512MiB, or half the limit");
  app.add_option("--memory-limit", c.memory_limit, "a run that needs more fails, like 2GiB");
  app.add_option("--out-of-orderness", c.out_of_orderness, "how far watermarks are behind events")
      ->capture_default_str();
}

[[noreturn]] void refuse(const std::string& why) {
  throw weir::exception({weir::errc::invalid_argument, why});
}

weir::duration duration_of(const std::string& option, const std::string& text) {
  auto made = weir::parse_duration(text);
  if (!made) refuse(option + ": " + made.error().message);
  return *made;
}

std::uint64_t size_of(const std::string& option, const std::string& text) {
  const auto made = weir::parse_bytes(text);
  if (!made) refuse(option + ": " + made.error().message);
  return *made;
}

void finish_state(command& c) {
  using place = weir::state_options::place;
  if (c.backend != "memory" && c.backend != "rocksdb")
    refuse("--backend " + c.backend + ": expected memory or rocksdb");
  c.options.state.keep_in = c.backend == "rocksdb" ? place::rocksdb : place::memory;
  // A run that waits for memory would never tell its figures.
  c.options.memory.policy = weir::memory_options::at_limit::fail;
  if (c.memory_limit != "none") {
    c.options.memory.limit = size_of("--memory-limit", c.memory_limit);
    c.options.state.memory = c.options.memory.limit / 2;
  }
  if (c.state_memory != "auto") c.options.state.memory = size_of("--state-memory", c.state_memory);
}

void finish(command& c) {
  const auto& from = c.options.what.from;
  finish_state(c);
  if (!c.checkpoint.empty()) c.options.checkpoints = duration_of("--checkpoint", c.checkpoint);
  if (c.options.by_hand && c.options.checkpoints)
    refuse("--checkpoint is not for --baseline: a loop takes none");
  c.options.what.out_of_orderness = duration_of("--out-of-orderness", c.out_of_orderness);
  if (from.events == 0) refuse("--events must be at least 1");
  if (!(from.rate >= 0)) refuse("--rate must not be negative");
  if (!(from.generator.event_rate > 0)) refuse("--event-rate must be greater than 0");
  if (from.generator.out_of_order_group == 0) refuse("--out-of-order-group must be at least 1");
  if (c.all && !c.options.output.empty()) refuse("--output is for a single query, not for --all");
}

int run_one(const nexmark::query& q, const command& c) {
  const nexmark::run_report report = nexmark::run(q, c.options);
  if (c.json)
    std::printf("%s\n", nexmark::json_line(report).c_str());
  else
    std::printf("%s\n", nexmark::table_line(report).c_str());
  std::fflush(stdout);
  return 0;
}

int guarded(const nexmark::query& q, const command& c) {
  try {
    return run_one(q, c);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "nexmark: %s: %s\n", std::string{q.name}.c_str(), e.what());
    return 1;
  }
}

/// In a process of its own, so that its memory is its own.
int run_apart(const nexmark::query& q, const command& c) {
  const pid_t child = fork();
  if (child < 0) refuse("no process could be made for " + std::string{q.name});
  if (child == 0) _exit(guarded(q, c));
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int run(const command& c) {
  if (!c.json && !c.list) std::printf("%s\n", nexmark::table_head().c_str());
  std::fflush(stdout);
  if (c.list) {
    for (const nexmark::query& q : nexmark::all_queries())
      std::printf("%-7s %s\n", std::string{q.name}.c_str(), std::string{q.what}.c_str());
    return 0;
  }
  if (c.all) {
    int worst = 0;
    for (const nexmark::query& q : nexmark::all_queries()) worst = std::max(worst, run_apart(q, c));
    return worst;
  }
  const nexmark::query* q = nexmark::find_query(c.query);
  if (q == nullptr)
    refuse(c.query.empty() ? "which query? --list names them, --all runs them"
                           : "there is no query '" + c.query + "'; --list names them");
  return guarded(*q, c);
}

/// Writes the generator's events as rows of the suite, which `--input` reads.
void generate(const nexmark::input& from, const std::string& path) {
  std::ofstream file;
  if (path != "-") file.open(path, std::ios::binary);
  std::ostream& out = path == "-" ? std::cout : file;
  if (!out) refuse("--output " + path + ": the file can't be written");
  nexmark::event_feed feed{from};
  std::string line;
  for (auto some = feed.next(); !some.empty(); some = feed.next())
    for (const nexmark::event& e : some) {
      line.clear();
      weir::write_json(nexmark::to_row(e), line);
      out << line << '\n';
    }
}

int main_command(command& c, bool generates) {
  if (generates) {
    generate(c.options.what.from, c.options.output.empty() ? "-" : c.options.output);
    return 0;
  }
  finish(c);
  return run(c);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"Nexmark: an online auction's events, and queries over them.", "nexmark"};
  app.require_subcommand(1);
  command c;
  CLI::App* running = app.add_subcommand("run", "run a query");
  add_options(*running, c);
  CLI::App* generating =
      app.add_subcommand("generate", "write the events as rows that --input reads");
  add_generator_options(*generating, c);
  generating->add_option("--output", c.options.output, "a file; standard output unless given");
  try {
    app.parse(argc, argv);
    return main_command(c, generating->parsed());
  } catch (const CLI::Success& e) {  // help was asked for
    return app.exit(e);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "nexmark: %s\n", e.what());
    return 2;
  }
}
