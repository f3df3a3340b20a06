// SPDX-License-Identifier: BSD-3-Clause
#include "weir/connectors/kafka/ledger.hpp"

#include <charconv>
#include <cstdlib>
#include <string_view>
#include <thread>

namespace weir::kafka {

namespace {

/// "<run> <checkpoint>", with the run in hexadecimal.
std::string metadata_of(const epoch_rows& e) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, e.run, 16);
  return std::string(digits, end.ptr) + " " + std::to_string(e.checkpoint);
}

std::uint64_t run_in(std::string_view metadata) {
  std::uint64_t run = 0;
  std::from_chars(metadata.data(), metadata.data() + metadata.size(), run, 16);
  return run;
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
      return ledger_entry{static_cast<std::uint64_t>(one->offset), run_in(text)};
    }
    if (why == RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED || reader.refused() ||
        std::chrono::steady_clock::now() >= until)
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
