// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/client.hpp"

#include "weir/connectors/kafka/embedded.hpp"

#include <algorithm>
#include <array>
#include <future>
#include <string_view>
#include <thread>
#include <utility>

namespace weir::kafka {

namespace {

/// Set by Weir: another value would break what its documentation promises.
constexpr std::array own_settings{
    std::string_view{"bootstrap.servers"}, std::string_view{"enable.auto.commit"},
    std::string_view{"enable.auto.offset.store"}, std::string_view{"enable.partition.eof"},
    std::string_view{"auto.offset.reset"}, std::string_view{"transactional.id"},
    std::string_view{"enable.idempotence"}, std::string_view{"test.mock.num.brokers"},
    std::string_view{"delivery.report.only.error"}, std::string_view{"isolation.level"},
    std::string_view{"group.id"}, std::string_view{"batch.size"},
    std::string_view{"transaction.timeout.ms"}, std::string_view{"message.max.bytes"},
    std::string_view{"queue.buffering.max.ms"}, std::string_view{"queue.buffering.max.kbytes"},
    std::string_view{"compression.codec"}, std::string_view{"message.timeout.ms"},
    std::string_view{"queued.max.messages.kbytes"}, std::string_view{"allow.auto.create.topics"},
    std::string_view{"partition.assignment.strategy"}, std::string_view{"queued.min.messages"},
    std::string_view{"fetch.message.max.bytes"},
    std::string_view{"topic.metadata.refresh.interval.ms"},
    std::string_view{"queue.buffering.max.messages"},
    // other names of these
    std::string_view{"max.partition.fetch.bytes"}, std::string_view{"metadata.broker.list"},
    std::string_view{"linger.ms"}, std::string_view{"compression.type"},
    std::string_view{"delivery.timeout.ms"}};

/// Set where `security_options` say something: what they don't know may be set by properties.
bool is_set_by(const security_options& s, std::string_view name) {
  if (name == "security.protocol") return s.tls || !s.mechanism.empty();
  if (name == "sasl.mechanism" || name == "sasl.mechanisms" || name == "sasl.username" ||
      name == "sasl.password")
    return !s.mechanism.empty();
  if (name == "ssl.certificate.location") return !s.certificate.empty();
  if (name == "ssl.key.location") return !s.key.empty();
  if (name == "ssl.key.password") return !s.key_password.empty();
  return name == "ssl.ca.location" && !s.authorities.empty();
}

const char* protocol_of(const security_options& s) {
  if (s.mechanism.empty()) return s.tls ? "ssl" : "plaintext";
  return s.tls ? "sasl_ssl" : "sasl_plaintext";
}

void set_security(client_settings& to, const security_options& s) {
  to.set("security.protocol", protocol_of(s));
  const auto set = [&](const char* name, const std::string& value) {
    if (!value.empty()) to.set(name, value);
  };
  set("sasl.mechanism", s.mechanism);
  set("sasl.username", s.user);
  set("sasl.password", s.password.reveal());
  set("ssl.ca.location", s.authorities);
  set("ssl.certificate.location", s.certificate);
  set("ssl.key.location", s.key);
  set("ssl.key.password", s.key_password.reveal());
  if (s.tls) to.set("ssl.endpoint.identification.algorithm", s.check_host ? "https" : "none");
}

bool final_error(int err) {
  return err == RD_KAFKA_RESP_ERR__AUTHENTICATION || err == RD_KAFKA_RESP_ERR__SSL ||
         err == RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED ||
         err == RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM;
}

/// Whether sending the record again may help.
bool is_passing(rd_kafka_resp_err_t why) {
  switch (why) {
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TIMED_OUT:
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__PURGE_QUEUE:
    case RD_KAFKA_RESP_ERR__PURGE_INFLIGHT:
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__FENCED:
    case RD_KAFKA_RESP_ERR_PRODUCER_FENCED:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH:
    case RD_KAFKA_RESP_ERR_INVALID_PRODUCER_ID_MAPPING:
    case RD_KAFKA_RESP_ERR_INVALID_TXN_STATE:
    case RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID:
    case RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER:
    case RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT:
      return true;
    default:
      return false;
  }
}

}  // namespace

bool gone_for_good(rd_kafka_resp_err_t why) {
  switch (why) {
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
    case RD_KAFKA_RESP_ERR__BAD_MSG:
    case RD_KAFKA_RESP_ERR__BAD_COMPRESSION:
    case RD_KAFKA_RESP_ERR__FATAL:
      return true;
    default:
      return false;
  }
}

client_settings::client_settings(const cluster& at) : conf_(rd_kafka_conf_new()) {
  try {
    set("client.id", "weir");
    set("bootstrap.servers", at.brokers == embedded_brokers ? embedded_address() : at.brokers);
    set_security(*this, at.security);
    for (const auto& [name, value] : at.properties) {
      if (std::find(own_settings.begin(), own_settings.end(), name) != own_settings.end() ||
          is_set_by(at.security, name))
        throw exception({errc::invalid_argument,
                         "kafka: the property '" + name + "' is set by Weir; leave it out"});
      set(name.c_str(), value);
    }
  } catch (...) {
    rd_kafka_conf_destroy(conf_);
    throw;
  }
}

client_settings::~client_settings() {
  if (conf_ != nullptr) rd_kafka_conf_destroy(conf_);
}

void client_settings::set(const char* name, const std::string& value) {
  std::array<char, 512> why{};
  const auto done = rd_kafka_conf_set(conf_, name, value.c_str(), why.data(), why.size());
  if (done == RD_KAFKA_CONF_OK) return;
  std::string text = "kafka: the property '" + std::string{name} + "'";
  if (done == RD_KAFKA_CONF_UNKNOWN)
    text += " is not known to this librdkafka";
  else if (std::string_view{name}.find("password") == std::string_view::npos)
    text += " can't be set: " + std::string{why.data()};
  else
    text += " can't be set";
  throw exception({errc::invalid_argument, text});
}

void client_settings::set_if_known(const char* name, const std::string& value) {
  rd_kafka_conf_set(conf_, name, value.c_str(), nullptr, 0);
}

client::client(rd_kafka_type_t type, client_settings settings, const cluster& at)
    : brokers_(at.brokers), log_(at.log) {
  rd_kafka_conf_set_opaque(settings.get(), this);
  rd_kafka_conf_set_error_cb(settings.get(), on_error);
  rd_kafka_conf_set_log_cb(settings.get(), on_log);
  if (type == RD_KAFKA_PRODUCER) rd_kafka_conf_set_dr_msg_cb(settings.get(), on_delivery);
  std::array<char, 512> why{};
  rk_ = rd_kafka_new(type, settings.get(), why.data(), why.size());
  if (rk_ == nullptr) throw exception(fail(errc::invalid_argument, why.data()));
  (void)settings.release();  // librdkafka has it now
}

/// A consumer that librdkafka does not bring to an end, for which there are several reasons, is not
/// waited for for ever, and then left behind.
client::~client() {
  if (rd_kafka_type(rk_) == RD_KAFKA_PRODUCER) {
    rd_kafka_destroy(rk_);
    return;
  }
  std::promise<void> ended;
  std::future<void> end = ended.get_future();
  std::thread{[rk = rk_, ended = std::move(ended)]() mutable {
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    ended.set_value();
  }}.detach();
  end.wait_for(std::chrono::seconds{3});
}

void client::poll(duration wait) { rd_kafka_poll(rk_, millis(wait)); }

void client::on_error(rd_kafka_t*, int err, const char* reason, void* self) {
  auto& me = *static_cast<client*>(self);
  if (final_error(err)) me.refused_ = me.fail(errc::io_failed, reason);
  if (err != RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN) {
    me.last_reason_ = reason;
    return;
  }
  if (me.away_ || !me.reached_) return;
  me.away_ = true;
  if (me.log_) me.log_(me.fail(errc::io_failed, "out of reach: " + me.last_reason_).message);
}

/// Its lines repeat what `on_error` is told.
void client::on_log(const rd_kafka_t*, int, const char*, const char*) {}

void client::on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self) {
  auto& me = *static_cast<client*>(self);
  if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (me.away_) me.note_answer();
  } else if (!me.undelivered_) {
    me.unwanted_ = !is_passing(m->err);
    me.undelivered_ = me.fail(
        "a record for the topic '" + std::string{rd_kafka_topic_name(m->rkt)} + "' was not taken",
        m->err);
  }
}

