// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/patterns/matcher.hpp"
#include "weir/patterns/pattern.hpp"

#include <boost/describe/class.hpp>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace weir::test {

/// The event of the pattern tests: "b2" is {'b', 2}.
struct letter {
  char name = 'x';
  std::int64_t price = 0;
  std::uint64_t place = 0;  ///< In the input, where a test wants to know.

  friend bool operator==(const letter&, const letter&) = default;
};
BOOST_DESCRIBE_STRUCT(letter, (), (name, price, place))

inline timestamp us(std::int64_t n) { return timestamp{duration{n}}; }

inline auto is(char name) {
  return [name](const letter& l) { return l.name == name; };
}

/// "a1 a2 b1" as events of 1 µs, 2 µs, …; of equal names each has its own number.
inline std::vector<letter> letters(const std::string& text) {
  std::vector<letter> made;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == ' ') continue;
    letter l{text[i], 0, 0};
    while (i + 1 < text.size() && text[i + 1] != ' ') l.price = l.price * 10 + (text[++i] - '0');
    made.push_back(l);
  }
  return made;
}

inline std::string text_of(const match<letter>& m) {
  std::string text;
  for (const auto& s : m.steps)
    for (const letter& l : s.events)
      text += (text.empty() ? "" : " ") + std::string{l.name} + std::to_string(l.price);
  return text;
}

/// Matches one key's events at 1 µs, 2 µs, …; returns the matches as texts, in their order.
inline std::vector<std::string> matches_of(const pattern<letter>& p, const std::string& events,
                                           std::int64_t then_advance_to = 0) {
  patterns::matcher<letter> m{p.compile().value(), {}};
  patterns::findings<letter> found;
  std::int64_t at = 0;
  for (letter l : letters(events)) {
    patterns::condition_bits bits = 0;
    bool scratch = false;
    m.pattern().classify(&l, 1, &bits, &scratch);
    m.advance(0, us(++at), found);
    m.on_event(0, l, us(at), us(at), bits, found);
  }
  if (then_advance_to != 0) m.advance(0, us(then_advance_to), found);
  std::vector<std::string> texts;
  for (const auto& [found_match, when] : found.matches) texts.push_back(text_of(found_match));
  return texts;
}

using texts = std::vector<std::string>;

}  // namespace weir::test
