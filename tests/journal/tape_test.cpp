// SPDX-License-Identifier: BSD-3-Clause
#include "weir/journal/taped_answered_writer.hpp"
#include "weir/journal/taped_reader.hpp"
#include "weir/journal/taped_writer.hpp"

#include <catch2/catch_test_macros.hpp>
#include <catch2/matchers/catch_matchers.hpp>

#include <algorithm>
#include <random>

using namespace weir;
using namespace weir::journal;

namespace {

/// A tape with what another one recorded.
std::shared_ptr<tape> again(const tape& recorded) {
  auto made = std::make_shared<tape>();
  made->load(recorded.entry());
  return made;
}

struct scripted_reader final : source_reader<std::string> {
  void assign(std::size_t, const split&, std::uint64_t) override {}
  read_state poll(source_batch<std::string>& out, std::size_t, const weir::clock& time) override {
    switch (polls_++) {
      case 0:
        out.lane = 3;
        out.events.push("a", timestamp{duration{7}});
        out.events.push("b", timestamp{duration{8}});
        out.first_offset = 10;
        out.offsets = {11, 15};
        out.end_offset = 20;
        out.rejected = {{15, "text", "why"}};
        out.intended = time.steady();
        out.lane_idle = true;
        out.at_end = {1, 2};
        return read_state::more;
      case 1:
        return read_state::caught_up;
      default:
        throw exception({errc::io_failed, "the disk is gone"});
    }
  }
  [[nodiscard]] timestamp next_poll() const override { return timestamp{duration{99}}; }
  bool close() override { return true; }

private:
  int polls_ = 0;
};

struct scripted_writer final : sink_writer<int> {
  written write(std::span<const int> events, std::span<const timestamp>) override {
    return {events.size() - 1, error{errc::io_failed, "refused"}};
  }
  result<void> flush() override { return error{errc::stopped, "closed"}; }
  result<bytes> pre_commit(std::uint64_t n) override { return bytes(n); }
  result<void> commit(std::span<const std::byte>) override { return {}; }
};

}  // namespace

