// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "weir/connectors/kafka/ledger.hpp"
#include "weir/connectors/kafka/producer.hpp"
#include "weir/sink/sink.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace weir::kafka {

/// Rows in transactions, one a checkpoint. librdkafka's `init_transactions` aborts what a dead run
/// left open, so a transaction that was pre-committed does not survive a crash: the rows of an
/// epoch go into the checkpoint, too, and each transaction commits its number to a group of ours,
/// the ledger. Whoever is to commit an epoch whose transaction is gone reads that number, and
/// writes the rows again if it is not there. For one thread.
class transactions {
public:
  /// Fences earlier runs. Throws `weir::exception` where the setting or the cluster can't do this.
  transactions(const cluster& at, std::string topic, const sink_options& options,
               const sink_instance& place);
  transactions(const transactions&) = delete;
  transactions& operator=(const transactions&) = delete;
  /// Gives up what is being written; what waits for its checkpoint is left to whoever commits it.
  ~transactions();

  [[nodiscard]] taken add(const outgoing& record, error& why);
  void serve();
  [[nodiscard]] result<bytes> pre_commit(std::uint64_t checkpoint);
  [[nodiscard]] result<void> commit(std::span<const std::byte> committable);

private:
  /// One producer, and the transaction that it may have open.
  struct slot {
    enum class phase : std::uint8_t { closed, idle, filling, prepared };
    std::uint32_t number = 0;
    std::unique_ptr<producer> to{};
    phase at = phase::closed;
    std::uint64_t sequence = 0;  ///< Of a prepared one.
  };

  [[nodiscard]] duration timeout_for(const sink_instance& place) const;
  [[nodiscard]] std::unique_ptr<producer> open(const std::string& id, duration wait) const;
  void fence(std::uint32_t instance, std::uint32_t from, std::uint32_t to) const;
  [[nodiscard]] ledger_entry take_ledger(std::uint32_t instance, std::uint32_t fenced) const;
  void fence_former(std::uint32_t former) const;

  [[nodiscard]] slot* find(slot::phase p);
  [[nodiscard]] slot* free_slot();
  [[nodiscard]] bool begin();
  void drop(slot& s);
  [[nodiscard]] result<bool> prepare(slot& s, const epoch_rows& epoch);
  [[nodiscard]] bool finish(slot& s);
  [[nodiscard]] result<void> write_again(const epoch_rows& epoch);
  [[nodiscard]] result<bool> try_to_write(const epoch_rows& epoch);
  [[nodiscard]] bool own(const epoch_rows& epoch) const;

  cluster cluster_;
  std::string topic_;
  sink_options options_;
  std::string base_;
  std::uint32_t instance_;
  std::uint32_t parallelism_;
  duration wait_;  ///< For brokers that don't answer.
  duration timeout_{};
  std::uint64_t run_;
  std::uint64_t other_run_ = 0;  ///< Whose entry the ledger had last, if it was not ours.
  std::uint64_t sequence_ = 0;   ///< Of the last epoch with rows.
  std::vector<slot> slots_;
  bytes rows_;           ///< Of the epoch that is being written.
  bool broken_ = false;  ///< Its transaction is lost; the rows are written when it is committed.
};

}  // namespace weir::kafka
