// SPDX-License-Identifier: BSD-3-Clause
#include "joins/play.hpp"

using namespace weir;
using namespace weir::test;

namespace {

constexpr int plays = 3000;

struct setting {
  duration lower;
  duration upper;
  bool lower_open = false;
  bool upper_open = false;
};

setting random_setting(std::mt19937_64& random) {
  const std::int64_t lower = pick(random, -25, 15);
  setting s{duration{lower}, duration{lower + pick(random, 0, 25)}};
  s.lower_open = s.upper - s.lower > duration{1} && pick(random, 0, 1) == 1;
  s.upper_open = s.upper - s.lower > duration{1} && pick(random, 0, 1) == 1;
  return s;
}

/// The definition: every event is compared with every other, and nothing is forgotten.
class interval_model {
public:
  interval_model(setting s, bool keeps_left, bool keeps_right)
      : s_(s), keeps_{keeps_left, keeps_right} {}

  std::vector<std::string> lines;

  bool arrive(int side, const blip& event, timestamp t, timestamp watermark) {
    if (t < watermark) return false;
    known mine{event, t};
    for (known& other : events_[1 - side]) {
      known& l = side == 0 ? mine : other;
      known& r = side == 0 ? other : mine;
      if (other.gone || l.event.key != r.event.key || !fits(r.at - l.at)) continue;
      l.matched = r.matched = true;
      lines.push_back(at(say(&l.event, &r.event), std::max(l.at, r.at)));
    }
    events_[side].push_back(mine);
    end_what_is_over(watermark);
    return true;
  }
  void advance(timestamp watermark) { end_what_is_over(watermark); }

  [[nodiscard]] std::int64_t held() const {
    std::int64_t n = 0;
    for (const auto& side : events_)
      for (const known& e : side) n += e.gone ? 0 : 1;
    return n;
  }

private:
  struct known {
    blip event;
    timestamp at;
    bool matched = false;
    bool gone = false;
  };

  [[nodiscard]] bool fits(duration d) const {
    return (s_.lower_open ? d > s_.lower : d >= s_.lower) &&
           (s_.upper_open ? d < s_.upper : d <= s_.upper);
  }
  /// Whether an event at the watermark or later can't be a partner: it is too late for the last one
  /// that fits.
  [[nodiscard]] bool is_over(int side, const known& e, timestamp watermark) const {
    const duration last =
        side == 0 ? s_.upper - duration{s_.upper_open} : -s_.lower - duration{s_.lower_open};
    return watermark == max_timestamp || watermark >= e.at + last;
  }
  void end_what_is_over(timestamp watermark) {
    for (int side = 0; side < 2; ++side)
      for (known& e : events_[side]) {
        if (e.gone || !is_over(side, e, watermark)) continue;
        e.gone = true;
        if (e.matched) continue;
        const blip* none = nullptr;
        if (keeps_[side])
          lines.push_back(at(side == 0 ? say(&e.event, none) : say(none, &e.event), e.at));
        else
          lines.push_back(at("alone " + std::to_string(e.event.value), e.at));
      }
  }

  setting s_;
  bool keeps_[2];
  std::vector<known> events_[2];
};

template <class L, class R>
std::string row(const L& l, const R& r) {
  const auto address = [](const auto& x) -> const blip* {
    if constexpr (std::is_pointer_v<std::decay_t<decltype(x)>>)
      return x;
    else
      return &x;
  };
  return say(address(l), address(r));
}

/// Compares a kind of join; `finish` gives it its kind and its unmatched events their side.
template <class Finish>
void compare_kind(std::uint64_t first_seed, bool keeps_left, bool keeps_right, Finish finish) {
  compare(plays, first_seed, {}, [&](std::mt19937_64& random, const std::vector<act>& play) {
    const setting s = random_setting(random);
    const outcome expected = told(interval_model{s, keeps_left, keeps_right}, play);
    const auto build = [s, finish](stream<blip> left, stream<blip> right) {
      auto joined = left.key_by(&blip::key)
                        .join(right.key_by(&blip::key))
                        .within(s.lower, s.upper)
                        .late_left_to(late_blips)
                        .late_right_to(late_blips);
      if (s.lower_open) joined = joined.lower_exclusive();
      if (s.upper_open) joined = joined.upper_exclusive();
      return finish(joined).named("join");
    };
    return std::pair{played(build, play, random), expected};
  });
}

}  // namespace

TEST_CASE("an inner interval join gives the pairs that a nested loop finds") {
  compare_kind(1, false, false, [](auto joined) {
    return joined.unmatched_left_to(lone_blips)
        .unmatched_right_to(lone_blips)
        .apply([](const blip& l, const blip& r) { return row(l, r); });
  });
}
TEST_CASE("a left interval join adds the left events that a nested loop finds no partner for") {
  compare_kind(100'001, true, false, [](auto joined) {
    return joined.left().unmatched_right_to(lone_blips).apply([](const blip& l, const blip* r) {
      return row(l, r);
    });
  });
}
TEST_CASE("a right interval join adds the right events that a nested loop finds no partner for") {
  compare_kind(200'001, false, true, [](auto joined) {
    return joined.right().unmatched_left_to(lone_blips).apply([](const blip* l, const blip& r) {
      return row(l, r);
    });
  });
}
TEST_CASE("a full interval join adds all events that a nested loop finds no partner for") {
  compare_kind(300'001, true, true, [](auto joined) {
    return joined.full().apply([](const blip* l, const blip* r) { return row(l, r); });
  });
}
