// SPDX-License-Identifier: BSD-3-Clause
// Avro with a schema registry that broker.py has started.
#include "kafka/sample.hpp"
#include "weir/codec/base64.hpp"
#include "weir/connectors/http/client.hpp"

#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <array>
#include <future>
#include <optional>
#include <utility>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

// One type in three versions, by one name.
namespace v1 {
struct sale {
  std::int32_t number = 0;
  std::string shop;
  timestamp at;

  friend bool operator==(const sale&, const sale&) = default;
};
BOOST_DESCRIBE_STRUCT(sale, (), (number, shop, at))
}  // namespace v1

namespace v2 {
struct sale {
  std::int64_t number = 0;
  std::string shop;
  std::chrono::sys_time<std::chrono::milliseconds> at;
  std::optional<std::string> clerk;
  std::string currency = "EUR";

  friend bool operator==(const sale&, const sale&) = default;
};
BOOST_DESCRIBE_STRUCT(sale, (), (number, shop, at, clerk, currency))
}  // namespace v2

// A member more that may be missing: an older type can read it, too.
namespace v3 {
struct sale {
  std::int32_t number = 0;
  std::string shop;
  timestamp at;
  std::optional<std::string> clerk;
};
BOOST_DESCRIBE_STRUCT(sale, (), (number, shop, at, clerk))
}  // namespace v3

struct stranger {
  double shop = 0;
};
BOOST_DESCRIBE_STRUCT(stranger, (), (shop))

/// The registry, or none; the case is then skipped and says so.
std::optional<kafka::schema_registry> registry() {
  if (std::getenv("WEIR_KAFKA_REGISTRY") == nullptr) {
    WARN("skipped: no schema registry; ./dev setup brings it");
    return {};
  }
  return kafka::schema_registry{.url = broker("REGISTRY")};
}

template <class T>
void write_avro(const std::string& topic, std::vector<T> events, const kafka::avro_values& how) {
  pipeline p{"writing"};
  p.from(memory_source{std::move(events)}).to(kafka::to_topic(quiet(), topic, how));
  run(std::move(p));
}

template <class T>
runtime reading(const std::string& topic, const kafka::avro_values& how, memory_sink<T> out) {
  pipeline p{"reading"};
  p.from(kafka::topic<T>(quiet(), topic, how, {.bounded = true})).to(out);
  return start(std::move(p));
}

template <class T>
std::vector<T> read_avro(const std::string& topic, const kafka::avro_values& how) {
  memory_sink<T> out;
  runtime running = reading<T>(topic, how, out);
  const auto done = running.wait();
  INFO((done.failure ? done.failure->message : ""));
  CHECK_FALSE(done.failure);
  CHECK(running.dead_letters().empty());
  return out.values();
}

template <class T>
std::string why_not_started(const std::string& topic, const kafka::avro_values& how) {
  pipeline p{"reading"};
  p.from(kafka::topic<T>(quiet(), topic, how, {.bounded = true})).to(memory_sink<T>{});
  auto started = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  return started ? "" : started.error().message;
}

std::string refusal_to_write(const std::string& topic, const kafka::avro_values& how) {
  pipeline p{"writing"};
  p.from(memory_source{std::vector<stranger>{stranger{}}}).to(kafka::to_topic(quiet(), topic, how));
  auto started = runtime::start(std::move(p), {.log = [](const std::string&) {}});
  if (!started) return started.error().message;
  const auto done = std::move(started).value().wait();
  return done.failure ? done.failure->message : "";
}

/// Whether a request was answered with success.
bool put(const std::string& server, const http::client_options& how, const std::string& path,
         const std::string& body) {
  http::client client{server, how, std::make_shared<thread_executor>()};
  std::promise<unsigned> status;
  client.send({"PUT", path, body, "application/json"},
              [&](const result<http::response>& r) { status.set_value(r ? r->status : 0); });
  return status.get_future().get() == 200;
}

/// Sets what the registry asks of a subject's next schema.
void set_compatibility(const kafka::schema_registry& at, const std::string& subject,
                       const std::string& level) {
  const std::size_t path = at.url.find('/', 8);
  REQUIRE(put(at.url.substr(0, path), {}, at.url.substr(path) + "/config/" + subject,
              R"({"compatibility":")" + level + R"("})"));
}

/// The same registry behind https and a login.
kafka::schema_registry guarded() {
  return {.url = broker("REGISTRY_FRONT"),
          .user = broker("USER"),
          .password = kafka::secret::from_environment("WEIR_KAFKA_PASSWORD"),
          .authorities = broker("DIRECTORY") + "/authority.pem"};
}

