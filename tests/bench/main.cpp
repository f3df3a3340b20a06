// SPDX-License-Identifier: BSD-3-Clause
// Runs the benchmarks named on the command line, or all: prints a table, and with --json FILE
// writes the same as JSON. A name is that of a bench, or bench/part.
#include "bench/harness.hpp"
#include "weir/codec/json.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using weir::bench::measurement;

const std::vector<weir::bench::entry> benches = {
    {"checkpoints/memory", weir::bench::checkpoints_bench},
    {"checkpoints/rocksdb", weir::bench::rocksdb_checkpoints_bench},
    {"joins", weir::bench::joins_bench},
    {"enrich", weir::bench::enrich_bench},
    {"patterns", weir::bench::patterns_bench},
    {"pipeline", weir::bench::pipeline_bench},
    {"windows/tumbling_by_hand", weir::bench::tumbling_by_hand_bench},
    {"windows/engines", weir::bench::window_engines_bench},
    {"windows/tumbling_bytes", weir::bench::tumbling_bytes_bench},
    {"windows/day_against_minute", weir::bench::day_against_minute_bench},
};

/// Whether a name on the command line means this bench: itself, or what it is a part of.
bool means(const std::string& name, const weir::bench::entry& b) {
  return b.name == name || (b.name.starts_with(name) && b.name[name.size()] == '/');
}

void print(const std::vector<measurement>& all) {
  std::printf("%-10s %-24s %12s %-18s %12s %8s  %s\n", "bench", "case", "value", "unit", "baseline",
              "ratio", "note");
  for (const measurement& m : all) {
    std::printf("%-10s %-24s %12.3f %-18s ", m.bench.c_str(), m.case_name.c_str(), m.value,
                m.unit.c_str());
    m.baseline ? std::printf("%12.3f ", *m.baseline) : std::printf("%12s ", "");
    m.ratio ? std::printf("%8.3f", *m.ratio) : std::printf("%8s", "");
    std::printf("  %s\n", m.note.c_str());
  }
}

void append_json(const measurement& m, std::string& out) {
  const auto number = [](std::optional<double> x) { return weir::to_json(x); };
  out += "{\"bench\":" + weir::to_json(m.bench) + ",\"case\":" + weir::to_json(m.case_name) +
         ",\"value\":" + weir::to_json(m.value) + ",\"unit\":" + weir::to_json(m.unit) +
         ",\"baseline\":" + number(m.baseline) + ",\"ratio\":" + number(m.ratio) +
         ",\"note\":" + weir::to_json(m.note) + "}";
}

int usage(const std::string& what) {
  std::fprintf(stderr, "bench: %s; usage: bench [--json FILE] [NAME…], names:", what.c_str());
  for (const auto& b : benches) std::fprintf(stderr, " %s", std::string{b.name}.c_str());
  std::fprintf(stderr, "\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::string json_file;
  std::vector<std::string> names;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--json") {
      if (++i == argc) return usage("--json wants a file");
      json_file = argv[i];
    } else if (arg.starts_with("--")) {
      return usage("unknown option " + arg);
    } else {
      names.push_back(arg);
    }
  }
  std::vector<measurement> all;
  for (const std::string& name : names)
    if (std::none_of(benches.begin(), benches.end(), [&](const auto& b) { return means(name, b); }))
      return usage("no bench is called '" + name + "'");
  for (const auto& b : benches)
    if (names.empty() || std::any_of(names.begin(), names.end(),
                                     [&](const std::string& name) { return means(name, b); }))
      b.run(all);
  print(all);
  if (json_file.empty()) return 0;
  std::string text = "[";
  for (const measurement& m : all) {
    text += text.size() == 1 ? "\n  " : ",\n  ";
    append_json(m, text);
  }
  std::ofstream file{json_file};
  file << text << "\n]\n";
  if (!file.flush()) return usage("cannot write " + json_file);
  return 0;
}
