// SPDX-License-Identifier: BSD-3-Clause
#include "weir/windows/chunk_list.hpp"

#include <catch2/catch_test_macros.hpp>

#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>

using weir::operators::chunk_list;

namespace {

void require_equal(const chunk_list<std::string>& list, const std::deque<std::string>& model) {
  REQUIRE(list.size() == model.size());
  REQUIRE(list.empty() == model.empty());
  for (std::size_t i = 0; i < model.size(); ++i) REQUIRE(list[i] == model[i]);
  if (model.empty()) return;
  REQUIRE(list.front() == model.front());
  REQUIRE(list.back() == model.back());
}

}  // namespace

TEST_CASE("a chunk list is a deque, whatever is done at its ends") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    std::mt19937_64 random{seed};
    chunk_list<std::string> list;
    std::deque<std::string> model;
    for (int i = 0; i < 1'500; ++i) {
      // Stretches in which it grows, stays as it is (but moves on), or shrinks.
      const auto mood = i / 300 % 3;
      const auto what = random() % 12;
      if (what < (mood == 0 ? 9U : mood == 1 ? 6U : 3U)) {
        const std::string made = "a string too long to lie within itself " + std::to_string(i);
        if (!model.empty() && what == 0) {
          const auto at = random() % (model.size() + 1);
          list.insert(at, made);
          model.insert(model.begin() + static_cast<std::ptrdiff_t>(at), made);
        } else {
          list.push_back(made);
          model.push_back(made);
        }
      } else if (random() % 400 == 0) {
        list.clear();
        model.clear();
      } else if (!model.empty()) {
        if (what % 3 != 0) {
          list.pop_front();
          model.pop_front();
        } else {
          list.pop_back();
          model.pop_back();
        }
      }
      if (i % 50 == 0) {
        require_equal(list, model);
        const chunk_list<std::string> copy{list};
        auto moved = std::move(list);
        require_equal(copy, model);
        list = std::move(moved);
      }
    }
    require_equal(list, model);
  }
}

TEST_CASE("a chunk list lets elements go when they leave it") {
  const auto watched = std::make_shared<int>(0);
  chunk_list<std::shared_ptr<int>> list;
  for (int i = 0; i < 200; ++i) list.push_back(watched);
  for (int i = 0; i < 50; ++i) list.pop_front();
  for (int i = 0; i < 50; ++i) list.pop_back();
  CHECK(watched.use_count() == 101);
  list.clear();
  CHECK(watched.use_count() == 1);
}
