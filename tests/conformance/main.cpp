// SPDX-License-Identifier: BSD-3-Clause
// Runs neutral cases, one JSON object a line, through the library's operators: `conformance KIND
// < cases.jsonl > results.jsonl`. docs/conformance.md has the format.
#include "conformance/windows.hpp"

#include <cstdio>
#include <iostream>
#include <string_view>
#include <utility>

namespace {

using subcommand = int (*)(std::istream&, std::ostream&);

constexpr std::pair<std::string_view, subcommand> subcommands[] = {
    {"windows", weir::conformance::run_windows},
};

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2)
    for (const auto& [name, run] : subcommands)
      if (name == argv[1]) return run(std::cin, std::cout);
  std::fprintf(stderr, "usage: conformance KIND < cases.jsonl > results.jsonl; kinds:");
  for (const auto& [name, run] : subcommands) std::fprintf(stderr, " %s", name.data());
  std::fprintf(stderr, "\n");
  return 2;
}
