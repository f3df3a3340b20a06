// SPDX-License-Identifier: BSD-3-Clause
#include "weir/dead_letters/letter_choice.hpp"

#include "weir/dead_letters/replay_notes.hpp"

#include <algorithm>
#include <charconv>
#include <set>
#include <string_view>
#include <utility>

namespace weir::letters {

bool letter_choice::holds(const kept_letter& l) const {
  const auto fits = [](const std::string& wanted, const std::string& is) {
    return wanted.empty() || wanted == is;
  };
  return fits(stage, l.letter.stage) && fits(at_operator, l.letter.operator_name) &&
         l.letter.error.find(error) != std::string::npos &&
         (!from || l.letter.failed_at >= *from) && (!to || l.letter.failed_at < *to) &&
         (numbers.empty() || std::find(numbers.begin(), numbers.end(), l.number) != numbers.end());
}

result<std::vector<std::uint64_t>> parse_numbers(const std::string& text) {
  constexpr std::uint64_t most = 1'000'000;
  const auto refused = [&] {
    return weir::error{errc::invalid_argument,
                       "'" + text + "': expected numbers like 3 or 3,5,9-12"};
  };
  const auto take = [](std::string_view& rest, std::uint64_t& n) {
    const auto [at, why] = std::from_chars(rest.data(), rest.data() + rest.size(), n);
    rest.remove_prefix(static_cast<std::size_t>(at - rest.data()));
    return why == std::errc{};
  };
  std::vector<std::uint64_t> numbers;
  std::string_view rest = text;
  while (true) {
    std::uint64_t first = 0;
    if (!take(rest, first)) return refused();
    std::uint64_t last = first;
    if (rest.starts_with('-')) {
      rest.remove_prefix(1);
      if (!take(rest, last)) return refused();
    }
    if (first == 0 || last < first || last - first >= most) return refused();
    for (std::uint64_t n = first; n <= last; ++n) numbers.push_back(n);
    if (rest.empty()) return numbers;
    if (!rest.starts_with(',')) return refused();
    rest.remove_prefix(1);
  }
}

result<chosen_letters> choose(const std::string& path, const letter_choice& which,
                              const std::optional<letter_place>& place, bool again) {
  std::vector<kept_letter> fitting;
  std::uint64_t run = 0;
  const auto read = read_letters(path, [&](kept_letter l) {
    run = l.run;
    if (which.holds(l)) fitting.push_back(std::move(l));
  });
  if (!read) return read.error();
  if (place) run = place->run;
  const auto noted = replayed_numbers(path);
  if (!noted) return noted.error();
  chosen_letters chosen;
  for (kept_letter& l : fitting)
    if (l.run != run)
      ++chosen.earlier;
    else if (place && l.number >= place->next_number)
      ++chosen.behind;
    else if (!again && noted->contains(l.number))
      ++chosen.replayed;
    else
      chosen.letters.push_back(std::move(l));
  return chosen;
}

}  // namespace weir::letters