TEST_CASE("numbers of any size come back from their 7-bit form") {
  std::mt19937_64 random{1};
  bytes data;
  std::vector<std::uint64_t> all{0, 127, 128, ~std::uint64_t{0}};
  for (int i = 0; i < 1'000; ++i) all.push_back(random() >> (random() % 64));
  for (const std::uint64_t n : all) write_number(n, data);
  byte_reader in{data};
  for (const std::uint64_t n : all) {
    std::uint64_t read = 0;
    REQUIRE(read_number(in, read));
    REQUIRE(read == n);
  }
  std::uint64_t none = 0;
  CHECK_FALSE(read_number(in, none));
}

TEST_CASE("a tape shows the times again that its clocks showed") {
  manual_clock time{timestamp{duration{1'000'000}}};
  const tape recorded{time};
  std::vector<timestamp> walls;
  std::vector<steady_time> steadies;
  for (int i = 0; i < 100; ++i) {
    walls.push_back(recorded.wall());
    steadies.push_back(recorded.steady());
    time.advance(duration{i % 7 == 0 ? -50 : i * i});
  }
  const auto repeated = again(recorded);
  for (int i = 0; i < 100; ++i) {
    CHECK(repeated->wall() == walls[static_cast<std::size_t>(i)]);
    CHECK(repeated->steady() == steadies[static_cast<std::size_t>(i)]);
  }
  CHECK_THROWS(repeated->wall());
}

TEST_CASE("who asks another question than the one that was recorded is told so") {
  const manual_clock time;
  const tape recorded{time};
  CHECK(recorded.wall() == time.wall());
  CHECK_THROWS_WITH(again(recorded)->steady(),
                    "the journal goes on with wall, and not with steady");
}

TEST_CASE("a reader gives again what it gave, its failures too") {
  const manual_clock time{timestamp{duration{5}}};
  const auto recorded = std::make_shared<tape>(time);
  const auto play = [](source_reader<std::string>& r, const weir::clock& c) {
    source_batch<std::string> first;
    CHECK(r.poll(first, 10, c) == read_state::more);
    CHECK(first.lane == 3);
    CHECK(first.events.values == std::vector<std::string>{"a", "b"});
    CHECK(first.events.times[1] == timestamp{duration{8}});
    CHECK(first.first_offset == 10);
    CHECK(first.offsets == std::vector<std::uint64_t>{11, 15});
    CHECK(first.end_offset == 20);
    REQUIRE(first.rejected.size() == 1);
    CHECK(first.rejected[0].reason == "why");
    CHECK(first.intended == steady_time{});
    CHECK(first.lane_idle);
    CHECK_FALSE(first.lane_ended);
    CHECK(first.at_end == std::vector<std::size_t>{1, 2});
    source_batch<std::string> none;
    CHECK(r.poll(none, 10, c) == read_state::caught_up);
    CHECK(none.events.empty());
    CHECK(r.next_poll() == timestamp{duration{99}});
    CHECK(r.close());
    CHECK_THROWS_WITH(r.poll(none, 10, c), "the disk is gone");
  };
  taped_reader<std::string> real{std::make_unique<scripted_reader>(), recorded};
  play(real, *recorded);
  const auto repeating = again(*recorded);
  taped_reader<std::string> repeated{nullptr, repeating};
  play(repeated, *repeating);
}

TEST_CASE("a writer answers again what it answered, and is not written to") {
  const manual_clock time;
  const auto recorded = std::make_shared<tape>(time);
  const auto play = [](sink_writer<int>& w) {
    const std::vector<int> events{1, 2, 3};
    const std::vector<timestamp> times(3);
    CHECK_FALSE(w.takes_whole_batches());
    const written done = w.write(events, times);
    CHECK(done.events == 2);
    CHECK(done.failure == error{errc::io_failed, "refused"});
    CHECK(w.flush().error().message == "closed");
    CHECK(w.pre_commit(5).value().size() == 5);
    CHECK(w.commit({}));
  };
  taped_writer<int> real{std::make_unique<scripted_writer>(), recorded};
  play(real);
  taped_writer<int> repeated{nullptr, again(*recorded)};
  play(repeated);
}

namespace {

class scripted_answers final : public answered_writer<int> {
public:
  void begin(std::span<const int> events) override {
    if (events.empty()) throw std::runtime_error("nothing to write");
  }
  written settle() override {
    return tried_ ? written{3, {}} : written{1, error{errc::io_failed, "refused"}};
  }
  void try_again() override { tried_ = true; }
  void pass_over() override {}
  [[nodiscard]] bool has_answers() const override { return !tried_; }
  [[nodiscard]] std::size_t most_under_way() const noexcept override { return 300; }

private:
  bool tried_ = false;
};

}  // namespace

TEST_CASE("a writer that is answered later is answered again as it was") {
  const manual_clock time;
  const auto recorded = std::make_shared<tape>(time);
  const auto play = [](answered_writer<int>& w) {
    const std::vector<int> events{1, 2, 3, 4};
    CHECK(w.most_under_way() == 300);
    w.begin(events);
    CHECK(w.has_answers());
    const written first = w.settle();
    CHECK(first.events == 1);
    CHECK(first.failure == error{errc::io_failed, "refused"});
    w.try_again();
    const written rest = w.settle();
    CHECK(rest.events == 3);
    CHECK_FALSE(rest.failure);
    CHECK_FALSE(w.has_answers());
    w.pass_over();
    CHECK_THROWS_WITH(w.begin({}), "nothing to write");
  };
  taped_answered_writer<int> real{std::make_unique<scripted_answers>(), recorded};
  play(real);
  taped_answered_writer<int> repeated{nullptr, again(*recorded)};
  play(repeated);
}
