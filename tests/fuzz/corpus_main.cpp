// SPDX-License-Identifier: BSD-3-Clause

// Runs a fuzz driver on seeded mutations of its seeds: `corpus_main <iterations> <seed>`. A failure
// can be repeated with the same two numbers.

#include "seeds.hpp"

#include <cstdio>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

class mutator {
public:
  mutator(std::vector<std::string> seeds, std::uint64_t seed)
      : seeds_(std::move(seeds)), engine_(seed) {}

  std::string next() {
    std::string input = any_seed();
    for (std::size_t n = below(6); n != 0; --n) change(input);
    return input;
  }

private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  const std::string& any_seed() { return seeds_[below(seeds_.size())]; }

  void change(std::string& input) {
    static constexpr std::string_view tokens[] = {"\"",
                                                  "\\",
                                                  "{",
                                                  "}",
                                                  "[",
                                                  "]",
                                                  ",",
                                                  ":",
                                                  "null",
                                                  "1e999",
                                                  "-",
                                                  "\n",
                                                  "\xff",
                                                  "\\u0000",
                                                  "Z",
                                                  "99999999999999999999",
                                                  std::string_view{"\xff\xff\xff\xff", 4},
                                                  std::string_view{"\0\0\0\0", 4}};
    const std::size_t at = below(input.size() + 1);
    switch (below(6)) {
      case 0:
        if (at < input.size()) input[at] = static_cast<char>(engine_());
        break;
      case 1:
        if (at < input.size()) input[at] = static_cast<char>(input[at] ^ (1 << below(8)));
        break;
      case 2:
        input.erase(at, below(8));
        break;
      case 3:
        input.insert(at, tokens[below(std::size(tokens))]);
        break;
      case 4:
        input.insert(at, input.substr(below(input.size() + 1), below(32)));
        break;
      default: {
        const std::string& other = any_seed();
        input = input.substr(0, at) + other.substr(below(other.size() + 1));
      }
    }
  }

  std::vector<std::string> seeds_;
  std::mt19937_64 engine_;
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 3) {
    std::fprintf(stderr, "usage: %s <iterations> <seed>\n", argv[0]);
    return 2;
  }
  const auto iterations = std::stoull(argv[1]);
  const auto seed = std::stoull(argv[2]);
  std::vector<std::string> seeds = fuzz_seeds();
  seeds.emplace_back(16, 'x');
  mutator inputs{std::move(seeds), seed};
  std::printf("%llu iterations, seed %llu\n", iterations, seed);
  std::fflush(stdout);
  for (unsigned long long i = 0; i < iterations; ++i) {
    const std::string input = inputs.next();
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.data()), input.size());
  }
  return 0;
} catch (const std::exception& e) {
  std::fprintf(stderr, "exception: %s\n", e.what());
  return 1;
}
