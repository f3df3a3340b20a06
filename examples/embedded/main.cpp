// SPDX-License-Identifier: BSD-3-Clause
// A program of its own embeds a pipeline: it pushes readings from its threads and gets alarms back.
// [embedded]
#include <weir/weir.hpp>

#include <atomic>
#include <cstdio>
#include <thread>

struct reading {
  std::string sensor;
  double celsius;
};
BOOST_DESCRIBE_STRUCT(reading, (), (sensor, celsius))

int main() {
  const weir::push_source<reading> readings;
  std::atomic<int> alarms{0};

  weir::pipeline p{"alarms"};
  p.from(readings)
      .key_by(&reading::sensor)
      .reduce([](const reading& hottest, const reading& r) {
        return r.celsius > hottest.celsius ? r : hottest;
      })
      .named("hottest")
      .filter([](const reading& r) { return r.celsius > 90; })
      .to(weir::callback_sink{[&](const reading&) { ++alarms; }});

  auto running = weir::runtime::start(std::move(p));
  if (!running) return std::fprintf(stderr, "%s\n", running.error().message.c_str()), 2;

  std::thread sensor{[&] {
    for (int i = 0; i < 100; ++i) readings.push({"boiler", 50.0 + i});
  }};
  sensor.join();
  readings.close();

  const weir::run_summary done = running->wait();
  std::printf("%lu readings, %d of them while the boiler had been above 90 degrees\n",
              static_cast<unsigned long>(done.events_read), alarms.load());
  return done.failure ? 1 : 0;
}
// [embedded]
