// SPDX-License-Identifier: BSD-3-Clause
#include "weir/flow/credit_window.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <utility>

using weir::flow::credit_window;
using namespace std::chrono_literals;

TEST_CASE("a credit window that has measured nothing allows full frames") {
  const credit_window w{{.frames = 8, .max_events = 1024}, 5};
  CHECK(w.frames() == 8);
  CHECK(w.max_events() == 1024);
}

TEST_CASE("a fast receiver keeps full frames") {
  credit_window w{{.frames = 8, .max_events = 1024, .hold = 1s}, 1};
  w.worked(1000, 10us);
  CHECK(w.max_events() == 1024);
}

TEST_CASE("a slow receiver asks for frames that it works off within the hold time") {
  credit_window w{{.frames = 8, .max_events = 1024, .hold = 1s}, 1};
  w.worked(10, 10ms);  // 1 ms an event: 8 frames of 125 take a second
  CHECK(w.max_events() == 125);
}

TEST_CASE("the hold time is shared by all channels of a receiver") {
  credit_window w{{.frames = 8, .max_events = 1024, .hold = 1s}, 5};
  w.worked(1, 1ms);
  CHECK(w.max_events() == 25);
}

TEST_CASE("a receiver slower than the hold time still gets one event a frame") {
  credit_window w{{.frames = 8, .max_events = 1024, .hold = 1s}, 1};
  w.worked(1, 1h);
  CHECK(w.max_events() == 1);
}

TEST_CASE("a frame without events says nothing about the pace") {
  credit_window w{{.frames = 8, .max_events = 1024, .hold = 1s}, 1};
  w.worked(0, 1h);
  CHECK(w.max_events() == 1024);
}

TEST_CASE("a receiver that becomes fast again gets larger frames step by step") {
  credit_window w{{.frames = 8, .max_events = 1024, .hold = 1s}, 1};
  w.worked(1, 10ms);
  const auto slow = w.max_events();
  w.worked(1, 1us);
  CHECK(w.max_events() > slow);
  for (int i = 0; i < 100; ++i) w.worked(1000, 1us);
  CHECK(w.max_events() == 1024);
}

TEST_CASE("few channels of a receiver get more frames, but no more than one may have") {
  using weir::flow::frames_of_each;
  using sizes = std::pair<std::uint32_t, std::uint32_t>;
  for (const auto& [channels, frames] :
       {sizes{0, 32}, {1, 32}, {2, 16}, {3, 10}, {4, 8}, {5, 8}, {1000, 8}}) {
    INFO(channels);
    CHECK(frames_of_each({}, channels) == frames);
    CHECK(credit_window{{}, channels}.frames() == frames);
    CHECK(frames_of_each({.frames = 3}, channels) == 3);
  }
  CHECK(frames_of_each({.together = 0}, 1) == 8);
  credit_window w{{.max_events = 1024, .hold = 1s}, 1};
  w.worked(10, 10ms);  // 1 ms an event: 32 frames of 31 take a second
  CHECK(w.max_events() == 31);
  credit_window ending{{}, 5};
  ending.set_channels(2);
  CHECK(ending.frames() == 16);
  CHECK(ending.grant_step() == 8);
  ending.set_channels(0);
  CHECK(ending.frames() == 32);
}

TEST_CASE("grants are told in steps of half a window, and each time if the window is one frame") {
  CHECK(credit_window{{.frames = 8}, 1}.grant_step() == 4);
  CHECK(credit_window{{.frames = 3}, 1}.grant_step() == 1);
  CHECK(credit_window{{.frames = 1}, 1}.grant_step() == 1);
}
