// SPDX-License-Identifier: BSD-3-Clause
// Orders by way of Kafka: makes them and writes them to a topic; reads that topic, sums what each
// shop takes in a minute and looks for stolen cards that are tested; writes both to topics again,
// and the sums to Redis if there is one. Without a broker it runs against one within the process.
#include "order.hpp"

#include <weir/connectors/kafka/kafka.hpp>
#include <weir/connectors/redis/redis.hpp>

#include <memory>

using namespace std::chrono_literals;
using orders::order;
namespace kafka = weir::kafka;

namespace {

constexpr std::uint64_t made_unless_told = 20'000;  // stays within what an embedded broker keeps

kafka::cluster cluster_of(const weir::args& args) {
  kafka::cluster at{.brokers = args["brokers"]};
  at.security.tls = args.flag("tls");
  at.security.authorities = args["authorities"];
  at.security.mechanism = args["mechanism"];
  at.security.user = args["user"];
  if (!at.security.user.empty())
    at.security.password = kafka::secret::from_environment("ORDERS_PASSWORD");
  return at;
}

std::string topic_of(const weir::args& args, const std::string& what) {
  const bool result = what != "orders" && !args["results"].empty();
  return args[result ? "results" : "prefix"] + what;
}

/// Exactly once where a crash has something to go on from.
kafka::delivery delivery_of(const weir::args& args) {
  const bool checkpoints = args.has("checkpoints") && args["checkpoints"] != "none";
  const std::string& said = args["delivery"];
  if (said == "exactly-once" || (said == "auto" && checkpoints))
    return kafka::delivery::exactly_once;
  if (said == "at-least-once" || said == "auto") return kafka::delivery::at_least_once;
  throw weir::exception({weir::errc::invalid_argument,
                         "--delivery '" + said + "': auto, at-least-once or exactly-once"});
}
kafka::sink_options how(const weir::args& args) {
  return {.delivery = delivery_of(args), .queue_bytes = args.bytes("queue")};
}

std::uint64_t to_make(const weir::args& args) {
  if (args["orders"] != "auto") return args.count("orders");
  return args["brokers"] == kafka::embedded_brokers ? made_unless_told : 0;
}

void make_topics(const weir::args& args) {
  const auto partitions = static_cast<std::int32_t>(args.count("partitions"));
  for (const char* what : {"orders", "revenue", "alerts", "failed"})
    kafka::make_topic(cluster_of(args), topic_of(args, what), partitions).value();
}

void write_orders(weir::pipeline& p, const weir::args& args) {
  const auto make = [first = args.count("first")](std::uint64_t i) {
    return orders::make_order(first + i);
  };
  p.from(weir::generator{make, {.events = to_make(args), .rate = args.number("rate")}})
      .to(kafka::to_topic(cluster_of(args), topic_of(args, "orders"),
                          {.queue_bytes = args.bytes("queue")})
              .key(&order::customer))
      .named("orders");
}

auto card_testing() {
  return weir::pattern<order>("probe")
      .where([](const order& o) { return o.cents < 100; })
      .times(3)
      .followed_by("strike")
      .where([](const order& o) { return o.cents > 40'000; })
      .within(1min)
      .skip(weir::skip_past_last())
      .named("card testing");
}

std::shared_ptr<const kafka::lag_board> process(weir::pipeline& p, const weir::args& args) {
  const kafka::cluster at = cluster_of(args);
  p.dead_letters_to(kafka::dead_letter_topic(at, topic_of(args, "failed")));
  auto source = kafka::topic<order>(at, topic_of(args, "orders"),
                                    {.bounded = !args.flag("follow"),
                                     .group = topic_of(args, "orders-processed"),
                                     .find_interval = args.time("find-interval")});
  weir::event_time_options rules;
  if (args.flag("follow")) rules.idle_after = args.time("idle-after");
  auto read = p.from(source).event_time(&order::at, weir::bounded_out_of_orderness(1s), rules);

  auto sums = read.key_by(&order::shop)
                  .window(weir::tumbling(1min))
                  .aggregate<orders::revenue_numbers>(weir::count{}, weir::sum(&order::cents))
                  .named("revenue by shop and minute")
                  .map([](const auto& r) {
                    return orders::revenue{r.key, r.window.start, r.value.orders, r.value.cents};
                  });
  if (args["redis"] != "none")
    sums.to(weir::redis::hash(args["redis"], "revenue", &orders::revenue::shop,
                              &orders::revenue::cents))
        .named("newest revenue");
  sums.to(kafka::to_topic(at, topic_of(args, "revenue"), how(args)).key(&orders::revenue::shop))
      .named("revenue");

  read.key_by(&order::customer)
      .detect(card_testing())
      .named("card testing")
      .select([](const weir::match<order>& m) {
        const order& last = m.first("strike");
        return orders::alert{last.customer, m.first("probe").number, last.number, last.cents};
      })
      .to(kafka::to_topic(at, topic_of(args, "alerts"), how(args)).key(&orders::alert::customer))
      .named("alerts");
  return source.lag();
}

/// Writes the orders to the topic first, for a run that then reads them.
void make_first(const weir::args& args) {
  if (args["role"] == "process") return;
  make_topics(args);
  if (args["role"] == "make" || to_make(args) == 0) return;
  weir::pipeline making{"make orders"};
  write_orders(making, args);
  auto running = weir::runtime::start(std::move(making));
  if (const auto summary = running.value().wait(); summary.failure)
    throw weir::exception(*summary.failure);
}

}  // namespace

int main(int argc, char** argv) {
  std::shared_ptr<const kafka::lag_board> lag;
  return weir::main(
      argc, argv,
      {.name = "orders",
       .description = "Revenue and fraud in orders that come by way of Kafka.",
       .options = {{"brokers", kafka::embedded_brokers, "host:port, or a broker in this process"},
                   {"prefix", "", "goes before the topics' names"},
                   {"results", "", "... of the results, if that is another"},
                   {"partitions", "4", "of each topic that is made"},
                   {"role", "both", "make: write orders; process: read them; both, one by one"},
                   {"orders", "auto", "how many to make; auto: 20000 in this process, else none"},
                   {"first", "0", "the number of the first one that is made"},
                   {"rate", "0", "orders made a second; 0 is as fast as possible"},
                   {"delivery", "auto",
                    "exactly-once, at-least-once; auto: the former with --checkpoints"},
                   {"queue", "64MiB", "of rows that wait for the broker; then reading stops"},
                   {"follow", "false",
                    "go on with what comes, instead of ending with what is there"},
                   {"idle-after", "5s",
                    "with --follow: a partition without orders is not waited for"},
                   {"find-interval", "10s", "with --follow: how often to look for new partitions"},
                   {"redis", "none", "redis://host:port for the newest revenue of each shop"},
                   {"tls", "false", "talk to the brokers by TLS"},
                   {"authorities", "", "... with this PEM file of trusted authorities"},
                   {"mechanism", "", "log in by PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"},
                   {"user", "", "... with this name; the password is ORDERS_PASSWORD's value"}},
       .build =
           [&](weir::pipeline& p, const weir::args& args) {
             if (args["role"] == "make")
               write_orders(p, args);
             else
               lag = process(p, args);
           },
       .live = [&] { return lag ? "  " + show(lag->report()) : std::string{}; },
       .before_run = make_first,
       .closing = [&] { return lag ? show(lag->report()) : std::string{}; }});
}