/// Has it give no proper answer to the next so many questions for a schema; until the end of a
/// test.
class away {
public:
  explicit away(int requests) { REQUIRE(send(requests)); }
  ~away() { send(0); }

private:
  static bool send(int requests) {
    const kafka::schema_registry at = guarded();
    const std::string login = at.user + ":" + at.password.reveal();
    http::client_options how;
    how.tls_authorities = at.authorities;
    std::string value = "Basic ";
    write_base64(as_bytes(login), value);
    how.headers.emplace_back("Authorization", std::move(value));
    return put(at.url, how, "/away/" + std::to_string(requests), "");
  }
};

std::string failure_of(runtime running) {
  const auto done = running.wait();
  return done.failure ? done.failure->message : "";
}

const std::vector<v1::sale> old_sales{{1, "north", timestamp{1'700'000'000'123'456us}},
                                      {2, "south", timestamp{1'700'000'001s}}};

}  // namespace

template <>
struct weir::avro::traits<v1::sale> {
  static constexpr std::string_view name = "shop.sale";
};
template <>
struct weir::avro::traits<v3::sale> {
  static constexpr std::string_view name = "shop.sale";
};
template <>
struct weir::avro::traits<v2::sale> {
  static constexpr std::string_view name = "shop.sale";
  static constexpr std::array defaults{std::string_view{"currency"}};
};

TEST_CASE("a newer type reads what an older one wrote by way of the registry, and both at once") {
  const auto at = registry();
  if (!at) return;
  const std::string topic = fresh_topic();
  set_compatibility(*at, topic + "-value", "BACKWARD");
  write_avro(topic, old_sales, kafka::avro(*at));
  CHECK(read_avro<v1::sale>(topic, kafka::avro(*at)) == old_sales);
  const std::vector<v2::sale> read{
      {1, "north", std::chrono::sys_time{1'700'000'000'123ms}, {}, "EUR"},
      {2, "south", std::chrono::sys_time{1'700'000'001'000ms}, {}, "EUR"}};
  CHECK(read_avro<v2::sale>(topic, kafka::avro(*at)) == read);
  const v2::sale newer{3, "east", std::chrono::sys_time{1'700'000'002'000ms}, "Ada", "USD"};
  write_avro<v2::sale>(topic, {newer}, kafka::avro(*at));
  CHECK(read_avro<v2::sale>(topic, kafka::avro(*at)) ==
        std::vector<v2::sale>{read[0], read[1], newer});
}

TEST_CASE("an older type reads what newer ones wrote beside its own") {
  const auto at = registry();
  if (!at) return;
  const std::string topic = fresh_topic();
  set_compatibility(*at, topic + "-value", "FULL");
  write_avro(topic, old_sales, kafka::avro(*at));
  write_avro<v3::sale>(topic, {{3, "east", timestamp{1'700'000'002s}, "Ada"}}, kafka::avro(*at));
  std::vector<v1::sale> all = old_sales;
  all.push_back({3, "east", timestamp{1'700'000'002s}});
  CHECK(read_avro<v1::sale>(topic, kafka::avro(*at)) == all);
  const auto newest = read_avro<v3::sale>(topic, kafka::avro(*at));
  REQUIRE(newest.size() == 3);
  CHECK_FALSE(newest[0].clerk);
  CHECK(newest[2].clerk == "Ada");
}

TEST_CASE("an older type whose numbers are narrower is refused what a newer one wrote") {
  const auto at = registry();
  if (!at) return;
  const std::string topic = fresh_topic();
  const v2::sale newer{7, "east", std::chrono::sys_time{1'700'000'002'000ms}, "Ada", "USD"};
  write_avro<v2::sale>(topic, {newer}, kafka::avro(*at));
  CHECK(read_avro<v2::sale>(topic, kafka::avro(*at)) == std::vector<v2::sale>{newer});
  CHECK_THAT(why_not_started<v1::sale>(topic, kafka::avro(*at)),
             ContainsSubstring("which can't be read as") &&
                 ContainsSubstring("number: a long can't be read as integer (int32)"));
}

TEST_CASE("records of a schema that is unknown or doesn't fit are dead letters with the reason") {
  const auto at = registry();
  if (!at) return;
  const std::string topic = fresh_topic();
  write_avro(topic, old_sales, kafka::avro(*at));
  write(topic, {std::string("\0\0\x98\x96\x80\0", 6), "text", ""});
  kafka::schema_registry anything = *at;
  anything.subject = topic + "-other";
  write_avro<stranger>(topic, {{2.5}}, kafka::avro(anything));
  memory_sink<v2::sale> out;
  runtime running = reading<v2::sale>(topic, kafka::avro(*at), out);
  CHECK_FALSE(running.wait().failure);
  CHECK(out.size() == 2);
  const auto letters = running.dead_letters();
  REQUIRE(letters.size() == 4);
  CHECK_THAT(letters[0].error, ContainsSubstring("there is no schema 10000000"));
  CHECK_THAT(letters[1].error, ContainsSubstring("not in Confluent's wire format: it has 4 bytes"));
  CHECK_THAT(letters[2].error, ContainsSubstring("it has 0 bytes"));
  CHECK_THAT(letters[3].error, ContainsSubstring("can't be read as 'v2::sale'") ||
                                   ContainsSubstring("shop: a double can't be read as string"));
}

TEST_CASE("a sink's schema that the registry calls incompatible is refused at the start") {
  const auto at = registry();
  if (!at) return;
  const std::string topic = fresh_topic();
  set_compatibility(*at, topic + "-value", "BACKWARD");
  write_avro(topic, old_sales, kafka::avro(*at));
  CHECK_THAT(refusal_to_write(topic, kafka::avro(*at)),
             ContainsSubstring("is not compatible with the newest one of '" + topic + "-value'"));
  kafka::schema_registry unregistered = *at;
  unregistered.register_schemas = false;
  CHECK_THAT(refusal_to_write(fresh_topic(), kafka::avro(unregistered)),
             ContainsSubstring("does not have this schema; register it"));
  write_avro(topic, old_sales, kafka::avro(unregistered));
  CHECK(read_avro<v1::sale>(topic, kafka::avro(*at)).size() == 4);
}

TEST_CASE("a registry that can't be reached is one line at the start, without its password") {
  kafka::schema_registry nobody{.url = "http://ada:sesame@127.0.0.1:1"};
  const std::string topic = fresh_topic();
  const std::string why = why_not_started<v1::sale>(topic, kafka::avro(nobody));
  CHECK_THAT(why, ContainsSubstring("schema registry http://127.0.0.1:1: "));
  CHECK(why.find("sesame") == std::string::npos);
  CHECK(why.find('\n') == std::string::npos);
  CHECK_THROWS_AS(kafka::avro({.url = "registry:8081"}), exception);
}

TEST_CASE("a registry may want https and a login") {
  if (!registry()) return;
  const std::string topic = fresh_topic();
  write_avro(topic, old_sales, kafka::avro(guarded()));
  CHECK(read_avro<v1::sale>(topic, kafka::avro(guarded())) == old_sales);
}

TEST_CASE("a registry's wrong password or unknown authority is one line, without the password") {
  if (!registry()) return;
  const std::string topic = fresh_topic();
  kafka::schema_registry wrong = guarded();
  wrong.password = kafka::secret::of("not-this-one");
  kafka::schema_registry unknown = guarded();
  unknown.authorities = broker("DIRECTORY") + "/client.crt";
  const auto [at, why] = GENERATE_COPY(std::pair{wrong, "the login is refused (HTTP 401)"},
                                       std::pair{unknown, "certificate"});
  const std::string line = why_not_started<v1::sale>(topic, kafka::avro(at));
  CHECK_THAT(line, ContainsSubstring("schema registry https://127.0.0.1:"));
  CHECK_THAT(line, ContainsSubstring(why));
  CHECK_THAT(refusal_to_write(topic, kafka::avro(at)), ContainsSubstring(why));
  CHECK(line.find("not-this-one") == std::string::npos);
  CHECK(line.find('\n') == std::string::npos);
}

TEST_CASE("a registry that is away for a moment holds the stream up, one that stays away ends it") {
  if (!registry()) return;
  const std::string topic = fresh_topic();
  write_avro(topic, old_sales, kafka::avro(guarded()));
  {
    const away for_a_moment{3};
    CHECK(read_avro<v1::sale>(topic, kafka::avro(guarded())) == old_sales);
    kafka::schema_registry impatient = guarded();
    impatient.patience = 0s;
    CHECK(read_avro<v1::sale>(topic, kafka::avro(impatient)) == old_sales);  // all three were asked
  }
  const away for_good{1'000'000};
  kafka::schema_registry impatient = guarded();
  impatient.patience = 300ms;
  memory_sink<v1::sale> out;
  const std::string why = failure_of(reading(topic, kafka::avro(impatient), out));
  CHECK_THAT(why, ContainsSubstring("back in a moment (HTTP 503)"));
  CHECK(out.size() == 0);
}

TEST_CASE("values in Avro without a registry are of one schema; tombstones and messages go along") {
  const std::string topic = fresh_topic();
  write_avro(topic, old_sales, kafka::plain_avro());
  pipeline p{"writing"};
  p.from(memory_source<std::optional<v1::sale>>({std::nullopt}))
      .to(kafka::to_topic(quiet(), topic, kafka::plain_avro()).key([](const auto&) { return 5; }));
  run(std::move(p));
  using event = kafka::message<std::optional<v2::sale>>;
  const auto got = read_avro<event>(topic, kafka::plain_avro(avro::schema_text<v1::sale>()));
  REQUIRE(got.size() == 3);
  CHECK(got[0].value->shop == "north");
  CHECK_FALSE(got[2].value);
  CHECK(got[2].key == "5");
  CHECK(read<bytes>(topic, {}).size() == 2);
}