void client::rebalanced(rd_kafka_t*, rd_kafka_resp_err_t what,
                        rd_kafka_topic_partition_list_t* partitions, void* self) {
  const auto& me = *static_cast<client*>(self);
  if (me.on_rebalance_) me.on_rebalance_(what, partitions);
}

void client::note_answer() {
  reached_ = true;
  if (std::exchange(away_, false) && log_) log_("kafka " + brokers_ + ": reached again");
}

std::optional<error> client::refused() const { return refused_; }

result<void> client::reach(duration within) {
  using namespace std::chrono_literals;
  const auto until = std::chrono::steady_clock::now() + within;
  while (true) {
    const auto left =
        std::chrono::duration_cast<duration>(until - std::chrono::steady_clock::now());
    const rd_kafka_metadata_t* found = nullptr;
    const auto why =
        rd_kafka_metadata(rk_, 0, nullptr, &found, millis(std::clamp<duration>(left, 1ms, 500ms)));
    poll();
    if (why == RD_KAFKA_RESP_ERR_NO_ERROR) {
      rd_kafka_metadata_destroy(found);
      note_answer();
      return {};
    }
    if (refused_) return *refused_;
    if (left > duration{0}) continue;
    const std::string reason = last_reason_.empty() ? rd_kafka_err2str(why) : last_reason_;
    return fail(errc::io_failed, "no broker answers: " + reason);
  }
}

error client::fail(errc code, const std::string& what) const {
  return {code, "kafka " + brokers_ + ": " + what};
}
error client::fail(const std::string& what, rd_kafka_resp_err_t why) const {
  return fail(errc::io_failed, what + ": " + rd_kafka_err2str(why));
}

}  // namespace weir::kafka
