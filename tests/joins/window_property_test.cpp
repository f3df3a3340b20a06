// SPDX-License-Identifier: BSD-3-Clause
#include "joins/play.hpp"

#include <map>
#include <set>
#include <type_traits>

using namespace weir;
using namespace weir::test;

namespace {

constexpr int plays = 400;

/// Windows that depend on the event: the even ones are in one, the others in two.
struct by_number {
  template <class T, class Emit>
  void assign(const T& event, timestamp t, Emit emit) const {
    emit(window{t, t + duration{5 + event.value % 7}});
    if (event.value % 2 != 0) emit(window{t - duration{9}, t + duration{9}});
  }
};

/// The definition: all events of both sides, and when the watermark has passed a window, every pair
/// in it. Windows are found anew each time; `Windows` merges if they do.
template <class Windows>
class window_model {
  static constexpr bool merging = weir::detail::is_merging<Windows>;

public:
  window_model(Windows windows, bool keeps_left, bool keeps_right)
      : windows_(std::move(windows)), keeps_{keeps_left, keeps_right} {}

  std::vector<std::string> lines;

  bool arrive(int side, const blip& event, timestamp t, timestamp watermark) {
    known k{side, event, {}};
    bool taken = false;
    windows_.assign(event, t, [&](const window& w) {
      k.windows.push_back({w, false});
      if (whole(event.key, w).last() <= watermark)
        k.windows.back().done = true;
      else
        taken = true;
    });
    if (taken) events_.push_back(std::move(k));
    return taken || t > watermark;
  }
  void advance(timestamp watermark) {
    std::set<std::pair<std::int64_t, window>> complete;
    for (const known& e : events_)
      for (const part& p : e.windows)
        if (const window w = whole(e.event.key, p.at); !p.done && w.last() <= watermark)
          complete.insert({e.event.key, w});
    for (const auto& [key, w] : complete) emit(key, w);
    for (known& e : events_)
      for (part& p : e.windows)
        p.done = p.done || complete.contains({e.event.key, whole(e.event.key, p.at)});
    std::erase_if(events_, [](const known& e) {
      return std::all_of(e.windows.begin(), e.windows.end(), [](const part& p) { return p.done; });
    });
  }
  [[nodiscard]] std::int64_t held() const { return static_cast<std::int64_t>(events_.size()); }

private:
  struct part {
    window at;
    bool done = false;
  };
  struct known {
    int side;
    blip event;
    std::vector<part> windows;
  };

  /// The session that a window of a key is part of; the window itself if windows don't merge.
  [[nodiscard]] window whole(std::int64_t key, window w) const {
    if constexpr (merging) {
      for (bool grew = true; grew;) {
        grew = false;
        for (const known& e : events_)
          for (const part& p : e.windows) {
            if (e.event.key != key || !belong_together(p.at, w, windows_.rule())) continue;
            const window both{std::min(w.start, p.at.start), std::max(w.end, p.at.end)};
            grew = grew || both != w;
            w = both;
          }
      }
    }
    return w;
  }

  void emit(std::int64_t key, const window& w) {
    std::vector<const blip*> sides[2];
    for (const known& e : events_)
      for (const part& p : e.windows)
        if (e.event.key == key && !p.done && whole(key, p.at) == w)
          sides[e.side].push_back(&e.event);
    for (const blip* l : sides[0])
      for (const blip* r : sides[1]) lines.push_back(at(say(l, r), w.last()));
    for (int side = 0; side < 2; ++side) {
      if (!sides[1 - side].empty()) continue;
      for (const blip* e : sides[side])
        lines.push_back(at(!keeps_[side] ? "alone " + std::to_string(e->value)
                           : side == 0   ? say(e, nullptr)
                                         : say(nullptr, e),
                           w.last()));
    }
  }

  Windows windows_;
  bool keeps_[2];
  std::vector<known> events_;
};

template <class Finish, class MakeWindows>
void compare_kind(std::uint64_t first_seed, bool keeps_left, bool keeps_right,
                  MakeWindows make_windows, Finish finish) {
  compare(plays, first_seed, {}, [&](std::mt19937_64& random, const std::vector<act>& play) {
    const auto windows = make_windows(random);
    const outcome expected = told(window_model{windows, keeps_left, keeps_right}, play);
    const auto build = [windows, finish](stream<blip> left, stream<blip> right) {
      return finish(left.key_by(&blip::key)
                        .join(right.key_by(&blip::key))
                        .window(windows)
                        .late_left_to(late_blips)
                        .late_right_to(late_blips))
          .named("join");
    };
    return std::pair{played(build, play, random), expected};
  });
}

/// Compares all four kinds of join in one kind of window.
template <class MakeWindows>
void compare_all(std::uint64_t first_seed, MakeWindows make) {
  compare_kind(first_seed, false, false, make, [](auto joined) {
    return joined.unmatched_left_to(lone_blips)
        .unmatched_right_to(lone_blips)
        .apply([](const blip& l, const blip& r) { return say(&l, &r); });
  });
  compare_kind(first_seed + 100'000, true, false, make, [](auto joined) {
    return joined.left().unmatched_right_to(lone_blips).apply([](const blip& l, const blip* r) {
      return say(&l, r);
    });
  });
  compare_kind(first_seed + 200'000, false, true, make, [](auto joined) {
    return joined.right().unmatched_left_to(lone_blips).apply([](const blip* l, const blip& r) {
      return say(l, &r);
    });
  });
  compare_kind(first_seed + 300'000, true, true, make, [](auto joined) {
    return joined.full().apply([](const blip* l, const blip* r) { return say(l, r); });
  });
}

}  // namespace

TEST_CASE("joins in tumbling windows are those of a nested loop") {
  compare_all(1'000'000, [](auto& random) {
    const std::int64_t size = pick(random, 1, 25);
    return tumbling{duration{size}, duration{pick(random, 0, size - 1)}};
  });
}
TEST_CASE("joins in hopping windows are those of a nested loop") {
  compare_all(2'000'000, [](auto& random) {
    return hopping{duration{pick(random, 1, 25)}, duration{pick(random, 1, 15)}};
  });
}
TEST_CASE("joins in sessions are those of a nested loop") {
  compare_all(3'000'000, [](auto& random) {
    return session{duration{pick(random, 1, 15)}}.touching(
        pick(random, 0, 1) == 0 ? touching::merge : touching::separate);
  });
}
TEST_CASE("joins in the global window are those of a nested loop") {
  compare_all(4'000'000, [](auto&) { return global_window{}; });
}
TEST_CASE("joins in windows of one's own are those of a nested loop") {
  compare_all(5'000'000, [](auto&) { return by_number{}; });
}
