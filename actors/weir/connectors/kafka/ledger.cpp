// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/ledger.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace weir::kafka {

namespace {

/// "<run> <checkpoint> <parallelism> <slots>", with the run in hexadecimal.
std::string metadata_of(const epoch_rows& e) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, e.run, 16);
  return std::string(digits, end.ptr) + " " + std::to_string(e.checkpoint) + " " +
         std::to_string(e.parallelism) + " " + std::to_string(e.slots);
}

/// What does not stand there, in an entry of an earlier version, is 0.
ledger_entry entry_of(std::int64_t sequence, std::string_view metadata) {
  ledger_entry made{static_cast<std::uint64_t>(sequence)};
  const char* at = metadata.data();
  const char* end = at + metadata.size();
  const auto next = [&](auto& number, int base) {
    at = std::from_chars(at, end, number, base).ptr;
    if (at != end) ++at;
  };
  std::uint64_t checkpoint = 0;
  next(made.run, 16);
  next(checkpoint, 10);
  next(made.parallelism, 10);
  next(made.slots, 10);
  return made;
}

}  // namespace

std::string ledger_group(const std::string& base, std::uint32_t instance) {
  return base + "/" + std::to_string(instance);
}

std::string transaction_id(const std::string& base, std::uint32_t instance, std::uint32_t slot) {
  return ledger_group(base, instance) + "/" + std::to_string(slot);
}

result<ledger_entry> read_ledger(const cluster& at, const std::string& base, std::uint32_t instance,
                                 const std::string& topic, duration wait) {
  client_settings s{at};
  s.set("group.id", ledger_group(base, instance));
  s.set("enable.auto.commit", "false");
  s.set("isolation.level", "read_committed");  // asks for stable offsets
  client reader{RD_KAFKA_CONSUMER, std::move(s), at};
  const auto until = std::chrono::steady_clock::now() + wait;
  while (true) {
    const topic_list list = make_list();
    const auto* one = rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), 0);
    auto why = rd_kafka_committed(reader.get(), list.get(), 2000);
    reader.poll();
    if (why == RD_KAFKA_RESP_ERR_NO_ERROR) why = one->err;
    if (why == RD_KAFKA_RESP_ERR_NO_ERROR) {
      if (one->offset < 0) return ledger_entry{};
      const std::string_view text{static_cast<const char*>(one->metadata), one->metadata_size};
      return entry_of(one->offset, text);
    }
    const bool over = std::chrono::steady_clock::now() >= until;
    // librdkafka asks again by itself while offsets are not stable, until its time is over.
    if (over && (why == RD_KAFKA_RESP_ERR_UNSTABLE_OFFSET_COMMIT ||
                 (why == RD_KAFKA_RESP_ERR__TIMED_OUT && reader.reach(std::chrono::seconds{2}))))
      return error{errc::already_running, "kafka: a transaction of '" +
                                              ledger_group(base, instance) +
                                              "' is open, and nobody ends it"};
    if (why == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || reader.refused() || over)
      return reader.fail("the group '" + ledger_group(base, instance) + "' can't be read", why);
    std::this_thread::sleep_for(std::chrono::milliseconds{50});  // the brokers say no more
  }
}

error_handle enter(rd_kafka_t* producer, const epoch_rows& epoch, duration wait) {
  const topic_list list = make_list();
  auto* one = rd_kafka_topic_partition_list_add(list.get(), epoch.topic.c_str(), 0);
  one->offset = static_cast<std::int64_t>(epoch.sequence);
  const std::string metadata = metadata_of(epoch);
  one->metadata = std::malloc(metadata.size());  // librdkafka frees it
  one->metadata_size = metadata.size();
  metadata.copy(static_cast<char*>(one->metadata), metadata.size());
  const group_handle group{
      rd_kafka_consumer_group_metadata_new(ledger_group(epoch.base, epoch.instance).c_str())};
  return error_handle{
      rd_kafka_send_offsets_to_transaction(producer, list.get(), group.get(), millis(wait))};
}

}  // namespace weir::kafka
