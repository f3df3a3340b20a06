// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/cluster.hpp"
#include "weir/core/clock.hpp"

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace weir::kafka {

/// The settings of a client while they are put together. Errors name the setting, never its value.
class client_settings {
public:
  /// Addresses, security and the user's own properties.
  explicit client_settings(const cluster& at);
  client_settings(client_settings&& other) noexcept : conf_(std::exchange(other.conf_, nullptr)) {}
  client_settings& operator=(client_settings&&) = delete;
  ~client_settings();

  /// Throws `weir::exception`.
  void set(const char* name, const std::string& value);
  void set(const char* name, std::int64_t value) { set(name, std::to_string(value)); }
  void set(const char* name, const char* value) { set(name, std::string{value}); }
  /// For a setting that not every librdkafka has.
  void set_if_known(const char* name, const std::string& value);

  [[nodiscard]] rd_kafka_conf_t* get() const noexcept { return conf_; }
  [[nodiscard]] rd_kafka_conf_t* release() noexcept { return std::exchange(conf_, nullptr); }

private:
  rd_kafka_conf_t* conf_;
};

/// One client of librdkafka, with what is known about its connections. Its callbacks run in the
/// thread that polls it.
class client {
public:
  client(rd_kafka_type_t type, client_settings settings, const cluster& at);
  client(const client&) = delete;
  client& operator=(const client&) = delete;
  ~client();

  [[nodiscard]] rd_kafka_t* get() const noexcept { return rk_; }
  /// Called, while it is polled, with what a group deals to a consumer that was made for this.
  using rebalance_function =
      std::function<void(rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions)>;
  void on_rebalance(rebalance_function f) { on_rebalance_ = std::move(f); }
  /// For its settings: has it call that.
  static void rebalanced(rd_kafka_t*, rd_kafka_resp_err_t what,
                         rd_kafka_topic_partition_list_t* partitions, void* self);
  /// Handles what librdkafka has to say; waits for something for at most `wait`.
  void poll(duration wait = duration{0});

  /// Waits until a broker has answered. An error is one line that says which brokers and why.
  [[nodiscard]] result<void> reach(duration within);
  /// No broker can be reached, since `away` was last called with false. One that answers makes it
  /// false: `note_answer`.
  [[nodiscard]] bool away() const noexcept { return away_; }
  void note_answer();
  /// What no time will heal: a wrong password, an unknown certificate.
  [[nodiscard]] std::optional<error> refused() const;
  /// The first record that could not be delivered for good, with why.
  [[nodiscard]] const std::optional<error>& undelivered() const noexcept { return undelivered_; }
  /// Whether it is the record that the broker does not want, and not the connection or transaction.
  [[nodiscard]] bool unwanted() const noexcept { return unwanted_; }
  void forget_undelivered() noexcept { undelivered_.reset(); }

  /// `error` for what librdkafka answered, beginning with the brokers' names.
  [[nodiscard]] error fail(errc code, const std::string& what) const;
  [[nodiscard]] error fail(const std::string& what, rd_kafka_resp_err_t why) const;

private:
  static void on_error(rd_kafka_t*, int err, const char* reason, void* self);
  static void on_log(const rd_kafka_t*, int level, const char*, const char*);
  static void on_delivery(rd_kafka_t*, const rd_kafka_message_t* m, void* self);

  rebalance_function on_rebalance_;
  std::string brokers_;
  net::log_function log_;
  rd_kafka_t* rk_ = nullptr;
  bool away_ = false;
  bool reached_ = false;
  std::string last_reason_;
  std::optional<error> refused_;
  std::optional<error> undelivered_;
  bool unwanted_ = false;
};

/// Whether no time will make a partition readable again.
[[nodiscard]] bool gone_for_good(rd_kafka_resp_err_t why);

/// Owns what librdkafka hands out.
template <auto Destroy>
struct destroyer {
  template <class T>
  void operator()(T* p) const noexcept {
    Destroy(p);
  }
};
using topic_list = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   destroyer<rd_kafka_topic_partition_list_destroy>>;
using error_handle = std::unique_ptr<rd_kafka_error_t, destroyer<rd_kafka_error_destroy>>;
using topic_handle = std::unique_ptr<rd_kafka_topic_t, destroyer<rd_kafka_topic_destroy>>;
using queue_handle = std::unique_ptr<rd_kafka_queue_t, destroyer<rd_kafka_queue_destroy>>;
using group_handle = std::unique_ptr<rd_kafka_consumer_group_metadata_t,
                                     destroyer<rd_kafka_consumer_group_metadata_destroy>>;

[[nodiscard]] inline topic_list make_list(int n = 1) {
  return topic_list{rd_kafka_topic_partition_list_new(n)};
}
[[nodiscard]] inline int millis(duration d) {
  return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(d).count());
}

}  // namespace weir::kafka
