// SPDX-License-Identifier: BSD-3-Clause
#include "texts.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <deque>
#include <mutex>
#include <utility>

namespace nexmark {

namespace {

constexpr std::size_t kept_of_each = 8192;
constexpr std::size_t padding_size = 1024 * 1024;
constexpr std::uint64_t channels = 10'000;

/// Keeps a text for good: events refer to it until the process ends, behind its last destructor.
weir::text_ref keep(std::string text) {
  static std::mutex mutex;
  static auto& all = *new std::deque<std::string>;
  const std::lock_guard lock{mutex};
  return weir::text_ref::to_lasting(all.emplace_back(std::move(text)));
}

/// Three to `max − 1` letters, of which one in 13 is `special`; no blanks at its ends.
std::string letters(std::uint64_t max, random_numbers& random, char special = ' ') {
  std::string made(3 + random.below(max - 3), special);
  for (char& c : made)
    if (random.below(13) != 0) c = static_cast<char>('a' + random.below(26));
  const std::size_t from = std::min(made.find_first_not_of(' '), made.size());
  made.erase(0, from);
  made.erase(made.find_last_not_of(' ') + 1);
  return made;
}

std::string url(random_numbers& random) {
  std::string made = "https://www.nexmark.com";
  for (int i = 0; i < 3; ++i) made += "/" + letters(5, random, '_');
  return made + "/item.htm?query=1";
}

std::int32_t reversed_bits(std::uint32_t x) {
  std::uint32_t made = 0;
  for (int i = 0; i < 32; ++i, x >>= 1) made = made << 1 | (x & 1);
  return static_cast<std::int32_t>(made);
}

}  // namespace

std::shared_ptr<const texts> texts::make(std::uint64_t seed) {
  return std::shared_ptr<const texts>{new texts{seed}};
}

texts::texts(std::uint64_t seed) {
  random_numbers random{seed * 0x9e3779b97f4a7c15ULL + 1};
  make_persons(random);
  for (std::size_t i = 0; i < kept_of_each; ++i) {
    items_.push_back(keep(letters(20, random)));
    descriptions_.push_back(keep(letters(100, random)));
  }
  make_channels(random);
  make_padding(random);
}

void texts::make_persons(random_numbers& random) {
  for (const char* first : {"Peter", "Paul", "Luke", "John", "Saul", "Vicky", "Kate", "Julie",
                            "Sarah", "Deiter", "Walter"})
    for (const char* last :
         {"Shultz", "Abrams", "Spencer", "White", "Bartels", "Walton", "Smith", "Jones", "Noris"})
      names_.push_back(keep(std::string{first} + " " + last));
  for (const char* city : {"Phoenix", "Los Angeles", "San Francisco", "Boise", "Portland", "Bend",
                           "Redmond", "Seattle", "Kent", "Cheyenne"})
    cities_.push_back(keep(city));
  for (const char* state : {"AZ", "CA", "ID", "OR", "WA", "WY"}) states_.push_back(keep(state));
  for (std::size_t i = 0; i < kept_of_each; ++i) {
    const std::string user = letters(7, random);
    emails_.push_back(keep(user + "@" + letters(5, random) + ".com"));
    std::string card;
    for (int group = 0; group < 4; ++group) {
      const std::string digits = std::to_string(10'000 + random.below(10'000));
      card += (group == 0 ? "" : " ") + digits.substr(1);
    }
    cards_.push_back(keep(card));
  }
}

void texts::make_channels(random_numbers& random) {
  const char* known[] = {"Google", "Facebook", "Baidu", "Apple"};
  for (std::size_t i = 0; i < hot_.size(); ++i) hot_[i] = {keep(known[i]), keep(url(random))};
  for (std::uint64_t i = 0; i < channels; ++i) {
    std::string to = url(random);
    const std::int32_t id = reversed_bits(static_cast<std::uint32_t>(i));
    // Java's Math.abs leaves the least integer negative; 1 is the only number that becomes it.
    const std::int64_t shown = id == INT32_MIN ? INT32_MIN : std::abs(id);
    if (random.below(10) > 0) to += "&channel_id=" + std::to_string(shown);
    cold_.push_back({keep("channel-" + std::to_string(i)), keep(std::move(to))});
  }
}

/// Six characters of a signed number at a time, so that half of them are 'a' … 'z' and half 'H' …
/// 'a'.
void texts::make_padding(random_numbers& random) {
  std::string made;
  made.reserve(padding_size + 6);
  while (made.size() < padding_size) {
    auto number = static_cast<std::int32_t>(static_cast<std::uint32_t>(random()));
    for (int i = 0; i < 6; ++i, number /= 26) made += static_cast<char>('a' + number % 26);
  }
  padding_ = keep(std::move(made));
}

weir::text_ref texts::extra(std::size_t size, std::size_t wanted, random_numbers& random) const {
  if (size >= wanted) return {};
  const std::size_t missing = wanted - size;
  const std::size_t delta = (missing + 2) / 5;  // a fifth, rounded
  const std::uint64_t drawn = random();
  const std::size_t spread =
      delta == 0 ? 0 : static_cast<std::size_t>((drawn >> 32) * (2 * delta) >> 32);
  const std::size_t length = missing - delta + spread;
  const std::uint64_t places = padding_.size() - length;
  return padding_.substr(static_cast<std::size_t>((drawn & 0xffffffffU) * places >> 32), length);
}

}  // namespace nexmark
