// SPDX-License-Identifier: BSD-3-Clause
// Sinks whose writers are answered later.
#include "unit/one_stage.hpp"
#include "weir/sink/answered_writer.hpp"

#include <catch2/catch_test_macros.hpp>

#include <deque>
#include <map>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using flow::verdict;

namespace {

/// What a test sees of a server, and says for it.
struct played_server {
  std::deque<std::vector<std::int64_t>> under_way;  ///< Batches, those that are answered, too.
  std::map<std::int64_t, int> refuses;              ///< How often a value is refused yet.
  std::size_t answered = 0;                         ///< Batches from the front.
  std::vector<std::int64_t> tried_again;
};

class played_writer final : public answered_writer<tick> {
public:
  explicit played_writer(std::shared_ptr<played_server> of) : of_(std::move(of)) {}

  void begin(std::span<const tick> events) override {
    std::vector<std::int64_t>& batch = of_->under_way.emplace_back();
    for (const tick& t : events) batch.push_back(t.value);
  }
  written settle() override {
    written done;
    if (of_->answered == 0) return done;
    const auto& oldest = of_->under_way.front();
    for (; at_ < oldest.size(); ++at_, ++done.events)
      if (int& left = of_->refuses[oldest[at_]]; left != 0) {
        --left;
        done.failure = error{errc::stage_failed, "refused"};
        return done;
      }
    at_ = 0;
    of_->under_way.pop_front();
    --of_->answered;
    return done;
  }
  void try_again() override { of_->tried_again.push_back(of_->under_way.front()[at_]); }
  void pass_over() override { ++at_; }
  [[nodiscard]] bool has_answers() const noexcept override { return of_->answered != 0; }
  [[nodiscard]] std::size_t most_under_way() const noexcept override { return 2; }

private:
  std::shared_ptr<played_server> of_;
  std::size_t at_ = 0;
};

struct played_sink {
  std::shared_ptr<played_server> server = std::make_shared<played_server>();

  template <class T>
  [[nodiscard]] std::unique_ptr<answered_writer<T>> make_answered_writer(
      const sink_instance&) const {
    return std::make_unique<played_writer>(server);
  }
  [[nodiscard]] std::string kind() const { return "played"; }
  [[nodiscard]] bool blocking() const { return false; }
};

struct fixture {
  explicit fixture(directive what = {})
      : stage{[&] {
                pipeline p{"p"};
                p.from(memory_source{std::vector<tick>{}}).to(sink).named("out").on_error(what);
                p.dead_letters_to(memory_sink<dead_letter>{});
                return p;
              }(),
              "out"} {
    stage.grant_all();
  }
  void send(std::int64_t from, std::int64_t to) {
    std::vector<std::pair<tick, timestamp>> all;
    for (std::int64_t i = from; i < to; ++i) all.emplace_back(tick{0, i}, ms(i));
    stage.send(0, all);
  }
  played_server& server() { return *sink.server; }

  played_sink sink;
  one_stage stage;
};

bool acknowledged(const flow::effects& e) {
  return std::any_of(e.notices.begin(), e.notices.end(), [](const flow::notice& n) {
    return n.what == flow::notice::kind::acknowledged;
  });
}
bool ended(const flow::effects& e) {
  return std::any_of(e.notices.begin(), e.notices.end(),
                     [](const flow::notice& n) { return n.what == flow::notice::kind::ended; });
}

}  // namespace

TEST_CASE("batches are under way together, and no more than may be") {
  fixture f;
  for (std::int64_t i = 0; i < 4; ++i) f.send(i, i + 1);
  CHECK(f.stage.work() == verdict::blocked);
  CHECK(f.server().under_way.size() == 2);
  f.server().answered = 1;
  CHECK(f.stage.work() == verdict::blocked);
  CHECK(f.server().under_way.size() == 2);
  CHECK(f.server().under_way.front() == std::vector<std::int64_t>{1});
  f.server().answered = 2;
  CHECK(f.stage.work() == verdict::done);
  CHECK(f.server().under_way == std::deque<std::vector<std::int64_t>>{{3}});
}

TEST_CASE("a checkpoint waits until all that was written before its barrier is answered") {
  fixture f;
  f.send(0, 3);
  f.stage.send_barrier(0, 1);
  f.send(3, 4);
  f.stage.work();
  CHECK_FALSE(acknowledged(f.stage.effects()));
  CHECK(f.server().under_way.size() == 1);  // what is behind the barrier isn't begun either
  f.server().answered = 1;
  f.stage.work();
  CHECK(acknowledged(f.stage.effects()));
  CHECK(f.server().under_way == std::deque<std::vector<std::int64_t>>{{3}});
}

TEST_CASE("the end waits for the answers") {
  fixture f;
  f.send(0, 3);
  f.stage.send_end(0);
  f.stage.work();
  CHECK_FALSE(ended(f.stage.effects()));
  f.server().answered = 1;
  f.stage.work();
  CHECK(ended(f.stage.effects()));
}

TEST_CASE("an event that is refused later is a dead letter, and the others are written") {
  fixture f;
  f.server().refuses[1] = 1;
  f.send(0, 3);
  f.send(3, 5);
  f.stage.work();
  f.server().answered = 2;
  f.stage.work();
  CHECK(f.server().under_way.empty());
  const auto letters = f.stage.values<dead_letter>(0);
  REQUIRE(letters.size() == 1);
  CHECK(letters[0].operator_name == "out");
  CHECK(letters[0].error == "refused");
  CHECK(letters[0].text == R"({"key":0,"value":1})");
  CHECK(letters[0].event_time == ms(1));
}

TEST_CASE("an event that is refused later is tried again after its back-off, as often as told") {
  fixture f{directive::retry(2, 10ms)};
  f.server().refuses[1] = 3;
  f.send(0, 3);
  f.stage.work();
  f.server().answered = 1;
  CHECK(f.stage.work() == verdict::blocked);
  CHECK(f.server().tried_again.empty());
  CHECK(f.stage.effects().wake_at <= f.stage.time().wall() + 10ms);
  f.stage.time().advance(10ms);
  f.stage.work();
  CHECK(f.server().tried_again == std::vector<std::int64_t>{1});
  f.stage.time().advance(1s);
  f.stage.work();
  CHECK(f.server().tried_again == std::vector<std::int64_t>{1, 1});
  CHECK(f.stage.values<dead_letter>(0).size() == 1);
  CHECK(f.server().under_way.empty());
}
