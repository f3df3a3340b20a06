// SPDX-License-Identifier: BSD-3-Clause
#include "connectors/reading.hpp"

#include <catch2/catch_test_macros.hpp>

#include <unistd.h>

#include <array>
#include <csignal>
#include <thread>

using namespace weir;
using namespace weir::test;

namespace {

static_assert(sink_of<stdout_sink, reading>);

struct pipe_ends {
  pipe_ends() { REQUIRE(::pipe(ends.data()) == 0); }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
  ~pipe_ends() {
    close_reader();
    close_writer();
  }
  void close_reader() { close_one(0); }
  void close_writer() { close_one(1); }
  [[nodiscard]] std::string read_some() const {
    std::string out(1 << 16, '\0');
    const auto n = ::read(ends[0], out.data(), out.size());
    out.resize(static_cast<std::size_t>(n));
    return out;
  }

  std::array<int, 2> ends{-1, -1};

private:
  void close_one(std::size_t i) {
    if (ends[i] >= 0) ::close(ends[i]);
    ends[i] = -1;
  }
};

auto open(const pipe_ends& to, stdout_options options = {}) {
  options.descriptor = to.ends[1];
  return to_stdout(options).make_writer<reading>({.id = "x"});
}

std::vector<timestamp> times(std::size_t n) { return std::vector<timestamp>(n); }

}  // namespace

TEST_CASE("lines are printed when the sink is flushed") {
  const pipe_ends ends;
  const auto to = open(ends);
  const auto events = sample(3);
  CHECK(to->write(events, times(3)).events == 3);
  CHECK(to->flush());
  CHECK(ends.read_some() == as_jsonl(events));
  to->write(events, times(3));
  CHECK(to->pre_commit(1)->empty());
  CHECK(ends.read_some() == as_jsonl(events));
}

TEST_CASE("CSV is printed with its header") {
  const pipe_ends ends;
  const auto to = open(ends, {.format = file_format::csv});
  to->write(sample(2), times(2));
  CHECK(to->flush());
  CHECK(ends.read_some() == as_csv(sample(2)));
}

TEST_CASE("what is more than a pipe holds is printed whole") {
  pipe_ends ends;
  std::string got;
  std::thread reader{[&] {
    for (std::string some = ends.read_some(); !some.empty(); some = ends.read_some()) got += some;
  }};
  const auto events = sample(20'000);
  {
    const auto to = open(ends);
    CHECK(to->write(events, times(events.size())).events == events.size());
    CHECK(to->flush());
  }
  ends.close_writer();
  reader.join();
  CHECK(got == as_jsonl(events));
}

TEST_CASE("a closed pipe is an error and no signal") {
  pipe_ends ends;
  ends.close_reader();
  const auto handler = std::signal(SIGPIPE, [](int) { std::abort(); });
  const auto to = open(ends);
  to->write(sample(1), times(1));
  const auto flushed = to->flush();
  REQUIRE_FALSE(flushed);
  CHECK(flushed.error().code == errc::stopped);
  CHECK_THROWS_AS(to->write(sample(20'000), times(20'000)), exception);
  CHECK(std::signal(SIGPIPE, handler) != SIG_ERR);
  sigset_t pending;
  sigpending(&pending);
  CHECK(sigismember(&pending, SIGPIPE) == 0);
}
