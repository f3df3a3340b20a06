// SPDX-License-Identifier: BSD-3-Clause
#include "kafka/sample.hpp"
#include "support/temporary_directory.hpp"

#include <catch2/generators/catch_generators.hpp>
#include <catch2/matchers/catch_matchers_string.hpp>

#include <fstream>

using namespace weir;
using namespace weir::test;
using namespace std::chrono_literals;
using Catch::Matchers::ContainsSubstring;

namespace {

std::string file_of_broker(const char* name) { return broker("DIRECTORY") + "/" + name; }

kafka::cluster at(const char* which, const char* mechanism, bool tls) {
  kafka::cluster c = quiet(broker(which));
  c.security.tls = tls;
  if (tls) c.security.authorities = file_of_broker("authority.pem");
  c.security.mechanism = mechanism;
  if (*mechanism == '\0') return c;
  c.security.user = broker("USER");
  c.security.password = kafka::secret::from_environment("WEIR_KAFKA_PASSWORD");
  return c;
}

void goes_through(const kafka::cluster& c) {
  const std::string topic = fresh_topic();
  write(topic, {"seen"}, c);
  CHECK(read<std::string>(topic, {}, c) == std::vector<std::string>{"seen"});
}

std::string refusal(const kafka::cluster& c) {
  const auto made = kafka::make_topic(c, "any", 1);
  return made ? "" : made.error().message;
}

}  // namespace

TEST_CASE("logins are by PLAIN or SCRAM, with TLS or without") {
  const char* mechanism = GENERATE("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512");
  CAPTURE(mechanism);
  goes_through(at("SASL", mechanism, false));
  goes_through(at("SASL_TLS", mechanism, true));
}

TEST_CASE("TLS knows the broker by its authority, and the broker us by a certificate") {
  goes_through(at("TLS", "", true));
  kafka::cluster mutual = at("MUTUAL_TLS", "", true);
  mutual.connect_timeout = 3s;
  CHECK_FALSE(refusal(mutual).empty());
  mutual.security.certificate = file_of_broker("client.crt");
  mutual.security.key = file_of_broker("client.key");
  goes_through(mutual);
}

TEST_CASE("a broker of an unknown authority is refused at once") {
  kafka::cluster c = at("TLS", "", true);
  c.security.authorities = file_of_broker("client.crt");
  const auto began = std::chrono::steady_clock::now();
  CHECK_THAT(refusal(c), ContainsSubstring("certificate"));
  CHECK(std::chrono::steady_clock::now() - began < 7s);
}

TEST_CASE("a wrong password is one line at once, without the password") {
  kafka::cluster c = at("SASL", "PLAIN", false);
  c.security.password = kafka::secret::of("not-this-one");
  const auto began = std::chrono::steady_clock::now();
  const std::string why = refusal(c);
  CHECK_THAT(why, ContainsSubstring("uthentication failed"));
  CHECK_THAT(why, !ContainsSubstring("not-this-one"));
  CHECK(std::chrono::steady_clock::now() - began < 7s);
}

TEST_CASE("secrets come from the environment or a file, and errors name only these") {
  const temporary_directory work;
  std::ofstream{work / "secret"} << "open-sesame\n";
  CHECK(kafka::secret::from_file(work / "secret").reveal() == "open-sesame");
  CHECK(kafka::secret::from_environment("WEIR_KAFKA_PASSWORD").reveal() == broker("PASSWORD"));
  CHECK(kafka::secret{}.empty());
  kafka::cluster c = at("SASL", "PLAIN", false);
  c.security.password = kafka::secret::from_environment("NO_SUCH_VARIABLE");
  CHECK_THROWS_WITH(kafka::make_topic(c, "any", 1).value(), ContainsSubstring("NO_SUCH_VARIABLE"));
  c.security.password = kafka::secret::from_file(work / "none");
  CHECK_THROWS_WITH(kafka::make_topic(c, "any", 1).value(), ContainsSubstring("none"));
}

TEST_CASE("properties that Weir sets are refused, and unknown ones named") {
  kafka::cluster c = quiet();
  c.properties = {{"enable.auto.commit", "true"}};
  CHECK_THROWS_WITH(kafka::make_topic(c, "any", 1).value(), ContainsSubstring("is set by Weir"));
  for (const char* name : {"isolation.level", "linger.ms", "metadata.broker.list"}) {
    c.properties = {{name, "1"}};
    CHECK_THROWS_WITH(kafka::make_topic(c, "any", 1).value(), ContainsSubstring("is set by Weir"));
  }
  kafka::cluster login = at("SASL", "PLAIN", false);
  login.properties = {{"sasl.password", "another"}};
  CHECK_THROWS_WITH(kafka::make_topic(login, "any", 1).value(),
                    ContainsSubstring("is set by Weir") && !ContainsSubstring("another"));
  c.properties = {{"no.such.thing", "1"}};
  CHECK_THROWS_WITH(kafka::make_topic(c, "any", 1).value(), ContainsSubstring("'no.such.thing'"));
  c.properties = {{"socket.keepalive.enable", "true"}};
  CHECK(kafka::make_topic(c, fresh_topic(), 1));
}
