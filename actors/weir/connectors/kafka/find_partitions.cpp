// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/client.hpp"
#include "weir/connectors/kafka/consumer.hpp"
#include "weir/connectors/kafka/embedded.hpp"

#include <algorithm>
#include <regex>
#include <utility>

namespace weir::kafka {

bool fits_topic(const std::string& name_or_expression, const std::string& topic) try {
  if (!name_or_expression.starts_with('^')) return topic == name_or_expression;
  return std::regex_match(topic, std::regex{name_or_expression});
} catch (const std::regex_error&) {
  return false;  // is told where the source is made
}

namespace {

/// Finds partitions by the cluster's metadata, over a connection that is kept.
class partition_finder final : public source_enumerator {
public:
  partition_finder(cluster at, std::string topic, duration again,
                   std::shared_ptr<std::atomic<bool>> began)
      : at_(std::move(at)), topic_(std::move(topic)), again_(again), began_(std::move(began)) {
    if (!topic_.starts_with('^')) return;
    try {
      pattern_.emplace(topic_);
    } catch (const std::regex_error& e) {
      throw exception({errc::invalid_argument,
                       "kafka: '" + topic_ + "' is no regular expression: " + e.what()});
    }
  }

  result<std::vector<split>> discover() override try {
    // A restart while the brokers are away waits for them: they were there when it began. A search
    // for further partitions is repeated anyway.
    duration patience = at_.connect_timeout;
    if (*began_) patience = client_ ? std::chrono::seconds{1} : std::chrono::seconds{30};
    if (!client_) connect();
    if (auto reached = client_->reach(patience); !reached) return reached.error();
    auto found = find();
    if (found) *began_ = true;
    return found;
  } catch (const exception& e) {
    return e.why();
  }

  [[nodiscard]] duration find_again_every() const override { return again_; }

private:
  void connect() {
    client_settings settings{at_};
    if (at_.brokers == embedded_brokers) settings.set("allow.auto.create.topics", "true");
    client_.emplace(RD_KAFKA_CONSUMER, std::move(settings), at_);
  }

  result<std::vector<split>> find() {
    rd_kafka_topic_t* one =
        pattern_ ? nullptr : rd_kafka_topic_new(client_->get(), topic_.c_str(), nullptr);
    const rd_kafka_metadata_t* all = nullptr;
    const auto why =
        rd_kafka_metadata(client_->get(), pattern_ ? 1 : 0, one, &all, millis(at_.connect_timeout));
    if (one != nullptr) rd_kafka_topic_destroy(one);
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR)
      return client_->fail("the topic '" + topic_ + "' can't be looked up", why);
    auto found = splits_in(*all);
    rd_kafka_metadata_destroy(all);
    return found;
  }

  result<std::vector<split>> splits_in(const rd_kafka_metadata_t& all) const {
    std::vector<split> found;
    rd_kafka_resp_err_t why = RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    for (int t = 0; t < all.topic_cnt; ++t) {
      const rd_kafka_metadata_topic& topic = all.topics[t];
      const std::string name = topic.topic;
      if (pattern_ ? !std::regex_match(name, *pattern_) : name != topic_) continue;
      why = topic.err;
      for (int p = 0; p < topic.partition_cnt; ++p)
        found.push_back({split_of(name, topic.partitions[p].id)});
    }
    if (!found.empty()) return found;
    if (pattern_) return client_->fail(errc::not_found, "no topic fits '" + topic_ + "'");
    if (why == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
      return client_->fail(errc::not_found, "there is no topic '" + topic_ + "'");
    return client_->fail("the topic '" + topic_ + "' can't be read", why);
  }

  cluster at_;
  std::string topic_;
  duration again_;
  std::shared_ptr<std::atomic<bool>> began_;
  std::optional<std::regex> pattern_;
  std::optional<client> client_;
};

}  // namespace

std::unique_ptr<source_enumerator> make_enumerator(const cluster& at, const std::string& topic,
                                                   const source_options& options,
                                                   std::shared_ptr<std::atomic<bool>> began) {
  const duration again = options.bounded ? duration{0} : options.find_interval;
  return std::make_unique<partition_finder>(at, topic, again, std::move(began));
}

}  // namespace weir::kafka
